// What holds for every message: bytes that are read are those that would have been written.
#pragma once

#include "fuzz/target.hpp"
#include "wire/codec.hpp"

namespace gangway::fuzz {

/// `message` was read from these bytes.
template <class Message>
void require_canonical(const Message& message, unsigned number, base::ByteView head, base::ByteView bulk) {
  const wire::EncodedMessage again = wire::encode(message);
  base::ByteVector read{head.begin(), head.end()};
  read.insert(read.end(), bulk.begin(), bulk.end());
  base::ByteVector written = again.head;
  written.insert(written.end(), again.bulk.view().begin(), again.bulk.view().end());
  require(again.number == number, "a message changed its number");
  require(written == read, "a message was read from bytes that are not those of the message");
}

}  // namespace gangway::fuzz
