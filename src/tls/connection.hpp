// One authenticated connection that carries frames. Both ends have proved by certificate that they belong to the same
// cluster and have a role that fits before a Connection exists.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "base/result.hpp"
#include "tls/certificate.hpp"
#include "wire/codec.hpp"
#include "wire/frame.hpp"

namespace gangway::tls {

/// Frames in both directions over TLS.
///
/// Threads: everything, callbacks included, happens on the one thread that runs the io_context. No callback runs
/// inside a call of this class.
///
/// Ownership: held by shared_ptr because operations in progress keep it alive. Dropping the pointer does not close
/// the connection: call close() or close_when_sent(). The io_context must outlive every pointer to it.
///
/// Bounds: reading takes at most one TLS record (16 KiB) for each handler, so clients take turns. send() never blocks
/// and never refuses: a peer that stops reading makes the queue grow, and it is the caller's duty to look at
/// queued_bytes() and to stop sending, or to close, above a bound of its own.
class Connection {
 public:
  using OnFrame = std::function<void(wire::Frame frame)>;
  using OnClosed = std::function<void(base::Fault reason)>;

  virtual ~Connection() = default;

  /// Begins to read; to be called once, at once. `on_frame` gets every frame in order. `on_closed` is called exactly
  /// once, also after close() of this side, with a sentence that names the peer and the reason; after it nothing is
  /// called and both functions are destroyed.
  virtual void start(OnFrame on_frame, OnClosed on_closed) = 0;

  /// Queues a message. Small messages that wait are written together, up to 256 KiB at a time; large bulks are not
  /// copied. After a close it does nothing.
  virtual void send(wire::EncodedMessage message) = 0;

  /// Queues a message that may wait for company: it leaves with the next send(), flush() or close_when_sent().
  /// Writing once for several messages costs less than half, and wakes the peer once.
  virtual void enqueue(wire::EncodedMessage message) = 0;

  /// Writes what is queued.
  virtual void flush() = 0;

  /// Bytes handed to send() or enqueue() that the operating system has not taken yet, headers included.
  [[nodiscard]] virtual std::size_t queued_bytes() const = 0;

  /// Bytes that have arrived since start(), those of unfinished frames included: whether the peer is alive.
  [[nodiscard]] virtual std::uint64_t received_bytes() const = 0;

  /// Sends what is queued, says goodbye to the peer and closes; after five seconds in any case. No frame is delivered
  /// any more.
  virtual void close_when_sent() = 0;

  /// Closes now; what is queued is dropped and no frame is delivered any more.
  virtual void close() = 0;

  /// No frame is delivered and nothing is read until resume_reading(): the peer's sends run into TCP's window. While
  /// reading is paused a peer that goes away is not noticed, unless a send fails.
  virtual void pause_reading() = 0;
  virtual void resume_reading() = 0;

  /// The largest body accepted from the next frame header on. A larger one closes the connection.
  virtual void set_frame_bytes_max(std::uint64_t bytes) = 0;

  /// The role the peer has proved.
  [[nodiscard]] virtual Role role() const = 0;

  /// The peer's numeric address and port, for logs, e.g. "127.0.0.1:40312" or "[::1]:40312".
  [[nodiscard]] virtual const std::string& peer() const = 0;
};

}  // namespace gangway::tls
