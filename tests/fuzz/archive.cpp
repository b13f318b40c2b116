// A byte that chooses a type, then a payload that is said to hold a value of it.
#include <array>
#include <cstring>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include <gangway/archive.hpp>

#include "fuzz/target.hpp"
#include "unit/code/archive_shapes.hpp"

namespace gangway::fuzz {

namespace {

using Everything =
    std::tuple<bool, std::string, std::vector<double>, std::vector<std::string>, std::map<int, std::string>,
               std::optional<int>, std::variant<int, std::string>, shapes::Mesh, std::vector<bool>,
               std::vector<shapes::Nothing>, shapes::Tree, std::array<double, 40>>;

template <class T>
T read(std::span<const std::byte> payload) {
  detail::PayloadReader reader{payload};
  T value = detail::decode<T>(reader);
  reader.expect_end();
  return value;
}

template <class T>
test::AlignedBuffer written(const T& value) {
  detail::PayloadWriter writer;
  detail::encode(writer, value);
  return test::written(writer);
}

/// What is read can be written, and what is written reads the same.
template <class T>
void there_and_back(std::span<const std::byte> payload) {
  std::optional<T> value;
  try {
    value = read<T>(payload);
  } catch (const ArchiveError&) {
    return;
  }
  test::AlignedBuffer once = written(*value);
  test::AlignedBuffer twice = written(read<T>(once.span()));
  require(once.span().size() == twice.span().size() &&
              std::memcmp(once.span().data(), twice.span().data(), once.span().size()) == 0,
          "a value changed on its way");
}

using Reader = void (*)(std::span<const std::byte>);
constexpr std::array<Reader, 10> readers = {
    there_and_back<Everything>,
    there_and_back<std::string>,
    there_and_back<std::vector<double>>,
    there_and_back<std::vector<std::vector<std::string>>>,
    there_and_back<std::map<std::string, std::list<int>>>,
    there_and_back<std::vector<bool>>,
    there_and_back<shapes::Tree>,
    there_and_back<shapes::Mesh>,
    there_and_back<std::variant<std::vector<shapes::Nothing>, std::optional<std::string>, std::set<int>>>,
    there_and_back<std::tuple<std::array<std::string, 3>, shapes::Derived, shapes::Colour>>,
};

}  // namespace

void archive(base::ByteView input) {
  const std::size_t type = take_byte(input) % readers.size();
  test::AlignedBuffer payload{input.size()};
  if (!input.empty()) std::memcpy(payload.span().data(), input.data(), input.size());
  readers[type](payload.span());
}

}  // namespace gangway::fuzz
