// An engine between a recording gateway and keeper, and workers that the test plays by hand over real channels.
#pragma once

#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "engine/engine.hpp"
#include "tls/digest.hpp"
#include "wire/codec.hpp"

namespace gangway::engine {
using base::SharedBytes;

inline SharedBytes bytes(std::string_view text) {
  return SharedBytes::copy_of(base::bytes_of(text));
}

/// The worker's side of a channel, driven by the test.
class ByHand {
 public:
  ByHand(std::uint64_t number, Engine& engine, base::Instant now) : number_{number} {
    keeper::ChannelDescriptors mine = std::move(keeper::ChannelDescriptors::create()).value();
    keeper::ChannelDescriptors theirs{os::Descriptor{::dup(mine.memory.get())},
                                      os::Descriptor{::dup(mine.event.get())}};
    engine.report(keeper::WorkerStarted{number, ::getpid(), std::move(theirs)}, now);
    end_ = std::make_unique<keeper::WorkerEnd>(
        std::move(keeper::WorkerEnd::open(std::move(mine), base::Duration{0}).value()));
    say(wire::WorkerReady{::getpid()});
  }

  void say(const wire::FromWorker& message) { EXPECT_TRUE(end_->send(wire::encode(message))); }

  /// The next message of the rank, which must be a T.
  template <class T>
  T hear() {
    const std::optional<keeper::ChannelMessage> received = end_->receive();
    EXPECT_TRUE(received.has_value());
    const base::Result<wire::ToWorker> message = wire::decode_to_worker(received->number, received->body);
    EXPECT_TRUE(message.ok() && std::holds_alternative<T>(message.value()));
    return std::get<T>(message.value());
  }

  [[nodiscard]] std::uint64_t number() const { return number_; }
  keeper::LastWordsArea& last_words() { return end_->last_words(); }

 private:
  std::uint64_t number_;
  std::unique_ptr<keeper::WorkerEnd> end_;
};

class EngineTest : public testing::Test {
 protected:
  EngineTest() {
    std::string pattern = testing::TempDir() + "gangway-engine-XXXXXX";
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
    EnginePorts ports{[this](const wire::FromEngine& message) { to_gateway_.push_back(message); },
                      [this](const keeper::RankRequest& request) { to_keeper_.push_back(request); },
                      {[](int) {}, [](int) {}},
                      [this](const std::string& reason) { cannot_start_ = reason; }};
    engine_ = std::make_unique<Engine>(wire::EngineInfo{EngineId{3}, 1, "node7", 1}, arena_, directory_, tls::sha256,
                                       std::move(ports));
  }
  ~EngineTest() override {
    to_gateway_.clear();
    engine_.reset();
    std::filesystem::remove_all(directory_);
  }

  static keeper::Arena make_arena() {
    base::Result<os::Descriptor> memory = keeper::Arena::create(std::uint64_t{256} << 20);
    return std::move(keeper::Arena::map(memory.value().get(), keeper::arena_base).value());
  }

  void run_turns() {
    while (engine_->turn(now_)) {
    }
  }

  wire::AttemptRef submit(const wire::Operation& operation, base::ByteView bulk = {}, bool returnable = false) {
    base::ByteVector encoded = wire::encode_operation(operation, bulk.size());
    std::copy(bulk.begin(), bulk.end(), encoded.end() - static_cast<std::ptrdiff_t>(bulk.size()));
    const wire::AttemptRef attempt{TaskId{++last_task_}, 1};
    engine_->receive(wire::RunTask{attempt, returnable, SharedBytes{std::move(encoded)}});
    run_turns();
    return attempt;
  }

  static SharedBytes push_of(const std::string& name, const base::ByteVector& value) {
    base::ByteVector encoded = wire::encode_operation(wire::Push{name, {}}, value.size());
    std::copy(value.begin(), value.end(), encoded.end() - static_cast<std::ptrdiff_t>(value.size()));
    return SharedBytes{std::move(encoded)};
  }

  wire::AttemptRef submit_call(bool returnable = false) {
    wire::Call call;
    call.function.module = module_;
    call.function.name = "f";
    return submit(call, base::bytes_of("arguments"), returnable);
  }

  void submit_call_by_name() {
    wire::Call call;
    call.function.name = "f";
    submit(call);
  }

  void store_module() { engine_->receive(wire::StoreModule{module_, bytes("module")}); }

  /// Plays the loading of the module and takes the call.
  wire::RunCall load_and_take_call(ByHand& worker) {
    worker.hear<wire::LoadModule>();
    worker.say(wire::ModuleLoaded{module_, ""});
    run_turns();
    return worker.hear<wire::RunCall>();
  }

  /// The only answer since the last look, which must be an AttemptFinished.
  wire::AttemptFinished answer() {
    run_turns();
    std::vector<wire::AttemptFinished> found;
    for (const wire::FromEngine& message : std::exchange(to_gateway_, {})) {
      if (const auto* finished = std::get_if<wire::AttemptFinished>(&message)) found.push_back(*finished);
    }
    EXPECT_EQ(found.size(), 1U);
    return found.empty() ? wire::AttemptFinished{} : found.front();
  }

  wire::Failure failure() { return std::get<wire::Failure>(answer().outcome); }

  keeper::Arena arena_ = make_arena();
  std::string directory_;
  base::Instant now_{0};
  std::uint64_t last_task_ = 0;
  const wire::ModuleHash module_ = tls::sha256(base::bytes_of("module"));
  std::vector<wire::FromEngine> to_gateway_;
  std::vector<keeper::RankRequest> to_keeper_;
  std::string cannot_start_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace gangway::engine
