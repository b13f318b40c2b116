#include "journal/lookups.hpp"

#include <string_view>
#include <utility>

#include "journal/schema.hpp"
#include "journal/spooled_rows.hpp"
#include "journal/stored_task.hpp"

namespace gangway::journal {

Statement answer_statement(const Database& database) {
  return Statement{database, (std::string{"SELECT "} + stored_part_columns +
                              ", r.bytes FROM tasks t LEFT JOIN results r ON r.task = t.id WHERE t.id = ? AND "
                              "t.state IN (?, ?) AND t.live IS NOT NULL")
                                 .c_str()};
}

std::optional<core::TaskSettled> read_answer(Statement& read, TaskId task) {
  std::optional<core::TaskSettled> answer;
  read.start(task, StoredState::settled, StoredState::kept);
  while (read.next()) {
    StoredPart part = stored_part(read);
    answer = core::TaskSettled{part.id, part.run, {}};
    if (part.failure) {
      answer->outcome = *std::move(part.failure);
    } else if (!read.is_null(stored_part_column_count)) {
      answer->outcome = read.bytes(stored_part_column_count);
    } else {
      throw damaged_task(task, "its answer is missing");
    }
  }
  return answer;
}

Statement kept_statement(const Database& database) {
  return Statement{database,
                   "SELECT id, label FROM tasks WHERE session = ? AND key = ? AND state IN (?, ?) AND live "
                   "IS NOT NULL"};
}

std::optional<core::KeptTask> read_kept(Statement& read, SessionId session, const std::string& key) {
  std::optional<core::KeptTask> kept;
  read.start(session, std::string_view{key}, StoredState::settled, StoredState::kept);
  while (read.next()) kept = {read.id<TaskId>(0), read.text(1)};
  return kept;
}

Statement environment_statement(const Database& database) {
  return Statement{database, "SELECT bytes, spooled, size FROM environment WHERE name = ? AND kept"};
}

std::optional<base::SharedBytes> read_environment(Statement& read, const Spool& spool, const std::string& name) {
  std::optional<base::SharedBytes> operation;
  read.start(std::string_view{name});
  while (read.next()) operation = operation_in(read, 0, spool);
  return operation;
}

}  // namespace gangway::journal
