// The connection of a program to a cluster.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <gangway/api.hpp>
#include <gangway/detail/stored_result.hpp>
#include <gangway/ids.hpp>
#include <gangway/task_query.hpp>
#include <gangway/view.hpp>

namespace gangway {

/// One engine of a cluster.
struct EngineInfo {
  EngineId id;
  std::string host;
  std::int64_t pid = 0;  ///< of its rank

  friend bool operator==(const EngineInfo&, const EngineInfo&) = default;
};

/// One engine and what it has to do.
struct EngineStatus {
  EngineInfo engine;
  std::uint32_t tasks_running = 0;  ///< handed to it and not answered
  std::uint64_t tasks_waiting = 0;  ///< direct tasks that wait for it
  std::uint64_t tasks_finished = 0;
};

/// A look at the whole cluster.
struct ClusterStatus {
  std::string cluster;
  std::vector<EngineStatus> engines;
  std::uint32_t sessions = 0;  ///< connected clients, this one included
  std::uint64_t tasks_waiting = 0;
  std::uint64_t tasks_running = 0;
  std::uint64_t tasks_finished = 0;
  /// Why the gateway cannot write its journal; empty if it can. Until then nothing is accepted or answered, and
  /// nothing is lost.
  std::string journal_trouble;
};

/// How long a client tries to connect again when its connection was lost; 0: not at all.
struct ReconnectLimit {
  std::chrono::nanoseconds time{};
};
inline ReconnectLimit reconnect_limit(std::chrono::nanoseconds time) {
  return {time};
}

/// A session with a name is there for the next process that says it: see Client.
struct SessionName {
  std::string name;
};
[[nodiscard]] inline SessionName session(std::string name) {
  return {std::move(name)};
}

namespace detail {

/// What a Client is made with.
struct ClientOptions {
  ReconnectLimit reconnect = reconnect_limit(std::chrono::minutes{5});
  SessionName session;

  void set(ReconnectLimit limit) { reconnect = limit; }
  void set(SessionName name) { session = std::move(name); }
};

}  // namespace detail

/// A connection to a cluster. Views and Futures may outlive it, but then only fail with ConnectionError.
///
/// Movable, not copyable. All threads may use one Client, its views and its Futures together; moving and destroying
/// it is for one thread alone. It runs one thread of its own, and a second one when first something is attached to a
/// Future (then(), co_await).
class GANGWAY_API Client {
 public:
  /// Connects to a cluster of this account by its name ("big"), or to any cluster by the path of its connection file
  /// (anything with a '/' in it or that ends in ".json").
  ///
  /// Throws Error if there is no such file, if others than its owner may read it or if it is not a connection file;
  /// ConnectionError if the gateway does not answer within 10 s or refuses this client.
  ///
  /// When the connection is lost later, the client connects again, to the same session, and no Future notices. When
  /// that has not succeeded within `reconnect_limit` (five minutes without it), or when the cluster was stopped, all
  /// that waits fails with ConnectionError.
  ///
  /// `Client{"big", session("run-17")}` has a session to come back to: it and its tasks go on when this process ends,
  /// in whatever way, and the next one that says the name has it again, one at a time. A task with a key
  /// (BalancedView::with(key("step 3"))) is the same in all of them: submitted again, it is not run again, and its
  /// answer is there as often as it is asked for, until end_session(), or until nobody has come for a week. Throws
  /// Error if the name is empty or longer than 4 KiB; ConnectionError if another process has the session.
  template <class... Options>
  explicit Client(const std::string& cluster, Options... options) : Client{cluster, made_of(std::move(options)...)} {}

  /// close()
  ~Client();

  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// The cluster's name.
  [[nodiscard]] const std::string& cluster() const;

  /// The engines there are at this moment, in the order of their ids.
  [[nodiscard]] std::vector<EngineInfo> engines() const;

  /// A view of all engines there are at this moment. What is pushed through it is also given, before anything else,
  /// to engines that join later, as all do when the cluster was started again; up to the limit of its profile
  /// (environment_max). Throws Error if there are none.
  [[nodiscard]] DirectView all() const;

  /// A view of these engines, in this order. Throws Error if one does not exist, is named twice, or if there are
  /// none.
  [[nodiscard]] DirectView engines(std::vector<EngineId> ids) const;

  /// A view of one engine, whose results are single values. Throws Error if it does not exist.
  [[nodiscard]] EngineView engine(EngineId id) const;

  /// A view of whichever engine is free.
  [[nodiscard]] BalancedView balanced() const;

  /// Brings a library to all engines, those that join later too, and returns when each has loaded it. From then on
  /// every client can call the functions that it offers with GANGWAY_REGISTER(), by name and signature; of several
  /// libraries that offer one, the last that was loaded counts. Throws Error if the file cannot be read or is larger
  /// than 64 MiB, RemoteError or CompositeError with the reason of the engines that cannot load it.
  void load(const std::string& path) const;

  /// Compiles the C++ sources in `directory` (all *.cpp, *.cc, *.cxx, with what they include from beside them:
  /// *.h, *.hpp, *.inl, *.ipp, *.tpp, *.inc and the like, also in subdirectories) on the cluster, with the cluster's
  /// own compiler, and load()s the library. `flags` go to the compiler: {"-O3", "-lfftw3"}. The same sources are
  /// compiled once. It takes an engine as long as the compiler runs, 10 minutes at most. Throws Error if there are no
  /// sources, RemoteError whose text() is the compiler's.
  void build(const std::string& directory, const std::vector<std::string>& flags = {}) const;

  /// Asks the controller what the cluster is doing. Throws ConnectionError if it does not answer within 10 s.
  [[nodiscard]] ClusterStatus status() const;

  /// The tasks that the cluster knows, of whatever session, newest first: those that wait or run, those whose answers
  /// were not taken yet, and those that are done, as long as the profile has them kept (history_age and the like).
  /// Throws ConnectionError if the connection is lost for good.
  [[nodiscard]] std::vector<TaskRecord> tasks(const TaskQuery& query = {}) const;

  /// The result of a task that apply() made, of whatever session, also when its own client has it already; R is what
  /// its function gives, void: nothing is wanted but that it has succeeded. Waits for it, about `wait_max` at most.
  /// Throws RemoteError if the task failed; Error if it has no result in this time, never will (its session ended
  /// before), is not known (any more), or has a result of another type; ConnectionError if the connection is lost for
  /// good.
  template <class R = void>
  [[nodiscard]] R result(TaskId task, std::chrono::nanoseconds wait_max = std::chrono::nanoseconds::max()) const {
    if constexpr (std::is_void_v<R>) {
      static_cast<void>(stored_result(task, wait_max, {}));
    } else {
      return detail::decode_call_result<R>(stored_result(task, wait_max, detail::signatures_giving<R>()));
    }
  }

  /// The same as it travelled, of any task: what apply() gives is laid out as <gangway/archive.hpp> says.
  [[nodiscard]] std::vector<std::byte> encoded_result(
      TaskId task, std::chrono::nanoseconds wait_max = std::chrono::nanoseconds::max()) const {
    return stored_result(task, wait_max, {});
  }

  /// What was submitted as this task, submitted once more, by this client: the same function with the same arguments,
  /// on whichever engine is free, or on the same if it was for a certain one; without a key and what it followed. R
  /// is what its function gives, void: the result is not wanted. Throws Error if it is not known (any more) or gives
  /// another type. If the cluster does not have its module any more, the Future fails and says so.
  template <class R = void>
  Future<R> resubmit(TaskId task) const {
    if constexpr (std::is_void_v<R>) {
      return {submit_again(task, {}), &detail::no_result};
    } else {
      return {submit_again(task, detail::signatures_giving<R>()), &detail::first_result<R>};
    }
  }

  /// Removes tasks that are done, with all their parts, their arguments and results; those that are not known (any
  /// more) are ignored. Throws Error, and forgets none, if one of them is not done, or its answer was not taken yet.
  void forget(const std::vector<TaskId>& tasks) const;

  /// Removes all that are done, of all sessions; not at once, but soon.
  void forget_history() const;

  /// Ends the connection without waiting for tasks: Futures that are not ready fail with ConnectionError. Tasks that
  /// the controller has may still run, others do not. What is attached to Futures (then(), co_await) runs before this
  /// returns, unless it is called from there. A second call does nothing.
  void close();

  /// close(), and the cluster forgets a session with a name, its tasks and all their answers.
  void end_session();

 private:
  Client(const std::string& cluster, const detail::ClientOptions& options);

  // `gives`: how the signature of its function may begin; empty: any, and none.
  [[nodiscard]] std::vector<std::byte> stored_result(TaskId task, std::chrono::nanoseconds wait_max,
                                                     const std::vector<std::string>& gives) const;
  [[nodiscard]] detail::TaskHandle submit_again(TaskId task, const std::vector<std::string>& gives) const;

  template <class... Options>
  static detail::ClientOptions made_of(Options... options) {
    detail::ClientOptions made;
    (made.set(std::move(options)), ...);
    return made;
  }

  std::shared_ptr<detail::Session> session_;
};

}  // namespace gangway
