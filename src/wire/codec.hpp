// Messages to bytes and back. Explicit and small: integers are little-endian and of fixed width, a text or a list is
// a 32-bit count and its content, an alternative is a byte and its content. Nothing is believed: every count is
// bounded by src/base/limits.hpp and by the bytes that are left before anything is allocated, and bytes left over are
// an error.
//
// A message is written as a head and, where it carries large bytes, a bulk that follows it without a copy. Only the
// last field of a message can be bulk.
#pragma once

#include <cstdint>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "wire/link_message.hpp"
#include "wire/operation.hpp"
#include "wire/protocol.hpp"
#include "wire/worker_message.hpp"

namespace gangway::wire {

/// A message ready to be sent: its number, then head and bulk one after the other.
struct EncodedMessage {
  std::uint8_t number = 0;
  base::ByteVector head;
  base::SharedBytes bulk;

  [[nodiscard]] std::size_t body_bytes() const { return head.size() + bulk.size(); }
};

EncodedMessage encode(const ClientMessage& message);
EncodedMessage encode(const GatewayMessage& message);
EncodedMessage encode(const ToEngine& message);
EncodedMessage encode(const FromEngine& message);
EncodedMessage encode(const ToWorker& message);
EncodedMessage encode(const FromWorker& message);

/// Reads a message back from its number and its body, or from head and bulk that arrived apart. The result shares the
/// bytes it was read from. A fault says which field of which message was wrong.
base::Result<ClientMessage> decode_client_message(std::uint8_t number, const base::SharedBytes& body);
base::Result<GatewayMessage> decode_gateway_message(std::uint8_t number, const base::SharedBytes& body);
base::Result<ToEngine> decode_to_engine(std::uint8_t number, const base::SharedBytes& head,
                                        const base::SharedBytes& bulk);
base::Result<FromEngine> decode_from_engine(std::uint8_t number, const base::SharedBytes& head,
                                            const base::SharedBytes& bulk);
base::Result<ToWorker> decode_to_worker(std::uint8_t number, const base::SharedBytes& body);
base::Result<FromWorker> decode_from_worker(std::uint8_t number, const base::SharedBytes& body);

/// Where an operation's bulk and a value's data begin: a multiple of this from the first byte.
inline constexpr std::size_t bulk_alignment_bytes = 64;

/// An operation in one piece of memory, its bulk aligned: u8 alternative, u32 bytes of the fields, the fields, zeros,
/// bulk. The bulk given in `operation` is ignored; `bulk_bytes` bytes are left for the caller, who writes them at the
/// end of the result.
base::ByteVector encode_operation(const Operation& operation, std::size_t bulk_bytes);

/// Reads an operation; its bulk shares `bytes`.
base::Result<Operation> decode_operation(const base::SharedBytes& bytes);

/// A value as it travels: u32 bytes of the head, the head, zeros up to bulk_alignment_bytes, then the data.
/// The result has room for `data_bytes` at its end, for the caller to write.
base::ByteVector encode_value(const ValueHead& head, std::size_t data_bytes);

/// How many bytes encode_value() puts before the data.
std::size_t encoded_value_head_bytes(const ValueHead& head);

/// A value read back; the data shares `bytes`.
struct DecodedValue {
  ValueHead head;
  base::SharedBytes data;
};
base::Result<DecodedValue> decode_value(const base::SharedBytes& bytes);

}  // namespace gangway::wire
