#include "gateway/stored_answers.hpp"

#include <exception>
#include <iterator>
#include <utility>

namespace gangway::gateway {

bool StoredAnswers::send_some() {
  bool any = false;
  for (auto place = owed_.begin(); place != owed_.end();) {
    auto& [connection, owed] = *place;
    any |= send_some(connection, owed);
    place = owed.empty() ? owed_.erase(place) : std::next(place);
  }
  return any;
}

bool StoredAnswers::send_some(core::ConnectionId connection, Owed& owed) {
  bool any = false;
  for (int i = 0; i < answers_in_a_row && !owed.empty(); ++i) {
    const std::optional<std::size_t> queued = ports_.queued_bytes(connection);
    if (!queued) {
      owed.clear();
      return any;
    }
    if (*queued >= queued_bytes_max) return any;
    const core::SendStoredAnswer next = owed.front();
    owed.pop_front();
    any = true;
    try {
      // One that was acknowledged meanwhile is not there any more.
      if (auto answer = ports_.read(next.task)) {
        ports_.send(connection,
                    wire::TaskFinished{next.request, next.part, next.task, answer->run, std::move(answer->outcome)});
      }
    } catch (const std::exception& error) {
      owed.clear();
      ports_.give_up(connection, std::string{"an answer could not be read from the journal: "} + error.what());
    }
  }
  return any;
}

}  // namespace gangway::gateway
