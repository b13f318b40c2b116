// What is attached to a PendingTask, and what this process makes itself.
#include <exception>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "base/check.hpp"
#include "client/pending_task.hpp"
#include "client/put_off.hpp"

namespace gangway::detail {

namespace {

void call(std::function<void()> callback) {
  const std::function<void()> only = std::move(callback);  // it ends here, not with whoever handed it over
  only();
}

using PutOffCalls = client::PutOff<std::function<void()>, call>;

// Guards who leads whom among all relays: two that are joined have a mutex each, and threads may come from both
// sides. It is locked before those of tasks, and no code of users runs under it.
std::mutex relay_links;

}  // namespace

// What a task holds may hold the next one, and so on, a million times.
struct PendingTask::Remains {
  std::vector<Callback> callbacks;
  std::shared_ptr<const void> value;
  std::exception_ptr error;
  std::shared_ptr<PendingTask> leader;

  static void end(Remains remains) { const Remains ended = std::move(remains); }
};

PendingTask::~PendingTask() {
  Remains remains{callbacks_.take_all(), std::move(local_value_), std::move(local_error_), nullptr};
  if (relay_) {
    remains.leader = std::move(relay_->leader);
  }
  if (!remains.callbacks.empty() || remains.value || remains.error || remains.leader) {
    client::PutOff<Remains, &Remains::end>::add(std::move(remains));
  }
}

void PendingTask::when_ready(CallbackPlace place, std::function<void()> callback,
                             std::shared_ptr<const std::atomic<bool>> is_over) {
  Callback attached{std::move(callback), place, nullptr, std::move(is_over)};
  if (place == CallbackPlace::continuation) {
    std::unique_lock lock{mutex_};
    attached.continuations = continuations_;
    lock.unlock();
    if (attached.continuations) {
      attached.continuations->start();
    }
  }
  std::vector<Callback> swept;
  if (!relay_) {
    std::unique_lock lock{mutex_};
    callbacks_.add(std::move(attached), swept);
    run_callbacks(std::move(lock));
    return;
  }
  std::unique_lock links{relay_links};
  const std::shared_ptr<PendingTask> leading = leader();
  std::unique_lock lock{leading->mutex_};
  leading->callbacks_.add(std::move(attached), swept);
  links.unlock();
  leading->run_callbacks(std::move(lock));
}

void PendingTask::run_callbacks(std::unique_lock<std::mutex> lock) {
  // The last of them may end this object.
  std::vector<Callback> callbacks;
  if (ready_locked()) {
    callbacks = callbacks_.take_all();
  }
  const std::shared_ptr<client::Continuations> own = callbacks.empty() ? nullptr : continuations_;
  lock.unlock();
  changed_.notify_all();  // whoever wakes up finds the lock free
  run(std::move(callbacks), own);
}

void PendingTask::run(std::vector<Callback> callbacks, const std::shared_ptr<client::Continuations>& otherwise) {
  for (Callback& callback : callbacks) {
    const auto& continuations = callback.continuations ? callback.continuations : otherwise;
    const bool is_posted =
        callback.place == CallbackPlace::continuation && continuations && continuations->post(callback.run);
    if (!is_posted) {
      PutOffCalls::add(std::move(callback.run));
    }
  }
}

void PendingTask::finish_put_off() const {
  if (!ready()) {
    PutOffCalls::finish();
  }
}

void PendingTask::continue_like(const PendingTask& other, bool is_made_there) {
  auto continuations = [&other] {
    const std::lock_guard lock{other.mutex_};
    return other.continuations_;
  }();
  const std::lock_guard lock{mutex_};
  if (!continuations_) {
    continuations_ = std::move(continuations);
  }
  is_made_by_continuation_ = is_made_by_continuation_ || is_made_there;
}

// ---- what this process makes

void PendingTask::settle_locked(std::shared_ptr<const void> value, std::exception_ptr error) {
  GANGWAY_CHECK(!sealed_ && parts_.empty(), "what this process makes is made once");
  local_value_ = std::move(value);
  local_error_ = std::move(error);
  sealed_ = true;
  changed_.notify_all();
}

void PendingTask::settle(std::shared_ptr<const void> value, std::exception_ptr error) {
  if (relay_) {
    settle_together(value, error);
    return;
  }
  std::unique_lock lock{mutex_};
  settle_locked(std::move(value), std::move(error));
  run_callbacks(std::move(lock));
}

void PendingTask::settle_together(const std::shared_ptr<const void>& value, const std::exception_ptr& error) {
  std::vector<std::shared_ptr<PendingTask>> kept;  // some may end with this, and not under the lock
  std::unique_lock links{relay_links};
  const std::shared_ptr<PendingTask> leading = leader();
  for (const Follower& follower : leading->relay_->followers.take_all()) {
    if (std::shared_ptr<PendingTask> task = follower.task.lock()) {
      kept.push_back(std::move(task->relay_->leader));
      const std::lock_guard lock{task->mutex_};
      task->settle_locked(value, error);
      kept.push_back(std::move(task));
    }
  }
  std::unique_lock lock{leading->mutex_};
  leading->settle_locked(value, error);
  links.unlock();
  leading->run_callbacks(std::move(lock));
}

std::shared_ptr<PendingTask> PendingTask::leader() {
  std::shared_ptr<PendingTask> found = shared_from_this();
  while (found->relay_->leader) {
    found = found->relay_->leader;
  }
  return found;
}

void PendingTask::take_over(const std::shared_ptr<PendingTask>& inner, std::shared_ptr<const void> future) {
  if (!inner->relay_) {
    inner->when_ready(CallbackPlace::anywhere,
                      [made = shared_from_this(), future = std::move(future)] { made->settle(future, nullptr); });
    return;
  }
  std::unique_lock links{relay_links};
  if (inner->ready()) {
    links.unlock();
    settle(inner->local_value_, inner->local_error_);
    return;
  }
  std::shared_ptr<PendingTask> one = leader();
  std::shared_ptr<PendingTask> other = inner->leader();
  if (one == other) {
    links.unlock();
    settle(nullptr, std::make_exception_ptr(
                        Error{"a function of then() returned the Future that waits for this function's own result, "
                              "which would never be ready: return another one"}));
    return;
  }
  // The way to a leader stays short if the larger group's leads.
  if (one->relay_->followers.size() < other->relay_->followers.size()) {
    std::swap(one, other);
  }
  std::vector<Callback> swept;
  std::vector<Follower> gone;
  one->relay_->followers.take_from(other->relay_->followers, gone);
  one->relay_->followers.add({other}, gone);
  other->relay_->leader = one;
  {
    const std::scoped_lock locks{one->mutex_, other->mutex_};
    one->callbacks_.take_from(other->callbacks_, swept);
  }
  links.unlock();  // before what was swept ends
}

std::shared_ptr<const void> PendingTask::local_value() const {
  const std::lock_guard lock{mutex_};
  return local_value_;
}

bool PendingTask::is_made_by_continuation() const {
  const std::lock_guard lock{mutex_};
  return is_made_by_continuation_;
}

void PendingTask::require_local_success() const {
  const std::lock_guard lock{mutex_};
  if (local_error_) {
    std::rethrow_exception(local_error_);
  }
}

void PendingTask::require_wait_can_end_locked() const {
  if (is_made_by_continuation_ && !ready_locked() && continuations_ && continuations_->is_own_thread()) {
    throw Error{
        "a continuation waits for what another continuation has to make, which would wait for ever: return that "
        "Future from the function, or co_await it"};
  }
}

}  // namespace gangway::detail
