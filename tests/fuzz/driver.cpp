// libFuzzer's way into one target, whose name the build gives.
#include <cstddef>
#include <cstdint>
#include <cstdio>

#include "fuzz/target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    gangway::fuzz::GANGWAY_FUZZ_TARGET(std::as_bytes(std::span{data, size}));
  } catch (const gangway::fuzz::Broken& broken) {
    std::fprintf(stderr, "broken: %s\n", broken.what.c_str());
    __builtin_trap();
  }
  return 0;
}
