// A library that registers nothing.
int worker_test_empty_module() {
  return 0;
}
