// The first bytes of every head message, and the rule for what travels in it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"
#include "mpi/link.hpp"

namespace gangway::mpi {

/// What a head message says before its content. The ranks of a job run the same program on the same kind of machine,
/// so it travels as it lies in memory.
struct Envelope {
  enum class Kind : std::uint8_t { message, acknowledgement, question, death };

  Kind kind = Kind::message;
  std::uint8_t number = 0;      // of the message
  std::uint16_t tag = 0;        // of its transfer, if it has one
  std::uint32_t delivered = 0;  // how many messages of the receiver's the sender has delivered so far, wrapping
  std::uint32_t head_bytes = 0;
  std::uint32_t bulk_bytes = 0;
};
static_assert(sizeof(Envelope) == 16);

/// What follows the envelope of a death.
struct DeathNotice {
  std::int32_t rank = 0;
  std::int32_t status = 0;
};

/// Bytes of the largest head message: below the eager limit of every transport Open MPI has (4 KiB with its own
/// header, for shared memory).
inline constexpr std::size_t head_message_bytes_max = sizeof(Envelope) + Link::inline_bytes_max;

/// Which parts of a message travel apart from its head message. Both ends derive it from the lengths.
struct Placement {
  bool head_apart = false;
  bool bulk_apart = false;

  [[nodiscard]] int parts_apart() const { return (head_apart ? 1 : 0) + (bulk_apart ? 1 : 0); }
};

constexpr Placement placement_of(std::size_t head_bytes, std::size_t bulk_bytes) {
  if (head_bytes + bulk_bytes <= Link::inline_bytes_max) return {};
  const bool head_apart = head_bytes > Link::inline_bytes_max;
  return {head_apart, bulk_bytes > 0 && (!head_apart || bulk_bytes > Link::inline_bytes_max)};
}

/// MPI's tags: head messages have one, and each transfer to a peer the next of the others.
inline constexpr int head_message_tag = 1;
inline constexpr int transfer_tag_first = 2;
inline constexpr int transfer_tag_last = 32'767;  // the largest that MPI promises

}  // namespace gangway::mpi
