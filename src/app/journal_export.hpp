// A journal's records as lines of JSON.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "core/record.hpp"

namespace gangway::app {

/// Writes one object a line: sessions, modules, and the parts of tasks, as a reader of a journal shows them.
class JournalExport {
 public:
  /// `out` outlives it. With `payloads`, operations and results are written too, in base64.
  JournalExport(std::ostream& out, bool payloads) : out_{out}, payloads_{payloads} {}

  void take(const core::Record& record);

  /// After the last record.
  void end();

 private:
  struct Part {
    const char* state = "waiting";
    std::uint32_t attempts = 0;
    std::vector<std::string> failed;  // JSON
    std::optional<core::AttemptStarted> running;
    std::optional<core::TaskSettled> answer;
  };

  void take_fact(const core::SessionOpened& fact);
  void take_fact(const core::ModuleStored& fact);
  void take_fact(const core::LibraryAdded& fact);
  void take_fact(const core::TaskAccepted& fact);
  void take_fact(const core::AttemptStarted& fact);
  void take_fact(const core::AttemptReturned& fact);
  void take_fact(const core::AttemptFailed& fact);
  void take_fact(const core::TaskSettled& fact);
  void take_fact(const core::TaskForgotten& fact);
  void take_fact(const core::TaskKept& fact);
  template <class Other>
  void take_fact(const Other&) {}

  Part& part(TaskId id) { return parts_.at(id.value() - task_.first_task.value()); }
  void write_part(std::size_t index) const;

  std::ostream& out_;
  const bool payloads_;
  core::TaskAccepted task_;
  std::vector<Part> parts_;  // of it
};

}  // namespace gangway::app
