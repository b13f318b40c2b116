// What a simulated client demands of its answers.
#include <algorithm>
#include <iterator>
#include <utility>
#include <variant>

#include "sim/sim_client.hpp"

namespace gangway::sim {

namespace {

// How the controller calls it; that it is right the auditor sees.
constexpr const char* missed_type = "prerequisite missed";

}  // namespace

void SimClient::check_replaced_session() const {
  if (world_.now() - lines_.away_since() >= scenario_.limits.session_linger || auditor_.power_ever_lost()) return;
  for (const auto& [id, request] : requests_) {
    world_.require(request.first_task == TaskId{}, "a session has ended before its time, with its tasks");
  }
}

void SimClient::check_places() const {
  if (again_.empty()) return;
  for (const auto& [id, request] : requests_) {
    world_.require(request.work_index < again_.front().work_index,
                   "a task was accepted while one before it was returned or lost");
  }
}

void SimClient::check_answer(const Request& request, const wire::TaskFinished& finished) {
  if (const auto* failure = std::get_if<wire::Failure>(&finished.outcome)) {
    check_failure(request, finished, *failure);
    if (request.work.kind == Work::Kind::erase) erase_failed_ = true;
  } else {
    check_result(request, finished, std::get<base::SharedBytes>(finished.outcome));
  }
}

void SimClient::check_result(const Request& request, const wire::TaskFinished& finished,
                             const base::SharedBytes& result) {
  const Work& work = request.work;
  switch (work.kind) {
    case Work::Kind::run:
    case Work::Kind::chunk:
    case Work::Kind::erase:
      world_.require(result == result_for(work.token, work.result_bytes), "a task has another's result");
      break;
    case Work::Kind::count:
      check_count(finished, decode_count(result));
      break;
    case Work::Kind::push:
      pushed_.insert({finished.run.engine, work.names.front()});
      if (is_everywhere(request)) everywhere_.insert(work.names.front());
      break;
    case Work::Kind::pull:
      world_.require(!result.empty(), "a value came back empty");
      break;
    case Work::Kind::missing:
      // One that was erased may be left on an engine that joined behind this client's back.
      world_.require(erase_failed_ || auditor_.power_ever_lost() || auditor_.environment_has(work.names),
                     "a task succeeded whose values do not exist");
      break;
    case Work::Kind::unknown:
      world_.fail("a task succeeded on an engine that does not exist");
  }
  if (!request.engines.empty()) {
    world_.require(finished.run.engine == request.engines[finished.part], "a part was run by another engine");
  }
}

bool SimClient::is_everywhere(const Request& request) const {
  // Two submissions may have brought the answers; and where there is no room, values are not kept.
  const bool may_be = request.work.target == Work::Target::all && !session_was_replaced_ &&
                      scenario_.limits.environment_bytes_max == base::Limits{}.environment_bytes_max;
  return may_be && request.answers.size() == request.parts &&
         std::ranges::all_of(request.answers, [](const auto& answer) {
           return std::holds_alternative<base::SharedBytes>(answer.second);
         });
}

void SimClient::check_failure(const Request& request, const wire::TaskFinished& finished,
                              const wire::Failure& failure) const {
  const Work& work = request.work;
  bool fair = false;
  switch (failure.kind) {
    case wire::FailureKind::worker_crashed:
      fair = request.engines.empty() ? auditor_.is_fair(finished, work.policy)
                                     : auditor_.crashed({finished.task, finished.run.attempt});
      break;
    case wire::FailureKind::engine_lost:
      fair = request.engines.empty() ? auditor_.is_fair(finished, work.policy)
                                     : auditor_.ever_lost(request.engines[finished.part]);
      break;
    case wire::FailureKind::refused:
      // An engine that had not joined again is as good as unknown.
      fair = work.kind == Work::Kind::unknown || auditor_.ever_lost(request.engines[finished.part]);
      break;
    case wire::FailureKind::not_run:
      // Values are lost with their engines, and a push may have failed.
      fair = work.kind == Work::Kind::missing || auditor_.any_lost() ||
             (work.kind == Work::Kind::pull && !pushed_.contains({finished.run.engine, work.names.front()}));
      fair = fair && (work.kind != Work::Kind::run && work.kind != Work::Kind::count);
      fair = fair && (work.kind != Work::Kind::chunk || !request.needs_are_everywhere || auditor_.power_ever_lost());
      fair = fair || (request.follows && failure.type == missed_type);
      break;
    case wire::FailureKind::exception:
    case wire::FailureKind::torn:
      break;
  }
  if (!fair) world_.fail("a task failed without reason: " + failure.text);
}

void SimClient::check_count(const wire::TaskFinished& finished, const Count& count) {
  auto& counts = counts_[{finished.run.engine, count.incarnation}];
  const auto [place, is_new] = counts.emplace(finished.task, count.value);
  const auto next = std::next(place);
  const bool is_in_order = (place == counts.begin() || std::prev(place)->second < count.value) &&
                           (next == counts.end() || count.value < next->second);
  world_.require(is_new && count.value > 0 && is_in_order, "an engine's counter did not count in order");
}

void SimClient::finish() const {
  // What ran for a session that is gone, or was lost with the power, has counted too.
  if (!alive_ || session_was_replaced_ || auditor_.power_ever_lost()) return;
  for (const auto& [engine, counts] : counts_) {
    world_.require(counts.rbegin()->second == counts.size(),
                   "an engine's counter did not count each effective attempt once");
  }
}

}  // namespace gangway::sim
