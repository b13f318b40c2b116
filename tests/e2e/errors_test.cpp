#include <unistd.h>

#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "e2e/support/shared_cluster.hpp"

namespace gangway::e2e {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class Overheated : public std::exception {
 public:
  [[nodiscard]] const char* what() const noexcept override { return "engine room at 80 degrees"; }
};

/// Can be thrown, but neither copied nor printed.
struct Sealed {
  Sealed() = default;
  Sealed(Sealed&&) = default;
  Sealed(const Sealed&) = delete;
  Sealed& operator=(const Sealed&) = delete;
};

enum class Kind { domain_error, own_class, number, text, string, sealed };

int throw_a(Kind kind) {
  switch (kind) {
    case Kind::domain_error:
      throw std::domain_error{"negative mass"};
    case Kind::own_class:
      throw Overheated{};
    case Kind::number:
      throw 42;
    case Kind::text:
      throw "a plain text";
    case Kind::string:
      throw std::string{"a string"};
    case Kind::sealed:
      throw Sealed{};
  }
  return 0;
}

std::string host_of(Engine& engine) {
  return engine.host();
}

int fail_if_odd(int number) {
  if (number % 2 != 0) throw std::domain_error{"odd: " + std::to_string(number)};
  return number;
}

void fail_everywhere(Engine& engine) {
  throw std::runtime_error{"not on engine " + std::to_string(engine.id().value())};
}

void fail_on_engine(Engine& engine, std::uint32_t id) {
  if (engine.id().value() == id) throw std::runtime_error{"only here"};
}

int set_then_throw(Engine& engine) {
  engine.names().set("half done", 1);
  engine.names().make<double>("half filled", 10)[0] = 1.0;
  throw std::runtime_error{"after the values were made"};
}

class ErrorsTest : public SharedClusterTest {
 protected:
  RemoteError error_of(Kind kind) {
    return remote_error_of([&] { return engine(1).apply(fn<throw_a>, kind).get(); });
  }
};

TEST_F(ErrorsTest, AnExceptionArrivesWithItsTypeItsTextAndItsPlace) {
  const RemoteError error = error_of(Kind::domain_error);
  EXPECT_EQ(error.kind(), FailureKind::exception);
  EXPECT_EQ(error.type(), "std::domain_error");
  EXPECT_EQ(error.text(), "negative mass");
  EXPECT_EQ(error.engine(), engine(1).id());
  EXPECT_EQ(error.host(), engine(1).apply(fn<host_of>).get());
  EXPECT_THAT(error.what(), AllOf(HasSubstr("engine 1"), HasSubstr(error.host()), HasSubstr("throw_a")));
  EXPECT_NE(error.task(), TaskId{});
}

TEST_F(ErrorsTest, AnExceptionMayBeOfAnyType) {
  const RemoteError own_class = error_of(Kind::own_class);
  EXPECT_THAT(own_class.type(), HasSubstr("Overheated"));
  EXPECT_EQ(own_class.text(), "engine room at 80 degrees");

  const RemoteError number = error_of(Kind::number);
  EXPECT_EQ(number.type(), "int");
  EXPECT_EQ(number.text(), "42");

  const RemoteError text = error_of(Kind::text);
  EXPECT_EQ(text.type(), "char const*");
  EXPECT_EQ(text.text(), "a plain text");

  EXPECT_EQ(error_of(Kind::string).text(), "a string");

  const RemoteError sealed = error_of(Kind::sealed);
  EXPECT_THAT(sealed.type(), HasSubstr("Sealed"));
  EXPECT_THAT(sealed.text(), HasSubstr("without a text"));
  EXPECT_EQ(sealed.engine(), engine(1).id());
}

TEST_F(ErrorsTest, AnExceptionCostsNoWorker) {
  const auto pid = [](int) { return ::getpid(); };
  const int before = engine(0).apply(pid, 0).get();
  EXPECT_THROW(engine(0).apply(fn<throw_a>, Kind::sealed).get(), RemoteError);
  EXPECT_EQ(engine(0).apply(pid, 0).get(), before);
}

TEST_F(ErrorsTest, SeveralEnginesFailAsOneCompositeError) {
  try {
    all.apply(fn<fail_everywhere>).get();
    FAIL() << "nothing was thrown";
  } catch (const CompositeError& error) {
    EXPECT_EQ(error.failed(), shared_engines);
    EXPECT_EQ(error.parts(), shared_engines);
    ASSERT_EQ(error.errors().size(), shared_engines);
    for (std::uint32_t id = 0; id < shared_engines; ++id) {
      EXPECT_EQ(error.errors()[id].engine(), EngineId{id});
      EXPECT_EQ(error.errors()[id].text(), "not on engine " + std::to_string(id));
    }
    EXPECT_THAT(error.what(), HasSubstr("3 of 3 engines failed"));
  }
}

TEST_F(ErrorsTest, OneEngineOfSeveralFailsAsItsOwnError) {
  const RemoteError error = remote_error_of([&] {
    all.apply(fn<fail_on_engine>, 2U).get();
    return 0;
  });
  EXPECT_EQ(error.engine(), EngineId{2});
  EXPECT_EQ(error.text(), "only here");
}

TEST_F(ErrorsTest, AMapNamesTheElementsThatFailed) {
  std::vector<int> numbers(1000, 2);
  numbers[500] = 7;
  const RemoteError one = remote_error_of([&] { return any.map(fn<fail_if_odd>, numbers).get(); });
  EXPECT_EQ(one.index(), 500U);
  EXPECT_EQ(one.type(), "std::domain_error");
  EXPECT_EQ(one.text(), "odd: 7");

  numbers[3] = 9;
  try {
    static_cast<void>(any.map(fn<fail_if_odd>, numbers).get());
    FAIL() << "nothing was thrown";
  } catch (const CompositeError& error) {
    EXPECT_EQ(error.failed(), 2U);
    EXPECT_EQ(error.parts(), 1000U);
    EXPECT_EQ(error.errors().at(0).index(), 3U);
    EXPECT_EQ(error.errors().at(1).index(), 500U);
  }
}

TEST_F(ErrorsTest, TheOtherElementsOfAMapAreThereAsTheyComplete) {
  std::vector<int> numbers;
  for (int i = 0; i < 300; ++i) numbers.push_back(i);
  std::set<std::size_t> good;
  std::set<std::size_t> failed;
  auto elements = any.with(chunk(7)).map(fn<fail_if_odd>, numbers).as_completed();
  for (bool at_end = false; !at_end;) {
    try {
      for (auto [index, value] : elements) {
        EXPECT_EQ(value, numbers[index]);
        EXPECT_TRUE(good.insert(index).second) << "twice: " << index;
      }
      at_end = true;
    } catch (const RemoteError& error) {
      EXPECT_TRUE(failed.insert(error.index().value()).second) << "twice: " << *error.index();
    }
  }
  EXPECT_EQ(good.size(), 150U);
  EXPECT_EQ(failed.size(), 150U);
  for (const std::size_t index : good) EXPECT_EQ(index % 2, 0U);
}

TEST_F(ErrorsTest, WhatAFailedCallMadeDoesNotExist) {
  EXPECT_THROW(engine(0).apply(fn<set_then_throw>).get(), RemoteError);
  EXPECT_THROW(engine(0).pull<int>("half done").get(), RemoteError);
  EXPECT_THROW(engine(0).pull<std::vector<double>>("half filled").get(), RemoteError);
}

}  // namespace
}  // namespace gangway::e2e
