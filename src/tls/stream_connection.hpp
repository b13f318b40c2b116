// Connection over an Asio TLS stream. Internal to this folder: it shows Asio's ssl types.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include <boost/asio/steady_timer.hpp>

#include "tls/connection.hpp"
#include "tls/context.hpp"
#include "tls/outbox.hpp"

namespace gangway::tls {

/// See Connection. Made by whoever did the handshake.
class StreamConnection final : public Connection, public std::enable_shared_from_this<StreamConnection> {
 public:
  StreamConnection(Stream stream, Role role, std::string peer, std::uint64_t frame_bytes_max);

  void start(OnFrame on_frame, OnClosed on_closed) override;
  void send(wire::EncodedMessage message) override;
  void enqueue(wire::EncodedMessage message) override;
  void flush() override;
  [[nodiscard]] std::size_t queued_bytes() const override { return outbox_.bytes(); }
  [[nodiscard]] std::uint64_t received_bytes() const override { return received_bytes_; }
  void close_when_sent() override;
  void close() override;
  void pause_reading() override;
  void resume_reading() override;
  void set_frame_bytes_max(std::uint64_t bytes) override { reader_.set_body_bytes_max(bytes); }
  [[nodiscard]] Role role() const override { return role_; }
  [[nodiscard]] const std::string& peer() const override { return peer_; }

 private:
  // open: frames go both ways. mute: a write has failed, the reader may still find out why. leaving: what is queued
  // goes out, what comes in is dropped. closed: the socket is gone.
  enum class Phase { open, mute, leaving, closed };

  void read();
  void on_read(const boost::system::error_code& error, std::size_t count);
  void deliver();
  void write();
  void on_written(const boost::system::error_code& error, std::size_t count);
  void say_goodbye();
  void finish_after(base::Duration wait, std::string reason);
  void finish(std::string reason);
  void report_end();
  [[nodiscard]] std::string closed_here() const;
  [[nodiscard]] std::string closed_there(const boost::system::error_code& error);

  Stream stream_;
  boost::asio::steady_timer timer_;
  const Role role_;
  const std::string peer_;
  Phase phase_ = Phase::open;

  wire::FrameReader reader_;
  std::uint64_t received_bytes_ = 0;
  bool started_ = false;
  bool paused_ = false;
  bool read_in_progress_ = false;

  Outbox outbox_;
  bool write_in_progress_ = false;

  OnFrame on_frame_;
  OnClosed on_closed_;
  std::string end_reason_;
};

}  // namespace gangway::tls
