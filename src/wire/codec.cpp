#include "wire/codec.hpp"

#include <limits>

#include "wire/reader.hpp"
#include "wire/writer.hpp"

namespace gangway::wire {

namespace {

template <class Message>
EncodedMessage encode_any(const Message& message) {
  Writer writer;
  std::visit([&writer](const auto& value) { writer.write(value); }, message);
  return {static_cast<std::uint8_t>(message.index()), writer.take_head(), writer.take_bulk()};
}

template <class Message>
base::Result<Message> decode_any(std::uint8_t number, Reader reader) {
  Message message;
  reader.read_alternative(message, number);
  if (const base::Status status = reader.finish(); !status) return status.fault();
  return message;
}

std::size_t aligned(std::size_t bytes) {
  return (bytes + bulk_alignment_bytes - 1) / bulk_alignment_bytes * bulk_alignment_bytes;
}

/// `prefix` (ends with the length of the fields), the fields, zeros up to the alignment, room for `data_bytes`.
base::ByteVector padded(base::ByteVector prefix, const base::ByteVector& fields, std::size_t data_bytes) {
  base::ByteVector bytes;
  const std::size_t head_bytes = aligned(prefix.size() + fields.size());
  bytes.reserve(head_bytes + data_bytes);
  bytes.insert(bytes.end(), prefix.begin(), prefix.end());
  bytes.insert(bytes.end(), fields.begin(), fields.end());
  bytes.resize(head_bytes + data_bytes);
  return bytes;
}

}  // namespace

EncodedMessage encode(const ClientMessage& message) {
  return encode_any(message);
}
EncodedMessage encode(const GatewayMessage& message) {
  return encode_any(message);
}
EncodedMessage encode(const ToEngine& message) {
  return encode_any(message);
}
EncodedMessage encode(const FromEngine& message) {
  return encode_any(message);
}
EncodedMessage encode(const ToWorker& message) {
  return encode_any(message);
}
EncodedMessage encode(const FromWorker& message) {
  return encode_any(message);
}

base::Result<ClientMessage> decode_client_message(std::uint8_t number, const base::SharedBytes& body) {
  return decode_any<ClientMessage>(number, Reader{body});
}

base::Result<GatewayMessage> decode_gateway_message(std::uint8_t number, const base::SharedBytes& body) {
  return decode_any<GatewayMessage>(number, Reader{body});
}

base::Result<ToEngine> decode_to_engine(std::uint8_t number, const base::SharedBytes& head,
                                        const base::SharedBytes& bulk) {
  return decode_any<ToEngine>(number, Reader{head, bulk});
}

base::Result<FromEngine> decode_from_engine(std::uint8_t number, const base::SharedBytes& head,
                                            const base::SharedBytes& bulk) {
  return decode_any<FromEngine>(number, Reader{head, bulk});
}

base::Result<ToWorker> decode_to_worker(std::uint8_t number, const base::SharedBytes& body) {
  return decode_any<ToWorker>(number, Reader{body});
}

base::Result<FromWorker> decode_from_worker(std::uint8_t number, const base::SharedBytes& body) {
  return decode_any<FromWorker>(number, Reader{body});
}

namespace {

/// The fields of an operation without its bulk.
struct OperationFields {
  Writer& writer;
  void operator()(const Call& call) const { writer.write(call.function); }
  void operator()(const Push& push) const { writer.write(push.name); }
  void operator()(const Pull& pull) const { writer.write(pull.name); }
  void operator()(const Load& load) const { writer.write(load.module); }
};

struct OperationReader {
  Reader& reader;
  base::SharedBytes bulk;
  void operator()(Call& call) const {
    reader.read(call.function);
    call.arguments = bulk;
  }
  void operator()(Push& push) const {
    reader.read(push.name);
    push.value = bulk;
  }
  void operator()(Pull& pull) const { reader.read(pull.name); }
  void operator()(Load& load) const { reader.read(load.module); }
};

/// Splits `bytes` into the fields announced at `length_at` and the aligned rest.
struct Split {
  base::SharedBytes fields;
  base::SharedBytes rest;
};

base::Result<Split> split(const base::SharedBytes& bytes, std::size_t length_at) {
  constexpr std::size_t length_bytes = sizeof(std::uint32_t);
  if (bytes.size() < length_at + length_bytes) return base::Fault{"malformed operation or value: it ends too early"};
  Reader reader{bytes.cut(length_at, length_bytes)};
  std::uint32_t fields_bytes = 0;
  reader.read(fields_bytes);
  const std::size_t fields_at = length_at + length_bytes;
  if (fields_bytes > bytes.size() - fields_at || aligned(fields_at + fields_bytes) > bytes.size()) {
    return base::Fault{"malformed operation or value: its head is longer than the whole"};
  }
  const std::size_t rest_at = aligned(fields_at + fields_bytes);
  return Split{bytes.cut(fields_at, fields_bytes), bytes.cut(rest_at, bytes.size() - rest_at)};
}

}  // namespace

base::ByteVector encode_operation(const Operation& operation, std::size_t bulk_bytes) {
  Writer fields_writer;
  std::visit(OperationFields{fields_writer}, operation);
  const base::ByteVector fields = fields_writer.take_head();
  Writer prefix;
  prefix.write(static_cast<std::uint8_t>(operation.index()));
  prefix.write(static_cast<std::uint32_t>(fields.size()));
  return padded(prefix.take_head(), fields, bulk_bytes);
}

base::Result<Operation> decode_operation(const base::SharedBytes& bytes) {
  if (bytes.empty()) return base::Fault{"malformed operation: it is empty"};
  base::Result<Split> parts = split(bytes, 1);
  if (!parts) return parts.fault();

  Operation operation;
  switch (std::to_integer<std::uint8_t>(bytes.view()[0])) {
    case 0:
      operation.emplace<Call>();
      break;
    case 1:
      operation.emplace<Push>();
      break;
    case 2:
      operation.emplace<Pull>();
      break;
    case 3:
      operation.emplace<Load>();
      break;
    default:
      return base::Fault{"malformed operation: it has an unknown number"};
  }
  Reader reader{parts.value().fields};
  std::visit(OperationReader{reader, parts.value().rest}, operation);
  if (const base::Status status = reader.finish(); !status) return status.fault();
  return operation;
}

base::ByteVector encode_value(const ValueHead& head, std::size_t data_bytes) {
  Writer fields_writer;
  fields_writer.write(head);
  const base::ByteVector fields = fields_writer.take_head();
  Writer prefix;
  prefix.write(static_cast<std::uint32_t>(fields.size()));
  return padded(prefix.take_head(), fields, data_bytes);
}

std::size_t encoded_value_head_bytes(const ValueHead& head) {
  Writer writer;
  writer.write(head);
  return aligned(sizeof(std::uint32_t) + writer.take_head().size());
}

base::Result<DecodedValue> decode_value(const base::SharedBytes& bytes) {
  base::Result<Split> parts = split(bytes, 0);
  if (!parts) return parts.fault();
  DecodedValue value;
  Reader reader{parts.value().fields};
  reader.read(value.head);
  if (const base::Status status = reader.finish(); !status) return status.fault();
  value.data = parts.value().rest;
  const std::uint64_t element_bytes = value.head.element_bytes;
  if (value.head.is_array && (element_bytes == 0 || value.data.size() % element_bytes != 0)) {
    return base::Fault{"malformed value: an array of " + std::to_string(value.data.size()) +
                       " bytes cannot have elements of " + std::to_string(element_bytes)};
  }
  return value;
}

}  // namespace gangway::wire
