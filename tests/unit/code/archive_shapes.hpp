// Classes of all kinds that travel, for the tests of the archive.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <boost/serialization/nvp.hpp>
#include <boost/serialization/split_member.hpp>
#include <boost/serialization/version.hpp>

#include <gangway/archive.hpp>

#include "unit/code/fake_engine.hpp"

namespace shapes {

struct Point {  // trivially copyable: as its bytes
  double x = 0;
  int tag = 0;
  friend bool operator==(const Point&, const Point&) = default;
};

struct Fixed {  // trivially copyable and without a default constructor
  explicit Fixed(int n) : number{n} {}
  int number;
  friend bool operator==(const Fixed&, const Fixed&) = default;
};

class Mesh {  // private serialize
 public:
  Mesh() = default;
  Mesh(std::string mesh_name, std::vector<double> mesh_nodes)
      : name{std::move(mesh_name)}, nodes{std::move(mesh_nodes)} {}
  friend bool operator==(const Mesh&, const Mesh&) = default;

 private:
  friend class boost::serialization::access;
  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& name& nodes;
  }
  std::string name;
  std::vector<double> nodes;
};

struct Split {  // members for each direction, through the macro of Boost; a name-value pair; a version
  std::string text;
  int seen_version = -1;
  template <class Archive>
  void save(Archive& ar, unsigned version) const {
    const std::string made = "<" + text + ">" + std::string(1000, 'x');  // lives no longer than save()
    ar << boost::serialization::make_nvp("text", made) << version;
  }
  template <class Archive>
  void load(Archive& ar, unsigned version) {
    std::string made;
    unsigned written = 0;
    ar >> boost::serialization::make_nvp("text", made) >> written;
    text = made.substr(1, made.find('>') - 1);
    seen_version = static_cast<int>(version == written ? version : 99);
  }
  BOOST_SERIALIZATION_SPLIT_MEMBER()
};

struct Free {  // a free function beside the class
  std::vector<int> numbers;
};
template <class Archive>
void serialize(Archive& ar, Free& value, const unsigned int) {
  ar& value.numbers;
}

struct Foreign {  // a free function in Boost's namespace; trivially copyable, and yet not copied as bytes
  int number = 0;
  int not_sent = 7;
};

struct Base {
  int base = 0;
  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& base;
  }
};
struct Derived : Base {
  std::vector<double> more;
  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& static_cast<Base&>(*this) & more;
  }
};

struct Nothing {  // takes no bytes at all
  template <class Archive>
  void serialize(Archive&, unsigned) {}
  friend bool operator==(Nothing, Nothing) { return true; }
};

struct Refuses {
  Refuses() = default;
  explicit Refuses(int number) { throw number; }
  std::vector<int> numbers;
  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& numbers;
  }
};

struct Tree {
  int value = 0;
  std::vector<Tree> children;
  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& value& children;
  }
  friend bool operator==(const Tree&, const Tree&) = default;
};

enum class Colour : std::uint8_t { red = 1, blue = 7 };

}  // namespace shapes

namespace boost::serialization {
template <class Archive>
void serialize(Archive& ar, shapes::Foreign& value, const unsigned int) {
  ar& value.number;
}
}  // namespace boost::serialization
BOOST_CLASS_VERSION(shapes::Split, 3)

namespace gangway::test {

/// What comes out of the bytes of a value.
template <class T>
T there_and_back(const T& value) {
  detail::PayloadWriter writer;
  detail::encode(writer, value);
  AlignedBuffer payload = written(writer);
  detail::PayloadReader reader{payload.span()};
  T result = detail::decode<T>(reader);
  reader.expect_end();
  return result;
}

inline std::vector<double> numbers(std::size_t count) {
  std::vector<double> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    values[i] = 0.5 * static_cast<double>(i);
  }
  return values;
}

}  // namespace gangway::test
