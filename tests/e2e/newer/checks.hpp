// What the clients of the newer distribution check with. It needs nothing that is new there: what includes it may be
// sent to the cluster.
#pragma once

#include <gangway/gangway.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>

inline void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "wrong: %s\n", what);
  std::exit(1);
}

/// Sees that the cluster refuses the module of `function`, since its hosts lack `version` of `library`.
template <auto Function, class... Arguments>
void require_refusal(const gangway::Client& client, const std::string& version, const std::string& library,
                     const Arguments&... arguments) {
  std::string text;
  try {
    static_cast<void>(client.balanced().apply(gangway::fn<Function>, arguments...).get());
  } catch (const gangway::RemoteError& error) {
    text = error.what();
  }
  std::printf("refused: %s\n", text.c_str());
  require(text.find("it was built on a newer system and needs " + version) != std::string::npos, "why it is refused");
  require(text.find(" of " + library) != std::string::npos, "whose version it is");
  require(text.find("gangway build DIR") != std::string::npos, "the way out");
}
