// What stands encoded in a column. Internal to src/journal.
#pragma once

#include <tuple>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "core/task.hpp"
#include "wire/reader.hpp"
#include "wire/writer.hpp"

namespace gangway::journal {

/// core::FailedAttempt as it is stored.
struct StoredAttempt {
  core::FailedAttempt failed;

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.failed.attempt, m.failed.engine, m.failed.kind, m.failed.reason);
  }
};

template <class T>
base::ByteVector encode_column(const T& value) {
  wire::Writer writer;
  writer.write(value);
  return writer.take_head();
}

/// A fault if the bytes are damaged.
template <class T>
base::Result<T> decode_column(const base::SharedBytes& bytes) {
  wire::Reader reader{bytes};
  T value{};
  reader.read(value);
  if (base::Status good = reader.finish(); !good) return good.fault();
  return value;
}

}  // namespace gangway::journal
