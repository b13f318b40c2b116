// gangway-finish LIBRARY: the last step of gangway_add_program(), behind the linker. The library may refer to
// functions that are only declared, if it does no more with them than to call them at engines.
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <span>
#include <string>

#include "base/bytes.hpp"
#include "code/declared.hpp"

namespace {

int failed(const std::string& reason) {
  std::cerr << "gangway-finish: " << reason << '\n';
  return EXIT_FAILURE;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return failed("name one shared library; gangway_add_program() does it");
  const std::string path = argv[1];
  std::fstream file{path, std::ios::binary | std::ios::in | std::ios::out};
  std::string content{std::istreambuf_iterator<char>{file}, {}};
  if (!file) return failed("cannot read and write " + path);
  const auto weakened = gangway::code::weaken_declared(std::as_writable_bytes(std::span{content}));
  if (!weakened) return failed(path + ": " + weakened.fault().text);
  if (weakened.value() == 0) return EXIT_SUCCESS;
  file.seekp(0);
  file << content;
  return file.flush() ? EXIT_SUCCESS : failed("cannot write " + path);
}
