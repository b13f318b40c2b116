// What a library needs that is not found where it is loaded.
int dependency() {
  return 1;
}
