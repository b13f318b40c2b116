// What a gateway tells its clients of its journal.
#pragma once

#include <string>
#include <tuple>

namespace gangway::wire {

/// Why the gateway's journal cannot be written at the moment; empty: it can be again. Sent unasked when that changes,
/// and every few seconds while it lasts.
struct JournalState {
  std::string trouble;

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.trouble);
  }
  friend bool operator==(const JournalState&, const JournalState&) = default;
};

}  // namespace gangway::wire
