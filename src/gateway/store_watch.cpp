#include "gateway/store_watch.hpp"

namespace gangway::gateway {

StoreWatch::StoreWatch(boost::asio::io_context& io, const StoreAccess& access, base::Log& log)
    : access_{access}, log_{log}, moved_{io} {
  if (access_.moved == nullptr) return;
  moved_.assign(access_.moved->descriptor());
  wait();
}

StoreWatch::~StoreWatch() {
  if (moved_.is_open()) moved_.release();  // the descriptor is the bell's
}

void StoreWatch::wait() {
  moved_.async_wait(boost::asio::posix::stream_descriptor::wait_read, [this](const boost::system::error_code& error) {
    if (error) return;
    // First the ring, then the look: what happens after the look rings again.
    access_.moved->silence();
    look_for_trouble();
    wait();
  });
}

void StoreWatch::look_for_trouble() {
  if (!access_.trouble) return;
  std::optional<std::string> now = access_.trouble();
  if (now == trouble_) return;
  if (now) {
    log_.error("nothing can be written to the journal, and clients wait until it can: " + *now);
  } else {
    log_.info("the journal can be written again");
  }
  trouble_ = std::move(now);
}

}  // namespace gangway::gateway
