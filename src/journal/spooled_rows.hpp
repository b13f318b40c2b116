// The rows that name files of the spool. Internal to src/journal.
#pragma once

#include <vector>

#include "journal/database.hpp"
#include "journal/spool.hpp"

namespace gangway::journal {

/// Which files are named by rows that were dropped, and not by others. One thread, that of the writer.
class DroppedFiles {
 public:
  explicit DroppedFiles(const Database& database);

  /// In a transaction: `deleted` gives the rows that it deletes, their `spooled` as the first column. Runs it to its
  /// end.
  void drop(Statement& deleted);

  /// The transaction was committed: removes the files that no row names any more, as far as that can be done now.
  void remove_from(const Spool& spool);

  /// The transaction was undone.
  void clear() { dropped_.clear(); }

 private:
  Statement is_named_;
  std::vector<SpoolHash> dropped_;
};

/// The columns `bytes`, `spooled` and `size` in a row, from this one on. Throws DatabaseFailure.
[[nodiscard]] base::SharedBytes operation_in(const Statement& row, int column, const Spool& spool);

/// At the start, before anything is read back. After a loss of power, files may be missing that rows name: tasks that
/// need such a file and have no answer yet get one that says so; a value of the environment is gone. Files that no
/// row names are removed. Throws DatabaseFailure.
void match_spool(Database& database, const Spool& spool);

}  // namespace gangway::journal
