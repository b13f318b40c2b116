// The channel between an engine's rank and one of its workers: shared memory with a ring in each direction
// (src/keeper/ring.hpp). The worker waits on a futex; the rank, which waits for much else, is woken through an
// eventfd, and only when it has said that it sleeps.
//
// The worker runs user code, which may write anywhere in the channel. The rank believes nothing it reads there: what
// makes no sense is reported as broken(), and messages are copied out before anyone looks into them.
//
// One thread at a time may use an end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.hpp"
#include "base/instant.hpp"
#include "base/result.hpp"
#include "keeper/last_words.hpp"
#include "keeper/mapping.hpp"
#include "keeper/ring.hpp"
#include "os/descriptor.hpp"
#include "wire/codec.hpp"

namespace gangway::keeper {

/// The largest body of a message. Larger bytes go through the arena; a larger message is a bug of its sender.
inline constexpr std::size_t channel_message_bytes_max = 256 * 1024;

/// How long a worker looks for work before it goes to sleep on the futex, while that is of use: see spin_until().
inline constexpr base::Duration channel_spin_default = base::microseconds(30);

struct ChannelMemory;

/// One received message; the bytes are the receiver's own.
struct ChannelMessage {
  std::uint8_t number = 0;
  base::SharedBytes body;
};

/// What the two ends of a channel are opened from.
struct ChannelDescriptors {
  os::Descriptor memory;
  os::Descriptor event;

  /// Makes a fresh channel. A fault if the system refuses.
  static base::Result<ChannelDescriptors> create();
};

/// The rank's end. Never waits.
class RankEnd {
 public:
  static base::Result<RankEnd> open(ChannelDescriptors descriptors);
  RankEnd(RankEnd&&) = default;
  RankEnd& operator=(RankEnd&&) = default;
  /// Closes the channel: the worker's receive() and send() return.
  ~RankEnd();

  /// Hands a message to the worker and wakes it. False if the ring is full: keep the message and try again when
  /// event_fd() becomes readable. False too once the channel is broken().
  bool send(const wire::EncodedMessage& message);

  /// The next message, if there is one.
  std::optional<ChannelMessage> receive();

  /// The worker has written nonsense into the channel. Nothing more comes or goes: have the worker ended.
  [[nodiscard]] bool broken() const { return writer_.broken() || reader_.broken(); }

  /// Readable when, since set_sleeping(true), a message came; or when there is room again after a refused send().
  [[nodiscard]] int event_fd() const { return event_.get(); }

  /// Call with true before waiting for event_fd(), then call receive() once more: what came earlier rings no bell.
  /// Call with false after the wait. A bell may still ring a moment later.
  void set_sleeping(bool sleeping);

  /// Makes event_fd() unreadable; call it when it was readable, before receive().
  void silence_bell();

  /// What the worker's signal handler had time to write.
  [[nodiscard]] std::optional<LastWords> last_words() const;

 private:
  RankEnd(Mapping mapping, os::Descriptor event);
  [[nodiscard]] ChannelMemory& memory() const;

  Mapping mapping_;
  os::Descriptor event_;
  RingWriter writer_;
  RingReader reader_;
};

/// The worker's end. Its waits end with the rank's life: the rank closes the channel when it leaves, and the keeper
/// kills the worker when the rank dies.
class WorkerEnd {
 public:
  /// `spin` may be 0. The mapping is not inherited by processes that the worker forks.
  static base::Result<WorkerEnd> open(ChannelDescriptors descriptors, base::Duration spin = channel_spin_default);

  /// Hands a message to the rank; waits while the ring is full. False if the channel was closed or is broken().
  bool send(const wire::EncodedMessage& message);

  /// Waits for the next message. Nothing if the channel was closed or is broken().
  std::optional<ChannelMessage> receive();

  /// Somebody in this process has written over the channel.
  [[nodiscard]] bool broken() const { return writer_.broken() || reader_.broken(); }

  /// For the worker's signal handler; lives as long as this end, wherever it is moved.
  [[nodiscard]] LastWordsArea& last_words() const;

 private:
  WorkerEnd(Mapping mapping, os::Descriptor event, base::Duration spin);
  [[nodiscard]] ChannelMemory& memory() const;
  [[nodiscard]] bool closed() const;
  void ring_bell_if(bool wanted) const;
  template <class Ready>
  void wait_until(std::uint32_t reason, Ready ready);
  template <class Over>
  bool spin_until(Over over);

  Mapping mapping_;
  os::Descriptor event_;
  base::Duration spin_;
  std::uint32_t spin_failures_ = 0;  // in a row
  std::uint32_t waits_since_spin_ = 0;
  RingWriter writer_;
  RingReader reader_;
};

}  // namespace gangway::keeper
