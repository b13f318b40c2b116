// Named values: comparing types, and the texts when they differ.
#include <gangway/value.hpp>

#include <string>

namespace gangway {

ValueError::~ValueError() = default;

namespace detail {

namespace {

std::string described(bool is_array, std::string_view type) {
  const std::string name = demangle(std::string{type}.c_str());
  return is_array ? "an array of " + name : "an object of type " + name;
}

}  // namespace

void require_type(const ValueView& value, const ValueDescription& wanted, std::string_view what) {
  if (value.is_array != wanted.is_array || value.type != wanted.type) {
    throw ValueError{std::string{what} + " is " + described(value.is_array, value.type) + ", not " +
                     described(wanted.is_array, wanted.type)};
  }
  if (value.is_array &&
      (value.element_bytes != wanted.element_bytes || value.data.size() % wanted.element_bytes != 0)) {
    throw ValueError{std::string{what} + " has elements of " + std::to_string(value.element_bytes) +
                     " bytes, but here a " + demangle(wanted.type) + " takes " +
                     std::to_string(wanted.element_bytes) + ": it was made by another build of the program"};
  }
}

void throw_wrong_size(std::size_t elements, std::size_t wanted, std::string_view what) {
  throw ValueError{std::string{what} + " has " + std::to_string(elements) + " elements, not " +
                   std::to_string(wanted) + "; a std::vector takes any number"};
}

}  // namespace detail
}  // namespace gangway
