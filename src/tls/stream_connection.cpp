#include "tls/stream_connection.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <span>

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>

#include "base/check.hpp"
#include "tls/explain.hpp"

namespace gangway::tls {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

// After a failed write: an alert that says why may be on its way, or already in the receive buffer.
constexpr base::Duration reason_wait = base::seconds(1);

// For what is queued and for the peer's goodbye.
constexpr base::Duration leaving_wait = base::seconds(5);

// One write of the stream is one TLS record whatever it is given; this only keeps a count inside an int.
constexpr std::size_t write_bytes_max = 256 * base::kib;

}  // namespace

StreamConnection::StreamConnection(Stream stream, Role role, std::string peer, std::uint64_t frame_bytes_max)
    : stream_{std::move(stream)},
      timer_{stream_.get_executor()},
      role_{role},
      peer_{std::move(peer)},
      reader_{frame_bytes_max} {}

void StreamConnection::start(OnFrame on_frame, OnClosed on_closed) {
  GANGWAY_CHECK(!started_, "a connection is started once");
  started_ = true;
  on_frame_ = std::move(on_frame);
  on_closed_ = std::move(on_closed);
  if (phase_ == Phase::closed) {
    report_end();
  } else {
    read();
  }
}

void StreamConnection::send(wire::EncodedMessage message) {
  enqueue(std::move(message));
  flush();
}

void StreamConnection::enqueue(wire::EncodedMessage message) {
  if (phase_ == Phase::open) {
    outbox_.push(std::move(message));
  }
}

void StreamConnection::flush() {
  if (phase_ == Phase::open) {
    write();
  }
}

void StreamConnection::close_when_sent() {
  if (phase_ == Phase::mute) {
    close();
  }
  if (phase_ != Phase::open) {
    return;
  }
  write();
  phase_ = Phase::leaving;
  finish_after(leaving_wait, closed_here());
  if (!write_in_progress_) {
    say_goodbye();
  }
  read();
}

void StreamConnection::close() {
  finish(closed_here());
}

void StreamConnection::pause_reading() {
  paused_ = true;
}

void StreamConnection::resume_reading() {
  if (!paused_) {
    return;
  }
  paused_ = false;
  asio::post(stream_.get_executor(), [self = shared_from_this()] {
    self->deliver();
    self->read();
  });
}

void StreamConnection::read() {
  const bool wanted = phase_ == Phase::leaving || (started_ && !paused_ && phase_ != Phase::closed);
  if (!wanted || read_in_progress_) {
    return;
  }
  read_in_progress_ = true;
  const std::span<std::byte> room = reader_.room();
  stream_.async_read_some(asio::buffer(room.data(), room.size()),
                          [self = shared_from_this()](const error_code& error, std::size_t count) {
                            self->read_in_progress_ = false;
                            self->on_read(error, count);
                          });
}

void StreamConnection::on_read(const error_code& error, std::size_t count) {
  if (phase_ == Phase::closed) {
    return;
  }
  if (error) {
    finish(phase_ == Phase::leaving ? closed_here() : closed_there(error));
    return;
  }
  received_bytes_ += count;
  // While leaving, the reader is not told: the next bytes overwrite these.
  if (phase_ != Phase::leaving) {
    const base::Status received = reader_.received(count);
    deliver();
    if (!received.ok()) {
      finish(peer_ + " broke the protocol: " + received.fault().text);
      return;
    }
  }
  read();
}

void StreamConnection::deliver() {
  while (!paused_ && (phase_ == Phase::open || phase_ == Phase::mute)) {
    std::optional<wire::Frame> frame = reader_.take();
    if (!frame) {
      return;
    }
    on_frame_(std::move(*frame));
  }
}

void StreamConnection::write() {
  if (write_in_progress_) {
    return;
  }
  const base::ByteView bytes = outbox_.front();
  if (bytes.empty()) {
    return;
  }
  write_in_progress_ = true;
  stream_.async_write_some(asio::buffer(bytes.data(), std::min(bytes.size(), write_bytes_max)),
                           [self = shared_from_this()](const error_code& error, std::size_t count) {
                             self->write_in_progress_ = false;
                             self->on_written(error, count);
                           });
}

void StreamConnection::on_written(const error_code& error, std::size_t count) {
  if (phase_ == Phase::closed) {
    outbox_.clear();
    return;
  }
  if (!error) {
    outbox_.written(count);
    write();
    if (phase_ == Phase::leaving && !write_in_progress_) {
      say_goodbye();
    }
    return;
  }
  outbox_.clear();
  if (phase_ == Phase::open && !paused_) {
    phase_ = Phase::mute;
    finish_after(reason_wait, closed_there(error));
  } else {
    finish(phase_ == Phase::leaving ? closed_here() : closed_there(error));
  }
}

void StreamConnection::say_goodbye() {
  // Ends when the peer has said goodbye too. An error here means that the peer still sends: then the reader sees the
  // end.
  stream_.async_shutdown([self = shared_from_this()](const error_code& error) {
    if (!error) {
      self->finish(self->closed_here());
    }
  });
}

void StreamConnection::finish_after(base::Duration wait, std::string reason) {
  timer_.expires_after(std::chrono::nanoseconds{wait.ns});
  timer_.async_wait([self = shared_from_this(), reason = std::move(reason)](const error_code& error) {
    if (!error) {
      self->finish(reason);
    }
  });
}

void StreamConnection::finish(std::string reason) {
  if (phase_ == Phase::closed) {
    return;
  }
  phase_ = Phase::closed;
  end_reason_ = std::move(reason);
  timer_.cancel();
  error_code ignored;
  stream_.lowest_layer().close(ignored);
  if (!write_in_progress_) {
    outbox_.clear();  // otherwise the aborted write still points into it
  }
  if (started_) {
    report_end();
  }
}

std::string StreamConnection::closed_here() const {
  return "the connection to " + peer_ + " was closed by this side";
}

std::string StreamConnection::closed_there(const error_code& error) {
  return peer_ + " " + connection_failure(stream_, error);
}

void StreamConnection::report_end() {
  asio::post(stream_.get_executor(), [self = shared_from_this()] {
    self->on_frame_ = nullptr;
    const OnClosed on_closed = std::exchange(self->on_closed_, nullptr);
    on_closed(base::Fault{self->end_reason_});
  });
}

}  // namespace gangway::tls
