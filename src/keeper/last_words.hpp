// What a dying worker leaves behind in the channel, written by its signal handler and read by the rank afterwards.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

namespace gangway::keeper {

/// The signal, the address that was touched (0 if the signal has none), and whether the stack had run out.
struct LastWords {
  int signal = 0;
  std::uint64_t fault_address = 0;
  bool stack_overflow = false;

  friend bool operator==(const LastWords&, const LastWords&) = default;
};

/// The place for them, in shared memory.
class LastWordsArea {
 public:
  /// Async-signal-safe. Only the first call counts: later signals are consequences.
  void write(const LastWords& words) noexcept {
    std::uint32_t empty = state_empty;
    if (!state_.compare_exchange_strong(empty, state_writing)) return;
    signal_.store(words.signal);
    fault_address_.store(words.fault_address);
    stack_overflow_.store(words.stack_overflow ? 1 : 0);
    state_.store(state_written);
  }

  /// Nothing if none were written to the end.
  [[nodiscard]] std::optional<LastWords> read() const {
    if (state_.load() != state_written) return std::nullopt;
    return LastWords{signal_.load(), fault_address_.load(), stack_overflow_.load() != 0};
  }

 private:
  static constexpr std::uint32_t state_empty = 0;
  static constexpr std::uint32_t state_writing = 1;
  static constexpr std::uint32_t state_written = 2;

  std::atomic<std::uint32_t> state_;
  std::atomic<std::int32_t> signal_;
  std::atomic<std::uint32_t> stack_overflow_;
  std::atomic<std::uint64_t> fault_address_;
};

static_assert(std::atomic<std::uint64_t>::is_always_lock_free, "a signal handler may not take a lock");

}  // namespace gangway::keeper
