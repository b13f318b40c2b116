// What a process with a named session submits and acknowledges.
#include <utility>

#include "sim/named_client.hpp"

namespace gangway::sim {

void NamedClient::pump() {
  if (std::exchange(pump_scheduled_, true)) return;
  // Bursts and pauses.
  const base::Duration pause = random_.chance(70) ? base::Duration{0} : random_.span({0}, base::milliseconds(1));
  world_.after(pause, [this] {
    pump_scheduled_ = false;
    while (welcomed_ && !naming_ && submit_next()) {
      if (random_.chance(15)) {
        pump();
        return;
      }
    }
  });
}

bool NamedClient::submit_next() {
  if (process_.to_submit.empty()) return false;
  const std::size_t item = process_.to_submit.front();
  if (keys_here_.contains(items_[item].key) && random_.chance(20)) submit(item, true);
  if (!submit(item, false)) return false;
  process_.to_submit.pop_front();
  return true;
}

bool NamedClient::submit(std::size_t item, bool is_other) {
  const auto& [work, key] = items_[item];
  const base::SharedBytes operation = operation_for(work, {}, number_, 0);
  const std::string label = label_for(work, 0) + (is_other ? " of another function" : "");
  const std::uint64_t bytes = wire::credit_bytes(operation.size(), label, {}, 0);
  if (tasks_credit_ < 1 || bytes_credit_ < bytes) {
    if (!unacknowledged_.empty()) acknowledge();
    return false;
  }
  --tasks_credit_;
  bytes_credit_ -= bytes;
  const wire::RequestId request{++process_.last_request};
  wire::SubmitTask message{request, {}, label, {}, operation};
  message.policy = work.policy;
  message.key = key;
  process_.flights.emplace(request, Flight{item, bytes, is_other});
  lines_.say(message);
  return true;
}

void NamedClient::owe(TaskId task, std::uint64_t bytes) {
  unacknowledged_.emplace_back(task, bytes);
  if (unacknowledged_.size() >= 8) return acknowledge();
  if (std::exchange(acknowledge_scheduled_, true)) return;
  world_.after(random_.span({0}, base::milliseconds(3)), [this] {
    acknowledge_scheduled_ = false;
    acknowledge();
  });
}

void NamedClient::acknowledge() {
  wire::Acknowledge message;
  for (const auto& [task, bytes] : std::exchange(unacknowledged_, {})) {
    message.tasks.push_back(task);
    ++tasks_credit_;
    bytes_credit_ += bytes;
  }
  if (message.tasks.empty()) return;
  lines_.say(message);
  // What is acknowledged twice is ignored.
  if (random_.chance(20)) lines_.say(message);
  pump();
}

}  // namespace gangway::sim
