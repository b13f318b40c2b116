#include "engine/directory.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "wire/codec.hpp"

namespace gangway::engine {
namespace {

using base::SharedBytes;

class DirectoryTest : public testing::Test {
 protected:
  static keeper::Arena make_arena() {
    base::Result<os::Descriptor> memory = keeper::Arena::create(1 << 20);
    return std::move(keeper::Arena::map(memory.value().get(), keeper::arena_base).value());
  }

  /// An array of doubles as it travels.
  static SharedBytes array(const std::vector<double>& elements) {
    base::ByteVector bytes = wire::encode_value({true, "d", sizeof(double)}, elements.size() * sizeof(double));
    std::memcpy(bytes.data() + bytes.size() - elements.size() * sizeof(double), elements.data(),
                elements.size() * sizeof(double));
    return SharedBytes{std::move(bytes)};
  }

  static SharedBytes object() { return SharedBytes{wire::encode_value({false, "4Mesh", 0}, 10)}; }

  std::span<double> doubles(const wire::ArenaRange& range) {
    const std::span<std::byte> bytes = *arena_.at(range.offset, range.bytes);
    return {reinterpret_cast<double*>(bytes.data()), bytes.size() / sizeof(double)};
  }

  std::vector<double> pulled(const std::string& name) {
    const auto value = directory_.pull(name);
    if (const auto* failure = std::get_if<wire::Failure>(&value)) {
      ADD_FAILURE() << failure->text;
      return {};
    }
    const SharedBytes data = wire::decode_value(std::get<SharedBytes>(value)).value().data;
    std::vector<double> elements(data.size() / sizeof(double));
    std::memcpy(elements.data(), data.view().data(), data.size());
    return elements;
  }

  wire::MakeArray make(const std::string& name, std::size_t count) {
    return {name, {true, "d", sizeof(double)}, count * sizeof(double)};
  }

  keeper::Arena arena_ = make_arena();
  BlockPool pool_{arena_};
  Directory directory_{arena_, pool_};
};

TEST_F(DirectoryTest, GivesBackWhatWasPushed) {
  const auto changes = directory_.push("x", array({1, 2, 3}));
  ASSERT_TRUE(changes.ok());
  EXPECT_EQ(changes.value().added, std::vector<std::string>{"x"});
  EXPECT_EQ(pulled("x"), (std::vector<double>{1, 2, 3}));
  EXPECT_TRUE(directory_.push("x", array({4})).value().added.empty());
  EXPECT_EQ(pulled("x"), std::vector<double>{4});
}

TEST_F(DirectoryTest, AnArrayLiesOnA64ByteBoundary) {
  ASSERT_TRUE(directory_.push("x", array({1, 2, 3})).ok());
  directory_.begin_call();
  const wire::ValueOpened opened = directory_.open("x", wire::ValueAccess::read);
  EXPECT_EQ(opened.data.offset % 64, 0U);
  EXPECT_EQ(opened.data.bytes, 24U);
  EXPECT_EQ(doubles(opened.data)[1], 2.0);
}

TEST_F(DirectoryTest, NamesWhatThereIsWhenAValueIsMissing) {
  ASSERT_TRUE(directory_.push("genome", array({1})).ok());
  const auto value = directory_.pull("genom");
  EXPECT_EQ(std::get<wire::Failure>(value).text, "no value named 'genom' here; there is 'genome'");
}

TEST_F(DirectoryTest, RefusesAValueWhoseFormIsBad) {
  EXPECT_FALSE(directory_.push("x", SharedBytes::copy_of(base::bytes_of("garbage"))).ok());
}

TEST_F(DirectoryTest, WhatACallMakesIsSeenByItselfAtOnceAndByOthersWhenItSucceeds) {
  directory_.begin_call();
  const wire::BlockGranted granted = directory_.make_array(make("y", 4));
  ASSERT_TRUE(granted.reason.empty());
  EXPECT_EQ(doubles(granted.block)[3], 0.0);
  doubles(granted.block)[3] = 7;
  EXPECT_EQ(doubles(directory_.open("y", wire::ValueAccess::read).data)[3], 7.0);
  EXPECT_EQ(directory_.names(), std::vector<std::string>{"y"});
  EXPECT_TRUE(std::holds_alternative<wire::Failure>(directory_.pull("y")));
  EXPECT_EQ(directory_.commit_call().added, std::vector<std::string>{"y"});
  EXPECT_EQ(pulled("y"), (std::vector<double>{0, 0, 0, 7}));
}

TEST_F(DirectoryTest, WhatAFailedCallMadeIsGoneAndItsMemoryIsFree) {
  const std::uint64_t before = pool_.used_bytes();
  directory_.begin_call();
  ASSERT_TRUE(directory_.make_array(make("y", 1000)).reason.empty());
  ASSERT_TRUE(directory_.make_array(make("y", 2000)).reason.empty());
  directory_.drop_call();
  EXPECT_TRUE(directory_.names().empty());
  EXPECT_EQ(pool_.used_bytes(), before);
}

TEST_F(DirectoryTest, AnOldVersionLivesUntilItsLastReaderEnds) {
  ASSERT_TRUE(directory_.push("x", array({1, 2})).ok());
  const auto held = std::get<SharedBytes>(directory_.pull("x"));
  ASSERT_TRUE(directory_.push("x", array({3, 4})).ok());
  double first = 0;
  std::memcpy(&first, wire::decode_value(held).value().data.view().data(), sizeof first);
  EXPECT_EQ(first, 1.0);
}

TEST_F(DirectoryTest, AClaimForWritingDoesNotChangeWhatSomebodyStillReads) {
  ASSERT_TRUE(directory_.push("x", array({1, 2})).ok());
  const auto held = std::get<SharedBytes>(directory_.pull("x"));
  directory_.begin_call();
  doubles(directory_.open("x", wire::ValueAccess::write).data)[0] = 9;
  directory_.commit_call();
  double first = 0;
  std::memcpy(&first, wire::decode_value(held).value().data.view().data(), sizeof first);
  EXPECT_EQ(first, 1.0);
  EXPECT_EQ(pulled("x"), (std::vector<double>{9, 2}));
}

TEST_F(DirectoryTest, ACallThatReadsAndClaimsASharedVersionKeepsWhatItReads) {
  ASSERT_TRUE(directory_.push("x", array({1, 2})).ok());
  auto held = std::make_unique<SharedBytes>(std::get<SharedBytes>(directory_.pull("x")));
  directory_.begin_call();
  const std::span<double> read = doubles(directory_.open("x", wire::ValueAccess::read).data);
  doubles(directory_.open("x", wire::ValueAccess::write).data)[0] = 9;
  held.reset();  // the pull is over, and its memory would be free now
  const BlockPtr taken = pool_.take(1);
  EXPECT_NE(static_cast<const void*>(taken->bytes().data() + 64), static_cast<const void*>(read.data()));
  EXPECT_EQ(read[0], 1.0);
  directory_.commit_call();
}

TEST_F(DirectoryTest, AClaimForWritingIsInPlaceWhenNobodyElseReads) {
  ASSERT_TRUE(directory_.push("x", array({1, 2})).ok());
  directory_.begin_call();
  const wire::ArenaRange read = directory_.open("x", wire::ValueAccess::read).data;
  EXPECT_EQ(directory_.open("x", wire::ValueAccess::write).data, read);
}

TEST_F(DirectoryTest, EveryChangeHasANewVersionNumber) {
  ASSERT_TRUE(directory_.push("x", array({1})).ok());
  directory_.begin_call();
  const std::uint64_t pushed = directory_.open("x", wire::ValueAccess::read).version;
  EXPECT_EQ(directory_.open("x", wire::ValueAccess::read).version, pushed);
  EXPECT_NE(directory_.open("x", wire::ValueAccess::write).version, pushed);
}

TEST_F(DirectoryTest, AnArrayThatADeadTaskWasWritingIsTornUntilItIsSetAgain) {
  ASSERT_TRUE(directory_.push("x", array({1})).ok());
  ASSERT_TRUE(directory_.push("z", array({5})).ok());
  directory_.begin_call();
  ASSERT_TRUE(directory_.open("x", wire::ValueAccess::write).reason.empty());
  ASSERT_TRUE(directory_.open("z", wire::ValueAccess::read).reason.empty());
  directory_.tear_call("task 12");

  const auto failure = std::get<wire::Failure>(directory_.pull("x"));
  EXPECT_EQ(failure.kind, wire::FailureKind::torn);
  EXPECT_NE(failure.text.find("task 12"), std::string::npos);
  directory_.begin_call();
  EXPECT_EQ(directory_.open("x", wire::ValueAccess::read).failure, wire::FailureKind::torn);
  directory_.drop_call();
  EXPECT_EQ(pulled("z"), std::vector<double>{5});

  ASSERT_TRUE(directory_.push("x", array({2})).ok());
  EXPECT_EQ(pulled("x"), std::vector<double>{2});
}

TEST_F(DirectoryTest, AnErasedValueIsGoneWhenTheCallSucceeds) {
  ASSERT_TRUE(directory_.push("x", array({1})).ok());
  directory_.begin_call();
  EXPECT_TRUE(directory_.erase("x"));
  EXPECT_FALSE(directory_.erase("x"));
  EXPECT_FALSE(directory_.open("x", wire::ValueAccess::read).reason.empty());
  EXPECT_EQ(directory_.commit_call().removed, std::vector<std::string>{"x"});
  EXPECT_TRUE(directory_.names().empty());
}

TEST_F(DirectoryTest, ObjectsAreNotWrittenInPlace) {
  ASSERT_TRUE(directory_.push("m", object()).ok());
  directory_.begin_call();
  EXPECT_FALSE(directory_.open("m", wire::ValueAccess::write).reason.empty());
  EXPECT_TRUE(directory_.open("m", wire::ValueAccess::read).reason.empty());
}

TEST_F(DirectoryTest, SaysHowMuchIsLeftWhenTheMemoryIsFull) {
  directory_.begin_call();
  const wire::BlockGranted granted = directory_.make_array(make("big", 1 << 20));
  EXPECT_NE(granted.reason.find("no room for 'big'"), std::string::npos);
  EXPECT_NE(granted.reason.find("1048576"), std::string::npos);
}

TEST_F(DirectoryTest, BoundsTheNames) {
  std::string refused;
  for (int i = 0; i < 1000 && refused.empty(); ++i) {
    const auto pushed = directory_.push(std::string(1000, 'n') + std::to_string(i), array({1}));
    if (!pushed) refused = pushed.fault().text;
  }
  EXPECT_NE(refused.find("KiB of names"), std::string::npos);
  EXPECT_FALSE(directory_.push(std::string(5000, 'n'), array({1})).ok());
}

}  // namespace
}  // namespace gangway::engine
