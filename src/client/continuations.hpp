// The thread on which a client runs what users attach to Futures: then() and coroutines.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <thread>

namespace gangway::client {

/// Runs callbacks one after another, on one thread of its own that is started when it is first needed. User code that
/// blocks in one holds up the others, never the session's thread.
///
/// Threads: all functions may be called by all threads, also by the callbacks. What waits in its queue is bounded by
/// what users have attached.
class Continuations {
 public:
  Continuations();

  /// stop()
  ~Continuations();
  Continuations(const Continuations&) = delete;
  Continuations& operator=(const Continuations&) = delete;

  /// Makes sure that there is a thread. Throws Error if the system has none left.
  void start();

  /// Takes a callback, which throws nothing, out of the caller's hands. False when the thread has ended or was never
  /// started: the callback is still there, for the caller to run.
  [[nodiscard]] bool post(std::function<void()>& callback);

  /// Runs what is in the queue and what that adds to it, and ends the thread. In a callback it returns at once, and
  /// the thread ends behind the last one.
  void stop();

  /// Whether the caller is such a callback.
  [[nodiscard]] bool is_own_thread() const;

 private:
  struct State;
  static void run(State& state);

  std::shared_ptr<State> state_;  // also the thread's, which may outlive this object by a callback
  std::mutex thread_mutex_;
  std::thread thread_;
};

}  // namespace gangway::client
