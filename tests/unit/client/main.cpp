// The program is in the library client_test-code.
int run_client_tests(int argc, char** argv);

int main(int argc, char** argv) {
  return run_client_tests(argc, argv);
}
