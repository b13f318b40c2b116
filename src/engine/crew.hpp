// The workers of one engine: the oldest living one runs the calls, the next stands by.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "keeper/keeper_link.hpp"
#include "wire/codec.hpp"

namespace gangway::engine {

/// Tells the rank's loop to wake when a descriptor becomes readable, until it is forgotten.
struct Wakeups {
  std::function<void(int fd)> watch;
  std::function<void(int fd)> forget;
};

/// A message and the worker it came from.
struct WorkerSpoke {
  std::uint64_t number = 0;
  wire::FromWorker message;
};

/// The workers that the keeper has started, by their numbers. Not thread-safe.
class Crew {
 public:
  explicit Crew(Wakeups wakeups) : wakeups_{std::move(wakeups)} {}

  void add(keeper::WorkerStarted started);

  /// Forgets an ended worker. Take its last messages with receive_from() before.
  void remove(std::uint64_t number);

  /// The worker that runs calls: the oldest that has said it is ready.
  [[nodiscard]] std::optional<std::uint64_t> active() const;

  /// All workers that are ready.
  [[nodiscard]] std::vector<std::uint64_t> ready() const;

  /// Queues a message for a living worker; nothing happens if it is gone. The queue is bounded by the protocol: one
  /// call at a time.
  void send(std::uint64_t number, const wire::ToWorker& message);

  /// Sends what waited for room. True if anything left.
  bool flush();

  /// The next message of any worker. Nonsense counts as broken().
  std::optional<WorkerSpoke> receive();
  std::optional<wire::FromWorker> receive_from(std::uint64_t number);

  /// Workers that are of no use: they have written nonsense into their channel, or load a module that was forgotten.
  /// Each is named once: have them ended.
  std::vector<std::uint64_t> take_broken();

  [[nodiscard]] bool has_loaded(std::uint64_t number, const wire::ModuleHash& module) const;
  /// Has a worker load a module, unless it is at it already.
  void load(std::uint64_t number, const wire::ModuleHash& module, const std::string& path);
  /// The worker's answer to that.
  void note_answered(std::uint64_t number, const wire::ModuleLoaded& loaded);

  /// The module has left the cluster, or has come back; workers keep what they have loaded. `busy` has a call.
  void note_forgotten(const wire::ModuleHash& module, std::uint64_t bytes, std::optional<std::uint64_t> busy);
  void note_stored(const wire::ModuleHash& module);

  /// Takes a ready worker, the oldest first, that holds too much of what was forgotten, if another one is ready: it
  /// gets no call any more. Have it ended.
  std::optional<std::uint64_t> take_full();

  /// Sends a worker the libraries unless it has this version of their list already.
  void tell_libraries(std::uint64_t number, const std::vector<wire::ModuleHash>& libraries, std::uint64_t version);

  /// What the worker's signal handler left, if it was a signal and the handler ran.
  [[nodiscard]] std::optional<keeper::LastWords> last_words(std::uint64_t number) const;

  /// Call with true before the rank sleeps and look for messages once more; with false after it.
  void set_sleeping(bool sleeping);

  /// Call it when one of the workers' descriptors was readable, before looking for messages.
  void silence_bells();

 private:
  struct Worker {
    keeper::RankEnd channel;
    bool is_ready = false;
    bool is_broken = false;  // or on its way out otherwise
    std::deque<wire::EncodedMessage> waiting;
    std::set<wire::ModuleHash> modules;
    std::set<wire::ModuleHash> loading;  // asked for, not answered
    std::map<wire::ModuleHash, std::uint64_t>
        forgotten;  // of modules: those that the cluster forgot, with their bytes
    std::uint64_t libraries_version = 0;
  };

  std::optional<wire::FromWorker> receive_from(Worker& worker, std::uint64_t number);

  Wakeups wakeups_;
  std::map<std::uint64_t, Worker> workers_;
  std::vector<std::uint64_t> broken_;
};

}  // namespace gangway::engine
