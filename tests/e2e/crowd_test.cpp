#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include <gmock/gmock.h>

#include "e2e/support/hostile.hpp"
#include "wire/codec.hpp"
#include "wire/frame.hpp"

namespace gangway::e2e {
namespace {

using testing::HasSubstr;

constexpr std::size_t mib = 1024 * 1024;

/// Many at once, or one that takes too much; the gateway's memory is watched.
class CrowdTest : public HostileTest {
 protected:
  void SetUp() override {
    HostileTest::SetUp();
    gateway_ = Traces::of(cluster().name()).pids_of("gangway-rank", "gateway").front();
    before_ = resident_bytes();
  }

  [[nodiscard]] std::size_t resident_bytes() const {
    std::ifstream status{"/proc/" + std::to_string(gateway_) + "/status"};
    for (std::string word; status >> word;) {
      std::size_t kib = 0;
      if (word == "VmRSS:" && status >> kib) return kib * 1024;
    }
    return 0;
  }
  /// How much more memory the gateway has than at the test's beginning.
  [[nodiscard]] std::size_t growth() const {
    const std::size_t now = resident_bytes();
    return now > before_ ? now - before_ : 0;
  }

 private:
  pid_t gateway_ = 0;
  std::size_t before_ = 0;
};

/// A session of our own making, which keeps to the protocol as far as the test wants.
class RawSession {
 public:
  RawSession(std::uint16_t port, const tls::Identity& identity) : stranger_{port, identity} {
    say(wire::Hello{});
    stranger_.hear();  // the Welcome
  }

  void say(const wire::ClientMessage& message) { stranger_.say(frame_of(message)); }
  void submit(EngineId engine, const wire::Operation& operation, const std::string& value = {}) {
    base::ByteVector bytes = wire::encode_operation(operation, value.size());
    std::memcpy(bytes.data() + bytes.size() - value.size(), value.data(), value.size());
    const char* label = std::holds_alternative<wire::Pull>(operation) ? "pull" : "push";
    say(wire::SubmitTask{wire::RequestId{++requests_}, {engine}, label, {}, base::SharedBytes{std::move(bytes)}});
  }
  std::string hear_to_the_end() { return stranger_.hear_to_the_end(); }

  static std::string frame_of(const wire::ClientMessage& message) {
    const wire::EncodedMessage encoded = wire::encode(message);
    const auto header = wire::frame_header(encoded.number, encoded.body_bytes());
    std::string bytes{reinterpret_cast<const char*>(header.data()), header.size()};
    bytes.append(reinterpret_cast<const char*>(encoded.head.data()), encoded.head.size());
    bytes.append(reinterpret_cast<const char*>(encoded.bulk.view().data()), encoded.bulk.size());
    return bytes;
  }

 private:
  TlsStranger stranger_;
  std::uint64_t requests_ = 0;
};

TEST_F(CrowdTest, FiveThousandConnectionsThatDoNothingDelayNobodyForLong) {
  constexpr std::size_t connections = 5000;
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  if (limit.rlim_max < connections + 200) {
    GTEST_SKIP() << "this account may open " << limit.rlim_max << " files at a time, the test needs 5200";
  }
  const rlimit before = limit;
  limit.rlim_cur = limit.rlim_max;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  {
    boost::asio::io_context io;
    std::vector<boost::asio::ip::tcp::socket> crowd;
    for (std::size_t i = 0; i < connections; ++i) {
      crowd.emplace_back(io).connect({boost::asio::ip::address_v4::loopback(), port_});
    }
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(cluster().connect().balanced().apply(fn<slowly_doubled>, 4).get(), 8) << "a new client gets in";
    const auto taken = std::chrono::steady_clock::now() - begin;
    RecordProperty("ms_to_get_in", std::to_string(taken / std::chrono::milliseconds{1}));
    RecordProperty("gateway_grew_by_kib", std::to_string(growth() / 1024));
    EXPECT_LT(growth(), 16 * mib);
  }
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

TEST_F(CrowdTest, AHundredSessionsThatDoNothingTakeLittleMemory) {
  std::vector<std::unique_ptr<RawSession>> sessions;
  for (int i = 0; i < 100; ++i) sessions.push_back(std::make_unique<RawSession>(port_, own_));
  EXPECT_TRUE(eventually([&] { return client.status().sessions >= 101; }));
  RecordProperty("gateway_grew_by_kib", std::to_string(growth() / 1024));
  EXPECT_LT(growth(), 100 * mib / 4) << "a quarter MiB for each";
}

TEST_F(CrowdTest, WhoNeverReadsCostsBoundedMemoryAndNobodyElseAnything) {
  // 100 results of 8 MiB each; without a bound they would all be kept. The bound: 256 MiB, and one of unknown length
  // for each engine; see core/results_window.hpp.
  const EngineId target = client.engines().front().id;
  RawSession greedy{port_, own_};
  const base::ByteVector value = wire::encode_value({.is_array = true, .type = "c", .element_bytes = 1}, 8 * mib);
  greedy.submit(target, wire::Push{"heavy", {}}, {reinterpret_cast<const char*>(value.data()), value.size()});
  for (int i = 0; i < 100; ++i) greedy.submit(target, wire::Pull{"heavy"});
  std::size_t most = 0;
  EXPECT_TRUE(eventually([&] {
    most = std::max(most, growth());
    return most > 100 * mib;
  })) << "the results were not even fetched: this tests nothing";
  for (int i = 0; i < 100; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
    most = std::max(most, growth());
  }
  RecordProperty("gateway_grew_by_mib", std::to_string(most / mib));
  EXPECT_LT(most, 400 * mib);
  EXPECT_EQ(engine(0).apply(fn<slowly_doubled>, 5).get(), 10) << "on the same engine, too";
}

TEST_F(CrowdTest, WhoSubmitsBeyondItsCreditIsSentAway) {
  RawSession greedy{port_, own_};
  constexpr int beyond_credit = 66'000;
  try {
    for (int i = 0; i < beyond_credit; ++i) greedy.submit(EngineId{4711}, wire::Pull{"x"});
  } catch (const boost::system::system_error&) {
    // sent away before the last one was written
  }
  EXPECT_THAT(greedy.hear_to_the_end(), HasSubstr("exceeds the credit"));
}

}  // namespace
}  // namespace gangway::e2e
