// A rank for one worker: starts gangway-worker on a real channel and a real arena, and answers what it asks.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <gangway/function.hpp>

#include "keeper/arena.hpp"
#include "keeper/channel.hpp"
#include "wire/worker_message.hpp"

namespace gangway::test {

class TestRank {
 public:
  TestRank();
  ~TestRank();

  /// Waits for the worker's next message; nothing once the worker has ended.
  std::optional<wire::FromWorker> next();

  void send(const wire::ToWorker& message);

  /// Loads a module; returns why it was refused.
  std::string load(const wire::ModuleHash& hash, const std::string& path);

  /// Loads the test's own module.
  void load_test_module();

  /// Sends the call of a function of the test's module.
  void start(const std::string& function, detail::PayloadWriter arguments, bool through_arena = false);

  /// Serves the worker until the call is finished; nothing if the worker died of it.
  std::optional<wire::CallFinished> finish();

  /// start() and finish().
  template <class Callable, class... Args>
  std::optional<wire::CallFinished> call(const std::string& name, const Callable& callable, const Args&... args) {
    detail::PayloadWriter writer;
    detail::encode_call(writer, callable, args...);
    start(name, std::move(writer));
    return finish();
  }

  /// Ends the channel and returns waitpid's status of the worker.
  int wait_status();

  /// Bytes in the arena, 64-byte aligned.
  wire::ArenaRange allocate(std::uint64_t bytes);
  std::span<std::byte> at(const wire::ArenaRange& range) { return *arena_->at(range.offset, range.bytes); }

  void add_array(const std::string& name, const std::vector<double>& elements);
  std::vector<double> array(const std::string& name);

  struct Value {
    wire::ValueHead head;
    std::uint64_t version = 0;
    wire::ArenaRange data;
  };

  keeper::RankEnd& channel() { return *channel_; }

  std::map<std::string, Value> values;
  std::map<std::string, std::string> torn;
  wire::ModuleHash module{};

 private:
  wire::ToWorker answer(const wire::FromWorker& request);
  wire::BlockGranted set(const std::string& name, const wire::ValueHead& head, std::uint64_t bytes);
  bool worker_ended();

  std::optional<keeper::Arena> arena_;
  std::optional<keeper::RankEnd> channel_;
  pid_t worker_ = 0;
  std::optional<int> status_;
  std::uint64_t used_ = 0;
  std::uint64_t versions_ = 0;
};

}  // namespace gangway::test
