#include "keeper/ring.hpp"

#include <algorithm>
#include <cstring>
#include <span>

#include "base/check.hpp"

namespace gangway::keeper {
namespace {

struct EntryHead {
  std::uint32_t body_bytes = 0;
  std::uint8_t number = 0;
  std::uint8_t zeros[3] = {};
};
static_assert(sizeof(EntryHead) == ring_entry_head_bytes);

constexpr std::uint64_t entry_bytes(std::size_t body_bytes) {
  return (ring_entry_head_bytes + body_bytes + 7) / 8 * 8;
}

constexpr std::size_t place_of(std::uint64_t index) {
  return static_cast<std::size_t>(index % ring_bytes);
}

}  // namespace

bool RingWriter::has_room(std::size_t body_bytes) {
  const std::uint64_t needed = entry_bytes(body_bytes);
  GANGWAY_CHECK(needed <= ring_bytes, "a message larger than a channel's ring");
  if (!broken_ && ring_bytes - (written_ - read_seen_) < needed) {
    const std::uint64_t read = memory_->read.load();
    // The reader only moves on, in whole entries, and never past what was written.
    if (read < read_seen_ || read > written_ || read % 8 != 0) {
      broken_ = true;
    } else {
      read_seen_ = read;
    }
  }
  return broken_ || ring_bytes - (written_ - read_seen_) >= needed;
}

bool RingWriter::write(std::uint8_t number, base::ByteView head, base::ByteView bulk) {
  const std::size_t body_bytes = head.size() + bulk.size();
  if (!has_room(body_bytes) || broken_) return false;
  const EntryHead entry{.body_bytes = static_cast<std::uint32_t>(body_bytes), .number = number};
  const std::uint64_t end = written_ + entry_bytes(body_bytes);
  copy_in(std::as_bytes(std::span{&entry, 1}));
  copy_in(head);
  copy_in(bulk);
  written_ = end;
  memory_->written.store(written_);
  return true;
}

void RingWriter::copy_in(base::ByteView bytes) {
  if (bytes.empty()) return;
  const std::size_t place = place_of(written_);
  const std::size_t first = std::min(bytes.size(), ring_bytes - place);
  std::memcpy(memory_->data + place, bytes.data(), first);
  std::memcpy(memory_->data, bytes.data() + first, bytes.size() - first);
  written_ += bytes.size();
}

bool RingReader::has_entry() const {
  return broken_ || memory_->written.load() != read_;
}

std::optional<RingReader::Entry> RingReader::read() {
  if (broken_) return std::nullopt;
  const std::uint64_t available = memory_->written.load() - read_;
  if (available == 0) return std::nullopt;
  EntryHead head;
  // Everything is judged by private copies: the other process may change its mind at any moment.
  broken_ = available < ring_entry_head_bytes || available > ring_bytes;
  if (!broken_) copy_out(std::as_writable_bytes(std::span{&head, 1}), read_);
  if (broken_ || head.body_bytes > body_bytes_max_ || entry_bytes(head.body_bytes) > available) {
    broken_ = true;
    return std::nullopt;
  }
  Entry entry{.number = head.number, .body = base::ByteVector(head.body_bytes)};
  copy_out(entry.body, read_ + ring_entry_head_bytes);
  read_ += entry_bytes(head.body_bytes);
  memory_->read.store(read_);
  return entry;
}

void RingReader::copy_out(std::span<std::byte> destination, std::uint64_t index) const {
  if (destination.empty()) return;
  const std::size_t place = place_of(index);
  const std::size_t first = std::min(destination.size(), ring_bytes - place);
  std::memcpy(destination.data(), memory_->data + place, first);
  std::memcpy(destination.data() + first, memory_->data, destination.size() - first);
}

}  // namespace gangway::keeper
