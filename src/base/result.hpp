// What can go wrong in a correct program travels as a value inside Gangway; only the public face throws.
#pragma once

#include <string>
#include <utility>
#include <variant>

#include "base/check.hpp"

namespace gangway::base {

/// Why an operation failed: one sentence that names the thing, the place and the way out.
struct Fault {
  std::string text;

  friend bool operator==(const Fault&, const Fault&) = default;
};

/// Either a T or the reason why there is none.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : content_{std::in_place_index<0>, std::move(value)} {}
  Result(Fault fault) : content_{std::in_place_index<1>, std::move(fault)} {}

  [[nodiscard]] bool ok() const { return content_.index() == 0; }
  explicit operator bool() const { return ok(); }

  [[nodiscard]] T& value() & {
    GANGWAY_CHECK(ok(), "the value of a failed Result was asked for");
    return std::get<0>(content_);
  }
  [[nodiscard]] const T& value() const& {
    GANGWAY_CHECK(ok(), "the value of a failed Result was asked for");
    return std::get<0>(content_);
  }
  [[nodiscard]] T&& value() && {
    GANGWAY_CHECK(ok(), "the value of a failed Result was asked for");
    return std::get<0>(std::move(content_));
  }
  [[nodiscard]] const Fault& fault() const {
    GANGWAY_CHECK(!ok(), "the fault of a good Result was asked for");
    return std::get<1>(content_);
  }

 private:
  std::variant<T, Fault> content_;
};

/// A Result of something that is done for its effect.
struct Done {};
using Status = Result<Done>;

}  // namespace gangway::base
