// The journal's port, and its twin in memory. tests/contract/store_contract.hpp says what every store must do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <gangway/ids.hpp>

#include "core/effect.hpp"
#include "core/record.hpp"
#include "wire/task_queries.hpp"

namespace gangway::core {

/// Some of the tasks that somebody asked for.
struct TaskPage {
  std::vector<wire::TaskRow> rows;
  TaskId next;  // the `below` to go on with; 0: these were all
};

/// What was submitted, to be submitted again.
struct StoredOperation {
  std::string label;
  std::vector<std::string> needs;
  wire::ModuleHash module{};
  wire::RetryPolicy policy;
  std::optional<EngineId> target;  // none: any
  base::SharedBytes operation;
  friend bool operator==(const StoredOperation&, const StoredOperation&) = default;
};

/// Keeps records. One owner, one thread. A store may forget what later records made meaningless: what replay() gives
/// leads to the same tasks that wait, run or have an answer that nobody acknowledged.
class Store {
 public:
  virtual ~Store() = default;

  /// Takes a batch, in the order of its numbers, which follow those appended before. All of it becomes durable
  /// together.
  virtual void append(std::vector<Record> batch) = 0;

  /// The number of the last durable record, 0 if there is none. Effects of a batch leave when this has reached its
  /// last.
  [[nodiscard]] virtual std::uint64_t durable_number() const = 0;

  /// Shows records that lead to what the durable ones made of what still means something, and at last IdsGiven. Their
  /// numbers rise; the last is at least durable_number().
  virtual void replay(const std::function<void(const Record&)>& visit) const = 0;

  /// The task with a key that has its answer, acknowledged or not, if that is durable.
  [[nodiscard]] virtual std::optional<KeptTask> find_kept(SessionId session, const std::string& key) const = 0;

  /// Tasks of a session that were accepted as parked, and that no engine has been handed, as far as that is durable:
  /// what `wanted` says, by their ids. Those that are listed for a client come without operation (left_out_bytes).
  [[nodiscard]] virtual std::vector<TaskAccepted> parked(const ReadParked& wanted) const = 0;

  /// The one of them that is named, if it is durable.
  [[nodiscard]] virtual std::optional<TaskId> find_parked(SessionId session, const wire::PartRef& named) const = 0;

  /// The answer of a task, if it is durable and not forgotten.
  [[nodiscard]] virtual std::optional<TaskSettled> answer(TaskId task) const = 0;

  /// The operation that sets a value of the environment, if one is durable and was kept; it may be newer than what
  /// was asked for.
  [[nodiscard]] virtual std::optional<base::SharedBytes> environment(const std::string& name) const = 0;

  // ---- what people ask: also about tasks that are forgotten, as long as the store keeps them as history

  /// Tasks whose acceptance is durable, newest first. Gives at most filter.rows_max, and looks at a bounded number:
  /// so a page may be empty and not the last one.
  [[nodiscard]] virtual TaskPage tasks(const wire::TaskFilter& filter) const = 0;

  /// The answer of a task that has one.
  [[nodiscard]] virtual std::optional<wire::Outcome> outcome(TaskId task) const = 0;

  /// What one part of a task is to do, or was; those with a key have it no longer when they are acknowledged.
  [[nodiscard]] virtual std::optional<StoredOperation> operation(TaskId task) const = 0;
};

/// Whether a row is one of those that a filter is for.
[[nodiscard]] bool matches(const wire::TaskFilter& filter, const wire::TaskRow& row);

/// A failure in one line, for TaskRow.
[[nodiscard]] std::string short_text(const wire::Failure& failure);

/// Durable as long as the process lives, and no longer (`durability = memory`). Memory is bounded by what is
/// unfinished or unacknowledged: there is no history.
class MemoryStore final : public Store {
 public:
  void append(std::vector<Record> batch) override;
  [[nodiscard]] std::uint64_t durable_number() const override { return durable_number_; }
  void replay(const std::function<void(const Record&)>& visit) const override;
  [[nodiscard]] std::optional<KeptTask> find_kept(SessionId session, const std::string& key) const override;
  [[nodiscard]] std::vector<TaskAccepted> parked(const ReadParked& wanted) const override;
  [[nodiscard]] std::optional<TaskId> find_parked(SessionId session, const wire::PartRef& named) const override;
  [[nodiscard]] std::optional<TaskSettled> answer(TaskId task) const override;
  [[nodiscard]] std::optional<base::SharedBytes> environment(const std::string& name) const override;
  [[nodiscard]] TaskPage tasks(const wire::TaskFilter& filter) const override;
  [[nodiscard]] std::optional<wire::Outcome> outcome(TaskId task) const override;
  [[nodiscard]] std::optional<StoredOperation> operation(TaskId task) const override;

  /// How many records are kept.
  [[nodiscard]] std::size_t size() const { return records_.size(); }

 private:
  struct Entry {
    SessionId session;
    std::uint64_t accepted = 0;                                 // number of its TaskAccepted
    std::uint32_t parts_left = 0;                               // not forgotten
    std::map<TaskId, std::vector<std::uint64_t>> part_records;  // the last word about each part
  };
  struct KeptSession {
    std::uint64_t opened = 0;
    std::set<TaskId> tasks;              // first ids
    std::map<std::string, TaskId> keys;  // of tasks with an answer
  };
  /// A task with a key that was acknowledged.
  struct Answered {
    std::string label;
    TaskSettled settled;
  };

  struct KeptValue {
    std::uint64_t set = 0;                       // number of its EnvironmentSet
    std::optional<base::SharedBytes> operation;  // none: there was no room
  };

  void keep(const Record& record);
  void set_environment(const EnvironmentSet& fact, const Record& record);
  void erase_environment(const std::string& name);
  void end_session(SessionId id);
  void replace(TaskId task, const Record& record, bool keep_failures);
  void forget_part(TaskId task, const Record& record);
  void note_key(TaskId task);
  void keep_answer(TaskId task);
  void forget_records(const Entry& task);
  void note_awaited(const TaskAccepted& fact);
  void note_ended(TaskId part, bool succeeded);
  [[nodiscard]] const Entry* find(TaskId task) const;
  [[nodiscard]] wire::TaskRow row_of(const Entry& entry, TaskId task) const;
  Entry* find(TaskId task);

  std::uint64_t durable_number_ = 0;
  TaskId last_task_;
  SessionId last_session_;
  std::map<std::uint64_t, Record> records_;
  std::map<TaskId, Entry> tasks_;  // by first id
  std::map<SessionId, KeptSession> sessions_;
  std::map<TaskId, std::set<TaskId>> dependents_;  // of parts that have not ended
  std::map<TaskId, Answered> answered_;
  std::map<std::string, KeptValue> environment_;
};

}  // namespace gangway::core
