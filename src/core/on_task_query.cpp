// Questions about tasks that the store knows, also when they are done: the shell answers them from there.
#include <string>

#include "core/controller.hpp"

namespace gangway::core {

void Controller::on_message(ConnectionId id, Connection&, const wire::QueryTasks& message, Turn& turn) {
  if (message.filter.tasks.size() > wire::filter_tasks_max) {
    send(id,
         wire::Refused{message.request,
                       "at most " + std::to_string(wire::filter_tasks_max) + " tasks can be asked for by their ids"},
         turn);
    return;
  }
  turn.effects.questions.push_back({id, message});
}

void Controller::on_message(ConnectionId id, Connection&, const wire::FetchResult& message, Turn& turn) {
  if (was_given(id, message.request, message.task, turn)) turn.effects.questions.push_back({id, message});
}

void Controller::on_message(ConnectionId id, Connection&, const wire::FetchOperation& message, Turn& turn) {
  if (was_given(id, message.request, message.task, turn)) turn.effects.questions.push_back({id, message});
}

void Controller::on_message(ConnectionId id, Connection&, const wire::ForgetTasks& message, Turn& turn) {
  if (message.tasks.size() > wire::filter_tasks_max) {
    send(id,
         wire::Refused{message.request,
                       "at most " + std::to_string(wire::filter_tasks_max) + " tasks can be forgotten at once"},
         turn);
    return;
  }
  commit(HistoryErased{message.tasks, message.all}, turn);
  send(id, wire::TasksForgotten{message.request}, turn);
}

bool Controller::was_given(ConnectionId id, wire::RequestId request, TaskId task, Turn& turn) {
  if (task.value() > id_base_ && task.value() - id_base_ <= state_.last_task) return true;
  send(id,
       wire::Refused{request, "there never was a task " + std::to_string(task.value()) +
                                  " in this cluster; `gangway tasks` "
                                  "lists those that are known"},
       turn);
  return false;
}

}  // namespace gangway::core
