#include "keeper/channel.hpp"

#include <fcntl.h>
#include <linux/futex.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <ctime>

#include "base/check.hpp"

namespace gangway::keeper {

// How nobody oversleeps. A sleeper first says that it sleeps, then looks once more, then sleeps. Its partner first
// publishes, then looks whether it sleeps, then wakes it. All of that is sequentially consistent, so one of the
// two sees the other.
struct ChannelMemory {
  alignas(64) std::atomic<std::uint32_t> worker_waits;  // futex: one of the wait_* below
  alignas(64) std::atomic<std::uint32_t> rank_sleeps;
  std::atomic<std::uint32_t> rank_wants_room;
  std::atomic<std::uint32_t> closed;
  LastWordsArea last_words;
  RingMemory to_worker;
  RingMemory to_rank;
};

namespace {

constexpr std::uint32_t wait_none = 0;
constexpr std::uint32_t wait_message = 1;
constexpr std::uint32_t wait_room = 2;

// A wake-up is lost only if user code writes over the futex; then this ends the wait.
constexpr timespec futex_wait_max{.tv_sec = 1, .tv_nsec = 0};

void futex_wait(std::atomic<std::uint32_t>& word, std::uint32_t while_value) {
  ::syscall(SYS_futex, &word, FUTEX_WAIT, while_value, &futex_wait_max, nullptr, 0);
}

void futex_wake(std::atomic<std::uint32_t>& word) {
  ::syscall(SYS_futex, &word, FUTEX_WAKE, 1, nullptr, nullptr, 0);
}

void wake_worker_waiting_for(ChannelMemory& memory, std::uint32_t reason) {
  std::uint32_t waits = memory.worker_waits.load();
  if (waits == reason && memory.worker_waits.compare_exchange_strong(waits, wait_none)) {
    futex_wake(memory.worker_waits);
  }
}

void pause_cpu() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#else
  std::atomic_signal_fence(std::memory_order_seq_cst);
#endif
}

std::optional<ChannelMessage> message_of(std::optional<RingReader::Entry> entry) {
  if (!entry) return std::nullopt;
  return ChannelMessage{.number = entry->number, .body = base::SharedBytes{std::move(entry->body)}};
}

base::Result<Mapping> map_channel(const ChannelDescriptors& descriptors) {
  struct stat status {};
  if (::fstat(descriptors.memory.get(), &status) != 0) return os::system_fault("cannot open a worker's channel");
  if (status.st_size != sizeof(ChannelMemory)) {
    return base::Fault{"a worker's channel has the wrong size: are gangway's programs of one version?"};
  }
  return Mapping::map(descriptors.memory.get(), sizeof(ChannelMemory), 0);
}

void check_size(const wire::EncodedMessage& message) {
  GANGWAY_CHECK(message.body_bytes() <= channel_message_bytes_max,
                "a message too large for the channel: its large bytes belong into the arena");
}

}  // namespace

base::Result<ChannelDescriptors> ChannelDescriptors::create() {
  ChannelDescriptors made{
      .memory = os::Descriptor{::memfd_create("gangway-channel", MFD_CLOEXEC | MFD_ALLOW_SEALING)},
      .event = os::Descriptor{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)},
  };
  // Sealed, so that user code cannot cut the memory off under the rank.
  if (!made.memory || !made.event || ::ftruncate(made.memory.get(), sizeof(ChannelMemory)) != 0 ||
      ::fcntl(made.memory.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    return os::system_fault("cannot make a worker's channel");
  }
  return made;
}

// ---------------------------------------------------------------- rank

base::Result<RankEnd> RankEnd::open(ChannelDescriptors descriptors) {
  auto mapping = map_channel(descriptors);
  if (!mapping) return mapping.fault();
  return RankEnd{std::move(mapping).value(), std::move(descriptors.event)};
}

RankEnd::RankEnd(Mapping mapping, os::Descriptor event)
    : mapping_{std::move(mapping)},
      event_{std::move(event)},
      writer_{memory().to_worker},
      reader_{memory().to_rank, channel_message_bytes_max} {}

RankEnd::~RankEnd() {
  if (mapping_.data() == nullptr) return;
  memory().closed.store(1);
  memory().worker_waits.store(wait_none);
  futex_wake(memory().worker_waits);
}

ChannelMemory& RankEnd::memory() const {
  return *reinterpret_cast<ChannelMemory*>(mapping_.data());
}

bool RankEnd::send(const wire::EncodedMessage& message) {
  check_size(message);
  if (broken()) return false;
  bool written = writer_.write(message.number, message.head, message.bulk.view());
  if (!written) {
    memory().rank_wants_room.store(1);
    written = writer_.write(message.number, message.head, message.bulk.view());
  }
  if (written) wake_worker_waiting_for(memory(), wait_message);
  return written;
}

std::optional<ChannelMessage> RankEnd::receive() {
  if (broken()) return std::nullopt;
  auto message = message_of(reader_.read());
  if (message) wake_worker_waiting_for(memory(), wait_room);
  return message;
}

void RankEnd::set_sleeping(bool sleeping) {
  memory().rank_sleeps.store(sleeping ? 1 : 0);
}

void RankEnd::silence_bell() {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto read = ::read(event_.get(), &count, sizeof(count));
}

std::optional<LastWords> RankEnd::last_words() const {
  return memory().last_words.read();
}

// ---------------------------------------------------------------- worker

base::Result<WorkerEnd> WorkerEnd::open(ChannelDescriptors descriptors, base::Duration spin) {
  auto mapping = map_channel(descriptors);
  if (!mapping) return mapping.fault();
  // A process forked by user code must neither speak in the worker's name nor leave last words for it.
  if (::madvise(mapping.value().data(), mapping.value().bytes(), MADV_DONTFORK) != 0) {
    return os::system_fault("cannot keep a worker's channel to itself");
  }
  return WorkerEnd{std::move(mapping).value(), std::move(descriptors.event), spin};
}

WorkerEnd::WorkerEnd(Mapping mapping, os::Descriptor event, base::Duration spin)
    : mapping_{std::move(mapping)},
      event_{std::move(event)},
      spin_{spin},
      writer_{memory().to_rank},
      reader_{memory().to_worker, channel_message_bytes_max} {}

ChannelMemory& WorkerEnd::memory() const {
  return *reinterpret_cast<ChannelMemory*>(mapping_.data());
}

LastWordsArea& WorkerEnd::last_words() const {
  return memory().last_words;
}

bool WorkerEnd::closed() const {
  return memory().closed.load() != 0;
}

bool WorkerEnd::send(const wire::EncodedMessage& message) {
  check_size(message);
  wait_until(wait_room, [&] { return writer_.has_room(message.body_bytes()); });
  if (closed() || broken() || !writer_.write(message.number, message.head, message.bulk.view())) return false;
  ring_bell_if(memory().rank_sleeps.load() != 0 && memory().rank_sleeps.exchange(0) != 0);
  return true;
}

std::optional<ChannelMessage> WorkerEnd::receive() {
  wait_until(wait_message, [&] { return reader_.has_entry(); });
  auto message = message_of(reader_.read());
  if (message) ring_bell_if(memory().rank_wants_room.load() != 0 && memory().rank_wants_room.exchange(0) != 0);
  return message;
}

void WorkerEnd::ring_bell_if(bool wanted) const {
  if (!wanted) return;
  const std::uint64_t one = 1;
  // It fails only when the counter is full, and then the bell rings anyway.
  [[maybe_unused]] const auto written = ::write(event_.get(), &one, sizeof(one));
}

// Spinning pays while the rank answers at once, from a core of its own. Where it does not, it takes the core from
// those that the worker waits for: each failure in a row doubles the number of waits that go without.
template <class Over>
bool WorkerEnd::spin_until(Over over) {
  constexpr std::uint32_t failures_max = 8;
  if (spin_.ns == 0 || ++waits_since_spin_ < 1U << spin_failures_) return false;
  waits_since_spin_ = 0;
  const auto end = std::chrono::steady_clock::now() + std::chrono::nanoseconds{spin_.ns};
  while (std::chrono::steady_clock::now() < end) {
    for (int round = 0; round < 32; ++round) {
      if (over()) {
        spin_failures_ = 0;
        return true;
      }
      pause_cpu();
    }
  }
  spin_failures_ = std::min(spin_failures_ + 1, failures_max);
  return false;
}

template <class Ready>
void WorkerEnd::wait_until(std::uint32_t reason, Ready ready) {
  const auto over = [&] { return ready() || broken() || closed(); };
  if (over() || spin_until(over)) return;
  std::atomic<std::uint32_t>& waits = memory().worker_waits;
  for (;;) {
    waits.store(reason);
    if (over()) break;
    futex_wait(waits, reason);
  }
  waits.store(wait_none);
}

}  // namespace gangway::keeper
