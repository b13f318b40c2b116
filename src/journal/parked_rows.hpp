// Tasks that wait beyond a gateway's window, read back page by page. Internal to src/journal.
#pragma once

#include <optional>
#include <vector>

#include "core/effect.hpp"
#include "core/record.hpp"
#include "journal/database.hpp"
#include "journal/spool.hpp"

namespace gangway::journal {

/// The prepared statements for it. For one thread, inside no transaction. All throw DatabaseFailure.
class ParkedRows {
 public:
  /// The tables must be there. Both outlive it.
  ParkedRows(const Database& database, const Spool& spool);

  /// See core::Store::parked().
  [[nodiscard]] std::vector<core::TaskAccepted> read(const core::ReadParked& wanted);

  /// See core::Store::find_parked().
  [[nodiscard]] std::optional<TaskId> find(SessionId session, const wire::PartRef& named);

 private:
  [[nodiscard]] std::optional<TaskId> find_request(SessionId session, wire::RequestId request);

  const Spool& spool_;
  Statement page_;
  Statement operation_;
  Statement by_id_;
  Statement first_from_;
  Statement last_;
};

}  // namespace gangway::journal
