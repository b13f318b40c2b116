// The store in memory: what it keeps, and what it forgets again.
#include <algorithm>
#include <iterator>
#include <type_traits>
#include <utility>
#include <variant>

#include "base/check.hpp"
#include "core/store.hpp"

namespace gangway::core {

void MemoryStore::append(std::vector<Record> batch) {
  for (const Record& record : batch) {
    GANGWAY_CHECK(record.number > durable_number_, "records must be appended in the order of their numbers");
    keep(record);
    durable_number_ = record.number;
  }
}

void MemoryStore::replay(const std::function<void(const Record&)>& visit) const {
  for (const auto& [number, record] : records_) visit(record);
  if (durable_number_ > 0) visit(Record{durable_number_ + 1, IdsGiven{last_task_, last_session_}});
}

void MemoryStore::keep(const Record& record) {
  std::visit(
      [&](const auto& fact) {
        using T = std::decay_t<decltype(fact)>;
        if constexpr (std::is_same_v<T, SessionOpened>) {
          records_.emplace(record.number, record);
          sessions_[fact.session].opened = record.number;
          last_session_ = std::max(last_session_, fact.session);
        } else if constexpr (std::is_same_v<T, SessionAdopted>) {
          std::get<SessionOpened>(records_.at(sessions_.at(fact.session).opened).fact).openings = fact.openings;
        } else if constexpr (std::is_same_v<T, SessionEnded>) {
          end_session(fact.session);
        } else if constexpr (std::is_same_v<T, ModuleStored>) {
          records_.emplace(record.number, record);
        } else if constexpr (std::is_same_v<T, ModuleForgotten>) {
          std::erase_if(records_, [&fact](const auto& kept) {
            const auto* same = std::get_if<ModuleStored>(&kept.second.fact);
            return same != nullptr && same->hash == fact.hash;
          });
        } else if constexpr (std::is_same_v<T, LibraryAdded>) {
          // The same library again: only its last place counts.
          std::erase_if(records_, [&fact](const auto& kept) {
            const auto* same = std::get_if<LibraryAdded>(&kept.second.fact);
            return same != nullptr && same->hash == fact.hash;
          });
          records_.emplace(record.number, record);
        } else if constexpr (std::is_same_v<T, TaskAccepted>) {
          records_.emplace(record.number, record);
          const auto parts = static_cast<std::uint32_t>(std::max<std::size_t>(1, fact.engines.size()));
          tasks_[fact.first_task] = Entry{fact.session, record.number, parts, {}};
          sessions_[fact.session].tasks.insert(fact.first_task);
          last_task_ = std::max(last_task_, TaskId{fact.first_task.value() + parts - 1});
          note_awaited(fact);
        } else if constexpr (std::is_same_v<T, TaskSettled>) {
          replace(fact.task, record, false);
          note_key(fact.task);
          note_ended(fact.task, std::holds_alternative<base::SharedBytes>(fact.outcome));
        } else if constexpr (std::is_same_v<T, TaskUnparked>) {
          // As the journal: it is parked until it is handed out.
        } else if constexpr (std::is_same_v<T, TaskAttached>) {
          std::get<TaskAccepted>(records_.at(find(fact.task)->accepted).fact).request = fact.request;
        } else if constexpr (std::is_same_v<T, TaskKept>) {
          keep_answer(fact.task);
          forget_part(fact.task, record);
        } else if constexpr (std::is_same_v<T, TaskForgotten>) {
          forget_part(fact.task, record);
        } else if constexpr (std::is_same_v<T, EnvironmentSet>) {
          set_environment(fact, record);
        } else if constexpr (std::is_same_v<T, EnvironmentErased>) {
          erase_environment(fact.name);
        } else if constexpr (std::is_same_v<T, IdsGiven>) {
          last_task_ = std::max(last_task_, fact.last_task);
          last_session_ = std::max(last_session_, fact.last_session);
        } else if constexpr (std::is_same_v<T, HistoryErased>) {
          // There is none.
        } else {
          replace(fact.attempt.task, record, true);
        }
      },
      record.fact);
}

void MemoryStore::end_session(SessionId id) {
  const auto session = sessions_.find(id);
  GANGWAY_CHECK(session != sessions_.end(), "a session ended that was not opened");
  for (const TaskId first_task : session->second.tasks) {
    const auto task = tasks_.extract(first_task);
    // Who waits for it is of the same session.
    const auto parts = std::get<TaskAccepted>(records_.at(task.mapped().accepted).fact).engines.size();
    const TaskId behind{first_task.value() + std::max<std::size_t>(1, parts)};
    dependents_.erase(dependents_.lower_bound(first_task), dependents_.lower_bound(behind));
    forget_records(task.mapped());
  }
  for (const auto& [key, task] : session->second.keys) answered_.erase(task);
  records_.erase(session->second.opened);
  sessions_.erase(session);
}

void MemoryStore::replace(TaskId task, const Record& record, bool keep_failures) {
  Entry* kept = find(task);
  if (kept == nullptr) return;
  std::get<TaskAccepted>(records_.at(kept->accepted).fact).parked = false;
  std::vector<std::uint64_t>& numbers = kept->part_records[task];
  std::erase_if(numbers, [&](std::uint64_t number) {
    if (keep_failures && std::holds_alternative<AttemptFailed>(records_.at(number).fact)) return false;
    records_.erase(number);
    return true;
  });
  numbers.push_back(record.number);
  records_.emplace(record.number, record);
}

void MemoryStore::forget_part(TaskId task, const Record& record) {
  // A task whose session has ended is gone already.
  Entry* kept = find(task);
  if (kept == nullptr) return;
  if (--kept->parts_left == 0) {
    const TaskId first_task = std::get<TaskAccepted>(records_.at(kept->accepted).fact).first_task;
    sessions_.at(kept->session).tasks.erase(first_task);
    forget_records(*kept);
    tasks_.erase(first_task);
    return;
  }
  // Its siblings are still wanted, its result is not.
  std::vector<std::uint64_t>& numbers = kept->part_records[task];
  for (const std::uint64_t number : numbers) {
    auto* settled = std::get_if<TaskSettled>(&records_.at(number).fact);
    if (settled == nullptr) continue;
    const bool failed = std::holds_alternative<wire::Failure>(settled->outcome);
    settled->outcome = failed ? wire::Outcome{wire::Failure{}} : wire::Outcome{};
  }
  numbers.push_back(record.number);
  records_.emplace(record.number, record);
}

void MemoryStore::note_key(TaskId task) {
  const Entry* const entry = find(task);
  if (entry == nullptr) return;
  const std::string& key = std::get<TaskAccepted>(records_.at(entry->accepted).fact).key;
  if (!key.empty()) sessions_.at(entry->session).keys[key] = task;
}

void MemoryStore::keep_answer(TaskId task) {
  answered_[task] = {std::get<TaskAccepted>(records_.at(find(task)->accepted).fact).label, *answer(task)};
}

std::optional<KeptTask> MemoryStore::find_kept(SessionId session, const std::string& key) const {
  const auto kept = sessions_.find(session);
  if (kept == sessions_.end() || !kept->second.keys.contains(key)) return std::nullopt;
  const TaskId task = kept->second.keys.at(key);
  if (const auto answered = answered_.find(task); answered != answered_.end()) {
    return KeptTask{task, answered->second.label};
  }
  return KeptTask{task, std::get<TaskAccepted>(records_.at(find(task)->accepted).fact).label};
}

std::vector<TaskAccepted> MemoryStore::parked(const ReadParked& wanted) const {
  std::vector<TaskAccepted> found;
  const auto session = sessions_.find(wanted.session);
  if (session == sessions_.end()) return found;
  std::uint64_t bytes = 0;
  const std::set<TaskId>& tasks = session->second.tasks;
  for (auto task = tasks.upper_bound(wanted.after); task != tasks.end(); ++task) {
    if (found.size() == wanted.tasks_max || bytes >= wanted.bytes_max) break;
    const auto& accepted = std::get<TaskAccepted>(records_.at(tasks_.at(*task).accepted).fact);
    if (!accepted.parked) continue;
    found.push_back(accepted);
    if (wanted.listed_for) {
      found.back().left_out_bytes = std::exchange(found.back().operation, {}).size();
    } else {
      bytes += accepted.operation.size();
    }
  }
  return found;
}

std::optional<TaskId> MemoryStore::find_parked(SessionId session, const wire::PartRef& named) const {
  const auto kept = sessions_.find(session);
  if (kept == sessions_.end()) return std::nullopt;
  for (const TaskId task : kept->second.tasks) {
    const auto& accepted = std::get<TaskAccepted>(records_.at(tasks_.at(task).accepted).fact);
    const bool is_named = named.task != TaskId{} ? task == named.task : accepted.request == named.request;
    if (is_named && accepted.parked) return task;
  }
  return std::nullopt;
}

void MemoryStore::note_awaited(const TaskAccepted& fact) {
  for (const Prerequisite& prerequisite : fact.after) {
    for (const Awaited& part : prerequisite.parts) {
      if (!part.succeeded) dependents_[part.task].insert(fact.first_task);
    }
  }
}

// The record of who waits for it is brought up to date, since that of its own end may be forgotten first.
void MemoryStore::note_ended(TaskId part, bool succeeded) {
  const auto dependents = dependents_.extract(part);
  if (dependents.empty()) return;
  for (const TaskId id : dependents.mapped()) {
    const Entry* const kept = find(id);
    if (kept == nullptr) continue;
    for (Prerequisite& prerequisite : std::get<TaskAccepted>(records_.at(kept->accepted).fact).after) {
      const auto place = std::lower_bound(prerequisite.parts.begin(), prerequisite.parts.end(), part,
                                          [](const Awaited& one, TaskId wanted) { return one.task < wanted; });
      if (place != prerequisite.parts.end() && place->task == part) place->succeeded = succeeded;
    }
  }
}

void MemoryStore::forget_records(const Entry& task) {
  records_.erase(task.accepted);
  for (const auto& [part, numbers] : task.part_records) {
    for (const std::uint64_t number : numbers) records_.erase(number);
  }
}

std::optional<TaskSettled> MemoryStore::answer(TaskId task) const {
  if (const auto answered = answered_.find(task); answered != answered_.end()) return answered->second.settled;
  const Entry* const kept = find(task);
  if (kept == nullptr) return std::nullopt;
  const auto records = kept->part_records.find(task);
  if (records == kept->part_records.end() || records->second.empty()) return std::nullopt;
  // Behind it there could only be its TaskForgotten.
  const auto* const settled = std::get_if<TaskSettled>(&records_.at(records->second.back()).fact);
  return settled == nullptr ? std::nullopt : std::optional{*settled};
}

void MemoryStore::set_environment(const EnvironmentSet& fact, const Record& record) {
  erase_environment(fact.name);
  KeptValue value{record.number, {}};
  if (fact.kept) {
    const Entry* const task = find(fact.task);
    GANGWAY_CHECK(task != nullptr, "the environment is set by a task that is not there");
    value.operation = std::get<TaskAccepted>(records_.at(task->accepted).fact).operation;
  }
  environment_.emplace(fact.name, std::move(value));
  records_.emplace(record.number, record);
}

void MemoryStore::erase_environment(const std::string& name) {
  const auto value = environment_.extract(name);
  if (!value.empty()) records_.erase(value.mapped().set);
}

std::optional<base::SharedBytes> MemoryStore::environment(const std::string& name) const {
  const auto found = environment_.find(name);
  return found == environment_.end() ? std::nullopt : found->second.operation;
}

MemoryStore::Entry* MemoryStore::find(TaskId task) {
  return const_cast<Entry*>(std::as_const(*this).find(task));
}

const MemoryStore::Entry* MemoryStore::find(TaskId task) const {
  const auto next = tasks_.upper_bound(task);
  if (next == tasks_.begin()) return nullptr;
  const Entry& kept = std::prev(next)->second;
  const auto& accepted = std::get<TaskAccepted>(records_.at(kept.accepted).fact);
  const std::uint64_t index = task.value() - accepted.first_task.value();
  return index < std::max<std::size_t>(1, accepted.engines.size()) ? &kept : nullptr;
}

}  // namespace gangway::core
