#include "wire/frame.hpp"

#include <algorithm>
#include <cstring>
#include <string>

#include "base/check.hpp"

namespace gangway::wire {

namespace {

constexpr std::array<std::byte, 4> magic = {std::byte{'G'}, std::byte{'W'}, std::byte{'Y'}, std::byte{'1'}};

}  // namespace

std::array<std::byte, frame_header_bytes> frame_header(std::uint8_t number, std::uint64_t body_bytes) {
  std::array<std::byte, frame_header_bytes> header{};
  std::copy(magic.begin(), magic.end(), header.begin());
  header[4] = std::byte{number};
  for (std::size_t i = 0; i < 8; ++i) header[8 + i] = static_cast<std::byte>((body_bytes >> (8 * i)) & 0xff);
  return header;
}

base::Result<FrameHeader> parse_frame_header(base::ByteView header, std::uint64_t body_bytes_max) {
  GANGWAY_CHECK(header.size() == frame_header_bytes, "the caller collects a whole header");
  if (!std::equal(magic.begin(), magic.end(), header.begin())) {
    return base::Fault{"this is not Gangway's protocol: a frame does not begin with GWY1"};
  }
  if (header[5] != std::byte{0} || header[6] != std::byte{0} || header[7] != std::byte{0}) {
    return base::Fault{"malformed frame: its reserved bytes are not zero"};
  }
  FrameHeader parsed;
  parsed.number = std::to_integer<std::uint8_t>(header[4]);
  for (std::size_t i = 0; i < 8; ++i) parsed.body_bytes |= std::to_integer<std::uint64_t>(header[8 + i]) << (8 * i);
  if (parsed.body_bytes > body_bytes_max) {
    return base::Fault{"a frame announces " + std::to_string(parsed.body_bytes) + " bytes; at most " +
                       std::to_string(body_bytes_max) + " are allowed here"};
  }
  return parsed;
}

std::span<std::byte> FrameReader::room() {
  if (large_) return {body_.get() + body_received_, body_bytes_ - body_received_};
  if (end_ == staging_bytes) {
    std::memmove(staging_.get(), staging_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  return {staging_.get() + end_, staging_bytes - end_};
}

base::Status FrameReader::received(std::size_t count) {
  if (large_) {
    body_received_ += count;
    GANGWAY_CHECK(body_received_ <= body_bytes_, "more was written than there was room for");
    if (body_received_ == body_bytes_) finish_body();
    return base::Done{};
  }
  end_ += count;
  GANGWAY_CHECK(end_ <= staging_bytes, "more was written than there was room for");

  while (end_ - begin_ >= frame_header_bytes) {
    const base::ByteView header{staging_.get() + begin_, frame_header_bytes};
    const base::Result<FrameHeader> parsed = parse_frame_header(header, body_bytes_max_);
    if (!parsed) return parsed.fault();
    const auto body_bytes = static_cast<std::size_t>(parsed.value().body_bytes);
    const std::size_t available = end_ - begin_ - frame_header_bytes;
    if (available < body_bytes && frame_header_bytes + body_bytes <= staging_bytes) break;

    const std::byte* const body = staging_.get() + begin_ + frame_header_bytes;
    const std::size_t here = std::min(available, body_bytes);
    body_ = std::make_shared_for_overwrite<std::byte[]>(body_bytes);
    body_bytes_ = body_bytes;
    if (here > 0) std::memcpy(body_.get(), body, here);
    body_received_ = here;
    begin_ += frame_header_bytes + here;
    large_ = parsed.value();
    if (body_received_ < body_bytes) break;
    finish_body();
  }
  if (begin_ == end_) begin_ = end_ = 0;
  return base::Done{};
}

void FrameReader::finish_body() {
  const base::ByteView bytes{body_.get(), body_bytes_};
  ready_.push_back({large_->number, base::SharedBytes{std::move(body_), bytes}});
  body_bytes_ = 0;
  body_received_ = 0;
  large_.reset();
}

std::optional<Frame> FrameReader::take() {
  if (ready_.empty()) return std::nullopt;
  Frame frame = std::move(ready_.front());
  ready_.pop_front();
  return frame;
}

}  // namespace gangway::wire
