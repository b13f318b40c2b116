#include "tls/outbox.hpp"

#include <utility>

#include "base/check.hpp"
#include "wire/frame.hpp"

namespace gangway::tls {

namespace {

std::size_t framed_bytes(const wire::EncodedMessage& message) {
  return wire::frame_header_bytes + message.body_bytes();
}

}  // namespace

void Outbox::push(wire::EncodedMessage message) {
  bytes_ += framed_bytes(message);
  queue_.push_back(std::move(message));
}

base::ByteView Outbox::front() {
  if (runs_.empty()) {
    begin_batch();
  }
  if (runs_.empty()) {
    return {};
  }
  const Run& run = runs_.front();
  const std::byte* data = run.data != nullptr ? run.data : staging_.data() + run.offset;
  return base::ByteView{data, run.count}.subspan(run_written_);
}

void Outbox::written(std::size_t count) {
  GANGWAY_CHECK(!runs_.empty() && run_written_ + count <= runs_.front().count, "more was written than was queued");
  bytes_ -= count;
  run_written_ += count;
  if (run_written_ < runs_.front().count) {
    return;
  }
  runs_.pop_front();
  run_written_ = 0;
  if (runs_.empty()) {
    held_.clear();  // lets go of large bulks now, not when the next message comes
    staging_.clear();
    if (queue_.empty() && staging_.capacity() > idle_bytes_max) {
      staging_.shrink_to_fit();
    }
  }
}

void Outbox::clear() {
  *this = {};
}

void Outbox::begin_batch() {
  std::size_t batch_bytes = 0;
  while (!queue_.empty()) {
    const std::size_t message_bytes = framed_bytes(queue_.front());
    if (batch_bytes > 0 && batch_bytes + message_bytes > batch_bytes_max) {
      return;
    }
    batch_bytes += message_bytes;
    const wire::EncodedMessage& message = held_.emplace_back(std::move(queue_.front()));
    queue_.pop_front();
    stage(wire::frame_header(message.number, message.body_bytes()));
    append(message.head);
    append(message.bulk.view());
    if (message.head.size() <= copied_bytes_max && message.bulk.size() <= copied_bytes_max) {
      held_.pop_back();
    }
  }
}

void Outbox::append(base::ByteView bytes) {
  if (bytes.size() <= copied_bytes_max) {
    stage(bytes);
  } else {
    runs_.push_back({.data = bytes.data(), .offset = 0, .count = bytes.size()});
  }
}

void Outbox::stage(base::ByteView bytes) {
  if (bytes.empty()) {
    return;
  }
  if (runs_.empty() || runs_.back().data != nullptr) {
    runs_.push_back({.data = nullptr, .offset = staging_.size(), .count = 0});
  }
  staging_.insert(staging_.end(), bytes.begin(), bytes.end());
  runs_.back().count += bytes.size();
}

}  // namespace gangway::tls
