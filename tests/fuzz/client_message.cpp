// The first byte is the message's number, the rest its body.
#include "fuzz/message.hpp"

void gangway::fuzz::client_message(base::ByteView input) {
  const unsigned number = take_byte(input);
  const auto message =
      wire::decode_client_message(static_cast<std::uint8_t>(number), base::SharedBytes::copy_of(input));
  if (message) require_canonical(message.value(), number, input, {});
}
