// The engine and its named values as a task sees them.
#include <gangway/engine.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/code/fake_engine.hpp"

namespace gangway {
namespace {

using ::testing::ElementsAre;

struct Mesh {
  std::string name;
  std::vector<double> nodes;
  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& name& nodes;
  }
};

class NamesTest : public ::testing::Test {
 protected:
  template <class Action>
  std::string message(Action action) {
    try {
      action();
    } catch (const ValueError& error) {
      return error.what();
    }
    return "no error";
  }

  test::FakeEngine host_;
  Engine engine_{host_};
  Namespace& names_ = engine_.names();
};

TEST_F(NamesTest, an_array_is_made_of_zeros_and_used_in_place) {
  const std::span<double> made = names_.make<double>("y", 3);
  EXPECT_THAT(made, ElementsAre(0, 0, 0));
  made[1] = 5;
  EXPECT_THAT(names_.array<const double>("y"), ElementsAre(0, 5, 0));
  names_.array<double>("y")[2] = 7;
  EXPECT_THAT(names_.get<std::vector<double>>("y"), ElementsAre(0, 5, 7));
}

TEST_F(NamesTest, contiguous_bytes_are_set_as_arrays_and_the_rest_as_objects) {
  names_.set("vector", std::vector<int>{1, 2});
  names_.set("fixed", std::array<int, 2>{3, 4});
  names_.set("plain", "abc");
  names_.set("number", 5);
  names_.set("mesh", Mesh{"m", {1, 2}});
  names_.set("flags", std::vector<bool>{true});
  EXPECT_THAT(names_.array<const int>("vector"), ElementsAre(1, 2));
  EXPECT_THAT(names_.array<const int>("fixed"), ElementsAre(3, 4));
  EXPECT_THAT((names_.get<std::array<int, 2>>("fixed")), ElementsAre(3, 4));
  EXPECT_EQ(names_.get<std::string>("plain"), "abc");
  EXPECT_EQ(names_.get<int>("number"), 5);
  EXPECT_EQ(names_.get<Mesh>("mesh").nodes.size(), 2U);
  EXPECT_EQ(names_.get<std::vector<bool>>("flags"), std::vector<bool>{true});
}

TEST_F(NamesTest, an_object_is_decoded_once_for_each_version) {
  names_.set("mesh", Mesh{"first", {}});
  const Mesh& first = names_.get<Mesh>("mesh");
  EXPECT_EQ(&names_.get<Mesh>("mesh"), &first);
  names_.set("mesh", Mesh{"second", {}});
  EXPECT_EQ(names_.get<Mesh>("mesh").name, "second");
  EXPECT_EQ(first.name, "first") << "a reference stays good until the task ends";
}

TEST_F(NamesTest, a_copy_of_an_array_follows_what_is_written_in_place) {
  names_.set("x", std::vector<int>{1});
  const std::span<int> writable = names_.array<int>("x");
  EXPECT_THAT(names_.get<std::vector<int>>("x"), ElementsAre(1));
  writable[0] = 2;
  EXPECT_THAT(names_.get<std::vector<int>>("x"), ElementsAre(2));
}

TEST_F(NamesTest, names_are_listed_and_erased) {
  names_.set("b", 1);
  names_.set("a", 1);
  EXPECT_THAT(names_.names(), ElementsAre("a", "b"));
  EXPECT_TRUE(names_.contains("a"));
  EXPECT_TRUE(names_.erase("a"));
  EXPECT_FALSE(names_.erase("a"));
  EXPECT_FALSE(names_.contains("a"));
}

TEST_F(NamesTest, errors_name_the_value_the_place_and_both_types) {
  names_.set("x", std::vector<double>{1, 2, 3});
  names_.set("m", Mesh{});
  EXPECT_EQ(message([&] { static_cast<void>(names_.array<const double>("y")); }),
            "'y' of engine 3 on node7 does not exist");
  EXPECT_EQ(message([&] { static_cast<void>(names_.array<const float>("x")); }),
            "'x' of engine 3 on node7 is an array of double, not an array of float");
  EXPECT_EQ(message([&] { static_cast<void>(names_.get<std::map<std::string, int>>("x")); }),
            "'x' of engine 3 on node7 is an array of double, not an object of type std::map<std::string, int>");
  EXPECT_EQ(
      message([&] { static_cast<void>(names_.array<double>("m")); }),
      "'m' of engine 3 on node7 is an object of type gangway::(anonymous namespace)::Mesh, not an array of double");
  EXPECT_EQ(message([&] { static_cast<void>(names_.get<std::array<double, 2>>("x")); }),
            "'x' of engine 3 on node7 has 3 elements, not 2; a std::vector takes any number");
  EXPECT_EQ(message([&] { names_.make<double>("z", static_cast<std::size_t>(-1) / 4); }),
            "'z' of engine 3 on node7 cannot have that many elements");
}

TEST_F(NamesTest, cached_objects_are_made_once) {
  int made = 0;
  const auto factory = [&] {
    ++made;
    return Mesh{"index", {}};
  };
  Mesh& first = engine_.cached<Mesh>("index", factory);
  first.nodes.push_back(1);
  EXPECT_EQ(engine_.cached<Mesh>("index", factory).nodes.size(), 1U);
  EXPECT_EQ(made, 1);
  EXPECT_EQ(engine_.cached<Mesh>("other", factory).nodes.size(), 0U);
  EXPECT_EQ(made, 2);
}

TEST_F(NamesTest, a_factory_that_throws_leaves_nothing_behind) {
  EXPECT_THROW(engine_.cached<int>("key", []() -> int { throw 1; }), int);
  EXPECT_EQ(engine_.cached<int>("key", [] { return 4; }), 4);
}

TEST_F(NamesTest, a_key_holds_one_type) {
  engine_.cached<int>("key", [] { return 4; });
  EXPECT_EQ(message([&] { engine_.cached<std::string>("key", [] { return "a"; }); }),
            "the cached object 'key' is of type int, not std::string; use another key");
}

// ---------------------------------------------------------------- values as clients push and pull them

template <class T>
auto stored(const T& value) {
  const detail::ValueWriter<T> writer{value};
  test::AlignedBuffer data{writer.bytes()};
  writer.write_to(data.span());
  return std::pair{writer.description(), std::move(data)};
}

template <class R, class T>
R pushed_and_pulled(const T& value) {
  auto [description, data] = stored(value);
  return detail::read_value<R>({description.is_array, description.type, description.element_bytes, data.span()},
                               "'x'");
}

TEST(Value, what_is_pushed_is_pulled) {
  EXPECT_EQ(pushed_and_pulled<int>(5), 5);
  EXPECT_EQ(pushed_and_pulled<std::string>("text"), "text");
  EXPECT_EQ(pushed_and_pulled<std::vector<int>>(std::vector<int>{}), std::vector<int>{});
  EXPECT_EQ(pushed_and_pulled<std::vector<int>>(std::array<int, 2>{1, 2}), (std::vector<int>{1, 2}));
  const int plain[] = {1, 2};
  EXPECT_EQ((pushed_and_pulled<std::array<int, 2>>(plain)), (std::array<int, 2>{1, 2}));
  EXPECT_EQ(pushed_and_pulled<std::vector<int>>(std::span{plain}), (std::vector<int>{1, 2}));
  const std::vector<std::string> words{"a", "b"};
  EXPECT_EQ(pushed_and_pulled<std::vector<std::string>>(words), words);
  EXPECT_THROW(pushed_and_pulled<double>(5), ValueError);
}

TEST(Value, blocks_are_gathered_into_one_vector) {
  std::vector<int> all{0};
  auto [description, data] = stored(std::vector<int>{1, 2});
  const detail::ValueView view{description.is_array, description.type, description.element_bytes, data.span()};
  detail::append_value(view, "'x'", all);
  EXPECT_THAT(all, ElementsAre(0, 1, 2));
  EXPECT_EQ(detail::value_count<int>(view, "'x'"), 2U);
  std::vector<float> wrong;
  EXPECT_THROW(detail::append_value(view, "'x'", wrong), ValueError);
}

}  // namespace
}  // namespace gangway
