// Direction, number and where the bulk begins (two bytes), then head and bulk.
#include <algorithm>

#include "fuzz/message.hpp"

void gangway::fuzz::link_message(base::ByteView input) {
  const bool to_engine = take_byte(input) % 2 == 0;
  const unsigned number = take_byte(input);
  const std::size_t low = take_byte(input);
  const std::size_t high = take_byte(input);
  const std::size_t split = std::min(low + 256 * high, input.size());
  const base::ByteView head = input.first(split);
  const base::ByteView bulk = input.subspan(split);
  const auto kind = static_cast<std::uint8_t>(number);
  const auto copied_head = base::SharedBytes::copy_of(head);
  const auto copied_bulk = base::SharedBytes::copy_of(bulk);
  if (to_engine) {
    const auto message = wire::decode_to_engine(kind, copied_head, copied_bulk);
    if (message) require_canonical(message.value(), number, head, bulk);
  } else {
    const auto message = wire::decode_from_engine(kind, copied_head, copied_bulk);
    if (message) require_canonical(message.value(), number, head, bulk);
  }
}
