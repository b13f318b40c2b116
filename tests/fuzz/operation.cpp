// A byte that chooses operation or value, then its bytes. Zeros between head and bulk are not looked at when they are
// read: what holds is that writing and reading again changes nothing.
#include <algorithm>
#include <variant>

#include "fuzz/target.hpp"
#include "wire/codec.hpp"

namespace gangway::fuzz {

namespace {

base::SharedBytes with_data(base::ByteVector encoded, const base::SharedBytes& data) {
  std::copy(data.view().begin(), data.view().end(), encoded.end() - static_cast<std::ptrdiff_t>(data.size()));
  return base::SharedBytes{std::move(encoded)};
}

base::SharedBytes bulk_of(const wire::Operation& operation) {
  if (const auto* call = std::get_if<wire::Call>(&operation)) return call->arguments;
  if (const auto* push = std::get_if<wire::Push>(&operation)) return push->value;
  return {};
}

void read_operation(const base::SharedBytes& bytes) {
  const auto operation = wire::decode_operation(bytes);
  if (!operation) return;
  const base::SharedBytes bulk = bulk_of(operation.value());
  const auto again = wire::decode_operation(with_data(wire::encode_operation(operation.value(), bulk.size()), bulk));
  require(again.ok() && again.value() == operation.value(), "an operation changed on its way");
}

void read_value(const base::SharedBytes& bytes) {
  const auto value = wire::decode_value(bytes);
  if (!value) return;
  const base::SharedBytes& data = value.value().data;
  const auto again = wire::decode_value(with_data(wire::encode_value(value.value().head, data.size()), data));
  require(again.ok() && again.value().head == value.value().head && again.value().data == data,
          "a value changed on its way");
}

}  // namespace

void operation(base::ByteView input) {
  const bool is_operation = take_byte(input) % 2 == 0;
  const auto bytes = base::SharedBytes::copy_of(input);
  is_operation ? read_operation(bytes) : read_value(bytes);
}

}  // namespace gangway::fuzz
