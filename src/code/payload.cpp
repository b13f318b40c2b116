// Payloads: the parts of <gangway/archive.hpp> that know no types.
#include <gangway/detail/payload.hpp>

#include <algorithm>
#include <utility>

#include "base/check.hpp"

namespace gangway {

ArchiveError::~ArchiveError() = default;

namespace detail {

namespace {

constexpr char mark[4] = {'G', 'W', 'A', '1'};
constexpr std::size_t header_bytes = 16;
constexpr std::size_t segment_size_bytes = sizeof(std::uint64_t);

constexpr std::size_t next_segment(std::size_t offset) {
  return (offset + segment_alignment_bytes - 1) / segment_alignment_bytes * segment_alignment_bytes;
}

std::uint64_t number_at(std::span<const std::byte> bytes, std::size_t offset) {
  std::uint64_t number = 0;
  std::memcpy(&number, bytes.data() + offset, sizeof number);
  return number;
}

}  // namespace

void throw_archive_error(const std::string& text) {
  throw ArchiveError{text};
}

// ---------------------------------------------------------------- PayloadWriter

PayloadWriter::PayloadWriter() = default;
PayloadWriter::~PayloadWriter() = default;
PayloadWriter::PayloadWriter(PayloadWriter&&) noexcept = default;
PayloadWriter& PayloadWriter::operator=(PayloadWriter&&) noexcept = default;

std::size_t PayloadWriter::bytes() const {
  std::size_t end = header_bytes + segments_.size() * segment_size_bytes + band_.size();
  for (const Segment& segment : segments_) {
    end = next_segment(end) + segment.bytes;
  }
  return end;
}

void PayloadWriter::write_to(std::span<std::byte> out) const {
  GANGWAY_CHECK(out.size() == bytes(), "a payload is written into exactly bytes() bytes");
  std::byte* at = out.data();
  const auto append = [&at](const void* data, std::size_t count) {
    if (count != 0) {
      std::memcpy(at, data, count);
      at += count;
    }
  };
  const auto segments = static_cast<std::uint32_t>(segments_.size());
  const std::uint64_t band = band_.size();
  append(mark, sizeof mark);
  append(&segments, sizeof segments);
  append(&band, sizeof band);
  for (const Segment& segment : segments_) {
    const std::uint64_t size = segment.bytes;
    append(&size, sizeof size);
  }
  append(band_.data(), band_.size());
  for (const Segment& segment : segments_) {
    std::byte* const begin = out.data() + next_segment(static_cast<std::size_t>(at - out.data()));
    std::fill(at, begin, std::byte{0});
    at = begin;
    append(segment.data, segment.bytes);
  }
}

void PayloadWriter::refer(const void* data, std::size_t count) {
  segments_.push_back({data, count});
}

std::byte* PayloadWriter::add_segment(std::size_t count) {
  own_.push_back(std::make_unique_for_overwrite<std::byte[]>(count));
  segments_.push_back({own_.back().get(), count});
  return own_.back().get();
}

// ---------------------------------------------------------------- PayloadReader

PayloadReader::PayloadReader(std::span<const std::byte> payload) : payload_{payload} {
  if (payload.size() < header_bytes || std::memcmp(payload.data(), mark, sizeof mark) != 0) {
    throw_archive_error("these bytes are not an encoded value: they do not begin with its header");
  }
  std::uint32_t segments = 0;
  std::memcpy(&segments, payload.data() + sizeof mark, sizeof segments);
  const std::uint64_t band = number_at(payload, 8);
  const std::size_t rest = payload.size() - header_bytes;
  if (segments > rest / segment_size_bytes || band > rest - segments * segment_size_bytes) {
    throw_archive_error("an encoded value is cut off: its header announces more than there is");
  }
  sizes_ = payload.subspan(header_bytes, segments * segment_size_bytes);
  const std::size_t band_begin = header_bytes + sizes_.size();
  band_ = payload.subspan(band_begin, static_cast<std::size_t>(band));
  next_segment_ = band_begin + band_.size();

  std::size_t end = next_segment_;
  for (std::size_t i = 0; i < segments; ++i) {
    const std::size_t begin = next_segment(end);
    const std::uint64_t size = number_at(sizes_, i * segment_size_bytes);
    if (begin > payload.size() || size > payload.size() - begin) {
      throw_archive_error("an encoded value is cut off: a segment ends behind its last byte");
    }
    end = begin + static_cast<std::size_t>(size);
  }
  if (end != payload.size()) {
    throw_archive_error("an encoded value is followed by bytes that do not belong to it");
  }
}

bool PayloadReader::take_flag() {
  const auto flag = take_number<std::uint8_t>();
  if (flag > 1) {
    throw_archive_error("a flag is neither 0 nor 1: the bytes are of another type");
  }
  return flag == 1;
}

std::size_t PayloadReader::take_count() {
  const auto count = take_number<std::uint64_t>();
  if (count > left()) {
    throw_archive_error("a list announces " + std::to_string(count) + " elements and has " + std::to_string(left()) +
                        " bytes: the bytes are of another type, or damaged");
  }
  return static_cast<std::size_t>(count);
}

std::span<const std::byte> PayloadReader::take_elements(std::uint64_t count, std::size_t element_bytes) {
  if (count > payload_.size() / element_bytes) {
    throw_archive_error("an array announces " + std::to_string(count) + " elements, more than fit into its bytes");
  }
  const std::size_t bytes = static_cast<std::size_t>(count) * element_bytes;
  if (bytes < segment_bytes_min) {
    return take(bytes);
  }
  if (sizes_.empty() || number_at(sizes_, 0) != bytes) {
    throw_archive_error("an array of " + std::to_string(bytes) +
                        " bytes has no segment of that size: the bytes are of another type");
  }
  const std::size_t begin = next_segment(next_segment_);
  next_segment_ = begin + bytes;
  sizes_ = sizes_.subspan(segment_size_bytes);
  return payload_.subspan(begin, bytes);
}

void PayloadReader::expect_end() const {
  if (!band_.empty() || !sizes_.empty()) {
    throw_archive_error("an encoded value has more in it than its type: the bytes are of another type");
  }
}

void PayloadReader::throw_short(std::size_t count) const {
  throw_archive_error("an encoded value ends early: " + std::to_string(count) + " bytes are wanted, " +
                      std::to_string(left()) + " are left");
}

}  // namespace detail
}  // namespace gangway
