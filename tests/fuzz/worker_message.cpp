// Direction, number, body.
#include "fuzz/message.hpp"

void gangway::fuzz::worker_message(base::ByteView input) {
  const bool to_worker = take_byte(input) % 2 == 0;
  const unsigned number = take_byte(input);
  const auto body = base::SharedBytes::copy_of(input);
  const auto kind = static_cast<std::uint8_t>(number);
  if (to_worker) {
    const auto message = wire::decode_to_worker(kind, body);
    if (message) require_canonical(message.value(), number, input, {});
  } else {
    const auto message = wire::decode_from_worker(kind, body);
    if (message) require_canonical(message.value(), number, input, {});
  }
}
