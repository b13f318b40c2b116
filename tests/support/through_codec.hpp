// Sends a message through the real codec, as a wire would: what comes out must equal what went in.
#pragma once

#include "base/bytes.hpp"
#include "base/check.hpp"
#include "wire/codec.hpp"

namespace gangway::support {

/// Head and bulk in one piece, as a frame carries them.
inline base::SharedBytes frame_body(const wire::EncodedMessage& encoded) {
  base::ByteVector body = encoded.head;
  body.insert(body.end(), encoded.bulk.view().begin(), encoded.bulk.view().end());
  return base::SharedBytes{std::move(body)};
}

/// What the other end reads.
template <class Message>
Message unpacked(base::Result<Message> decoded, const Message& sent) {
  GANGWAY_CHECK(decoded.ok(), "the codec cannot read what it has written");
  GANGWAY_CHECK(decoded.value() == sent, "the codec reads something else than it has written");
  return std::move(decoded.value());
}

inline wire::ClientMessage through_codec(const wire::ClientMessage& message) {
  const wire::EncodedMessage encoded = wire::encode(message);
  return unpacked(wire::decode_client_message(encoded.number, frame_body(encoded)), message);
}
inline wire::GatewayMessage through_codec(const wire::GatewayMessage& message) {
  const wire::EncodedMessage encoded = wire::encode(message);
  return unpacked(wire::decode_gateway_message(encoded.number, frame_body(encoded)), message);
}
inline wire::ToEngine through_codec(const wire::ToEngine& message) {
  const wire::EncodedMessage encoded = wire::encode(message);
  return unpacked(wire::decode_to_engine(encoded.number, base::SharedBytes{encoded.head}, encoded.bulk), message);
}
inline wire::FromEngine through_codec(const wire::FromEngine& message) {
  const wire::EncodedMessage encoded = wire::encode(message);
  return unpacked(wire::decode_from_engine(encoded.number, base::SharedBytes{encoded.head}, encoded.bulk), message);
}

}  // namespace gangway::support
