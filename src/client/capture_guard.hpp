// Lambdas send what they capture as bytes. A reference or a pointer among them is an address of this process; this
// finds most of them, before a task reads or writes there at an engine.
//
// It is a heuristic: a word that lies in mapped memory is taken for an address. Words below 4 GiB, which are rather
// numbers, and addresses that are not aligned escape it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "base/bytes.hpp"

namespace gangway::client {

/// One thread at a time.
class CaptureGuard {
 public:
  /// Which of the 8-byte words of a closure is an address; nothing if none is.
  std::optional<std::size_t> address_in(base::ByteView closure);

 private:
  using Clock = std::chrono::steady_clock;

  [[nodiscard]] bool is_mapped(std::uintptr_t address) const;

  std::vector<std::pair<std::uintptr_t, std::uintptr_t>> ranges_;  // [begin, end), rising
  Clock::time_point read_{};
};

}  // namespace gangway::client
