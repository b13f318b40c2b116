// Code that reads bytes of strangers, each as a function from any bytes: libFuzzer runs one of them for as long as
// one likes (driver.cpp), the replay runs all of them over the corpus and seeded mutations of it in every test run
// (replay_test.cpp). Beside what sanitizers see, each target checks what must hold for every input.
#pragma once

#include <string>

#include "base/bytes.hpp"

namespace gangway::fuzz {

/// Throws Broken if what must hold does not.
using Target = void (*)(base::ByteView input);

void client_message(base::ByteView input);   // a gateway reads it, from a client
void gateway_message(base::ByteView input);  // a client reads it
void link_message(base::ByteView input);     // a rank reads it, head and bulk apart
void worker_message(base::ByteView input);   // a rank or a worker reads it
void frame(base::ByteView input);            // both ends of a TLS connection read it, in any pieces
void operation(base::ByteView input);        // an engine reads it: operations and values
void archive(base::ByteView input);          // a worker or a client reads it: arguments and results

/// What had to hold for an input.
struct Broken {
  std::string what;
};

inline void require(bool holds, const char* what) {
  if (!holds) throw Broken{what};
}

/// The next byte of the input, which gets shorter; 0 at its end.
inline unsigned take_byte(base::ByteView& input) {
  if (input.empty()) return 0;
  const auto byte = std::to_integer<unsigned>(input.front());
  input = input.subspan(1);
  return byte;
}

}  // namespace gangway::fuzz
