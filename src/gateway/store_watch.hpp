// The store's own thread and the gateway's loop: what the one has done wakes the other.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "base/log.hpp"
#include "core/store.hpp"
#include "os/wake_up.hpp"

namespace gangway::gateway {

/// A store as a gateway uses it. One that makes durable what it is given before append() returns has no other members
/// than the first.
struct StoreAccess {
  core::Store& store;
  /// Rung when durable_number() has risen or trouble() has changed.
  const os::WakeUp* moved = nullptr;
  /// Why nothing becomes durable at the moment.
  std::function<std::optional<std::string>()> trouble = {};
};

/// Has `io` run a handler when the store has moved, so that the loop takes a turn, and logs the store's troubles once
/// each, and their end.
class StoreWatch {
 public:
  /// Everything outlives it; `io` is not run any more after its end.
  StoreWatch(boost::asio::io_context& io, const StoreAccess& access, base::Log& log);
  ~StoreWatch();
  StoreWatch(const StoreWatch&) = delete;
  StoreWatch& operator=(const StoreWatch&) = delete;

  /// Why nothing becomes durable at the moment, as of the last ring.
  [[nodiscard]] const std::optional<std::string>& trouble() const { return trouble_; }

 private:
  void wait();
  void look_for_trouble();

  const StoreAccess& access_;
  base::Log& log_;
  boost::asio::posix::stream_descriptor moved_;
  std::optional<std::string> trouble_;
};

}  // namespace gangway::gateway
