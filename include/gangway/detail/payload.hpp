// The bytes of a payload, without regard to types: written in band and in segments, read with every length checked.
// The layout is specified in <gangway/archive.hpp>.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <gangway/api.hpp>
#include <gangway/error.hpp>

static_assert(std::endian::native == std::endian::little && sizeof(long) == 8 && sizeof(wchar_t) == 4,
              "gangway: values travel as bytes between machines that are little-endian and have a long of 64 bits");

namespace gangway {

/// Bytes are not the value that they should be, or a value cannot be turned into bytes.
class GANGWAY_API ArchiveError : public Error {
 public:
  using Error::Error;
  ArchiveError(const ArchiveError&) = default;
  ArchiveError& operator=(const ArchiveError&) = default;
  ~ArchiveError() override;
};

namespace detail {

/// A readable type name, made from that of std::type_info.
GANGWAY_API std::string demangle(const char* mangled);

/// Elements side by side of at least this many bytes leave the band.
inline constexpr std::size_t segment_bytes_min = 256;

/// Where segments begin: a multiple of this from the payload's start.
inline constexpr std::size_t segment_alignment_bytes = 64;

/// How deep objects may lie in each other: hostile bytes shall not use up the stack.
inline constexpr std::uint32_t nesting_max = 1000;

[[noreturn]] GANGWAY_API void throw_archive_error(const std::string& text);

/// Counts how deep the current object lies; one for each object being read or written.
class Nesting {
 public:
  explicit Nesting(std::uint32_t& depth) : depth_{depth} {
    if (++depth_ > nesting_max) {
      --depth_;
      throw_archive_error("objects lie in each other deeper than 1000 levels; send them as a flat list");
    }
  }
  ~Nesting() { --depth_; }
  Nesting(const Nesting&) = delete;
  Nesting& operator=(const Nesting&) = delete;

 private:
  std::uint32_t& depth_;
};

/// Collects a payload: small things are copied at once, long arrays are remembered by address until write_to().
/// A value of one thread.
class GANGWAY_API PayloadWriter {
 public:
  PayloadWriter();
  ~PayloadWriter();
  PayloadWriter(PayloadWriter&&) noexcept;
  PayloadWriter& operator=(PayloadWriter&&) noexcept;

  /// How long the payload is.
  [[nodiscard]] std::size_t bytes() const;

  /// Writes the payload into `out`, which is exactly bytes() long. All memory that was referred to must still be
  /// there.
  void write_to(std::span<std::byte> out) const;

  /// Copies into the band.
  void put(const void* data, std::size_t count) {
    const auto* first = static_cast<const std::byte*>(data);
    band_.insert(band_.end(), first, first + count);
  }
  template <class Number>
  void put_number(Number number) {
    put(&number, sizeof number);
  }
  void put_zeros(std::size_t count) { band_.resize(band_.size() + count); }

  /// Adds a segment that stays where it is until write_to().
  void refer(const void* data, std::size_t count);

  /// Adds a segment of `count` bytes of the writer's own, for the caller to fill; aligned for any type.
  std::byte* add_segment(std::size_t count);

  [[nodiscard]] std::size_t band_bytes() const { return band_.size(); }
  [[nodiscard]] std::uint32_t& depth() { return depth_; }

 private:
  struct Segment {
    const void* data;
    std::size_t bytes;
  };

  std::vector<std::byte> band_;
  std::vector<Segment> segments_;
  std::vector<std::unique_ptr<std::byte[]>> own_;
  std::uint32_t depth_ = 0;
};

/// Reads a payload that stays alive meanwhile. A value of one thread. All members throw ArchiveError if the bytes are
/// not what they should be.
class GANGWAY_API PayloadReader {
 public:
  /// Checks the header and that the segments fill the payload exactly.
  explicit PayloadReader(std::span<const std::byte> payload);

  /// The next bytes of the band.
  std::span<const std::byte> take(std::size_t count) {
    if (count > band_.size()) {
      throw_short(count);
    }
    const auto taken = band_.first(count);
    band_ = band_.subspan(count);
    return taken;
  }

  template <class Number>
  Number take_number() {
    Number number;
    std::memcpy(&number, take(sizeof number).data(), sizeof number);
    return number;
  }

  /// A flag: 0 or 1.
  bool take_flag();

  /// A count of elements that take at least a byte each, so that it is at most the bytes that are left in band.
  std::size_t take_count();

  /// `count` elements of `element_bytes` each, that lie side by side: in band or the next segment.
  std::span<const std::byte> take_elements(std::uint64_t count, std::size_t element_bytes);

  /// The bytes left in band.
  [[nodiscard]] std::size_t left() const { return band_.size(); }

  /// Throws unless everything has been read.
  void expect_end() const;

  [[nodiscard]] std::uint32_t& depth() { return depth_; }

 private:
  [[noreturn]] void throw_short(std::size_t count) const;

  std::span<const std::byte> payload_;
  std::span<const std::byte> sizes_;  // of the segments not yet taken
  std::span<const std::byte> band_;
  std::size_t next_segment_ = 0;  // its offset from the payload's start, before rounding up
  std::uint32_t depth_ = 0;
};

}  // namespace detail
}  // namespace gangway
