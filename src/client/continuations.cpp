#include "client/continuations.hpp"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <system_error>
#include <utility>

#include <gangway/error.hpp>

namespace gangway::client {

struct Continuations::State {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::function<void()>> queue;
  bool is_running = false;   // there is a thread, and it looks at the queue again
  bool is_stopping = false;  // the thread ends when the queue is empty
  std::atomic<std::thread::id> thread;
};

Continuations::Continuations() : state_{std::make_shared<State>()} {}

Continuations::~Continuations() {
  stop();
  if (thread_.joinable()) {
    thread_.detach();  // this is a callback, the last one that knows of the client
  }
}

void Continuations::start() {
  {
    const std::lock_guard lock{state_->mutex};
    if (state_->is_running || state_->is_stopping) {
      return;  // without the other mutex: stop() keeps that while it waits for a callback, which may be the caller
    }
  }
  const std::lock_guard starting{thread_mutex_};
  const std::lock_guard lock{state_->mutex};
  if (state_->is_running || state_->is_stopping) {
    return;
  }
  try {
    thread_ = std::thread{[state = state_] { run(*state); }};
  } catch (const std::system_error& error) {
    throw Error{std::string{"there is no thread for continuations: "} + error.what() +
                "; this process or its account has too many"};
  }
  state_->is_running = true;
}

bool Continuations::post(std::function<void()>& callback) {
  const std::lock_guard lock{state_->mutex};
  if (!state_->is_running) {
    return false;
  }
  state_->queue.push_back(std::move(callback));
  state_->changed.notify_one();
  return true;
}

void Continuations::stop() {
  {
    const std::lock_guard lock{state_->mutex};
    state_->is_stopping = true;
    state_->changed.notify_one();
  }
  if (is_own_thread()) {
    return;
  }
  const std::lock_guard stopping{thread_mutex_};
  if (thread_.joinable()) {
    thread_.join();
  }
}

bool Continuations::is_own_thread() const {
  return state_->thread.load() == std::this_thread::get_id();
}

void Continuations::run(State& state) {
  state.thread = std::this_thread::get_id();
  std::unique_lock lock{state.mutex};
  for (;;) {
    state.changed.wait(lock, [&state] { return !state.queue.empty() || state.is_stopping; });
    if (state.queue.empty()) {
      state.is_running = false;
      state.thread = std::thread::id{};
      return;
    }
    std::function<void()> callback = std::move(state.queue.front());
    state.queue.pop_front();
    lock.unlock();
    callback();
    callback = nullptr;  // what it holds may end futures: not under the lock
    lock.lock();
  }
}

}  // namespace gangway::client
