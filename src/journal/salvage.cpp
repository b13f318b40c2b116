// From a damaged journal to one that a gateway takes. The order of the steps is what keeps a gateway from beginning
// with less while they are not done: the journal is missing from its place only as long as the rescued one lies
// beside it complete, and provide_file() refuses that.
#include <cstdio>
#include <optional>
#include <system_error>
#include <utility>

#include "journal/damage.hpp"
#include "journal/database.hpp"
#include "journal/file.hpp"
#include "journal/lease.hpp"
#include "journal/offline.hpp"
#include "journal/record_reader.hpp"
#include "journal/record_writer.hpp"
#include "journal/schema.hpp"
#include "journal/upkeep.hpp"
#include "os/descriptor.hpp"

namespace gangway::journal {

namespace {

namespace fs = std::filesystem;

fs::path damaged_name(const fs::path& journal, int number) {
  return beside(journal, (".damaged-" + std::to_string(number)).c_str());
}

/// How many damaged ones are kept already.
int kept_before(const fs::path& journal) {
  std::error_code error;
  int number = 0;
  while (fs::exists(damaged_name(journal, number + 1), error)) ++number;
  return number;
}

base::Status move_file(const fs::path& from, const fs::path& to) {
  if (std::rename(from.c_str(), to.c_str()) == 0) return base::Done{};
  return os::system_fault("cannot rename " + from.string() + " to " + to.string());
}

/// How many values there were for engines that join.
std::uint64_t kept_values(Database& journal) {
  try {
    return static_cast<std::uint64_t>(journal.number("SELECT count(*) FROM environment WHERE kept != 0"));
  } catch (const DatabaseFailure&) {
    return 0;
  }
}

/// Writes what can be read into the empty journal `rescued`. Throws DatabaseFailure.
base::Status rescue(const fs::path& journal, const fs::path& rescued, SalvageReport& report) {
  base::Result<Database> from = open_to_read(journal);
  if (!from) return from.fault();
  if (const base::Status known = check_schema(from.value()); !known) return known;
  const Spool spool{spool_directory(journal), {}, false};
  Database to{rescued, OpenMode::create};
  to.run("PRAGMA journal_mode = OFF");  // if it is not completed, it is not used
  {
    Transaction transaction{to};
    RecordWriter writer{to, spool};  // all arguments into the journal itself
    rescue_records(
        from.value(), spool,
        [&](const core::Record& record) {
          writer.write({&record, 1});
          count(record, report.rescued);
        },
        [&](const std::string& text) { report.losses.add(text); });
    transaction.commit();
  }
  if (const std::uint64_t values = kept_values(from.value()); values > 0) {
    report.losses.add(std::to_string(values) + " values that were pushed to all engines: push them again");
  }
  Census written;
  const Findings wrong = findings_in(to, spool, written);
  if (wrong.empty()) return base::Done{};
  return base::Fault{"what was rescued is not good either: " + wrong.texts().front()};
}

/// Also completes it when it was interrupted.
base::Status put_in_place(const fs::path& journal, const fs::path& kept) {
  std::error_code error;
  if (fs::exists(journal, error)) {
    if (const base::Status moved = move_file(journal, kept); !moved) return moved;
  }
  const fs::path log = beside(journal, log_suffix);
  if (fs::exists(log, error)) {
    if (const base::Status moved = move_file(log, beside(kept, log_suffix)); !moved) return moved;
  }
  fs::remove(beside(journal, index_suffix), error);
  return move_file(beside(journal, salvaged_suffix), journal);
}

}  // namespace

base::Result<SalvageReport> salvage(const fs::path& journal) {
  const auto fault = [&](const std::string& why) {
    return base::Fault{"the journal " + journal.string() + " cannot be rescued: " + why};
  };
  if (const auto owner = owner_of(journal)) return fault(*owner);
  SalvageReport report;
  const fs::path rescued = beside(journal, salvaged_suffix);
  std::error_code error;
  const bool is_missing = !fs::exists(journal, error);
  if (is_missing && !fs::exists(rescued, error)) return fault("there is no such file");
  const base::Result<Lease> lease = Lease::take(journal);
  if (!lease) return fault(lease.fault().text);
  try {
    if (is_missing) {
      report.kept = damaged_name(journal, kept_before(journal));
      Database complete{rescued, OpenMode::read};
      static_cast<void>(findings_in(complete, Spool{spool_directory(journal), {}, false}, report.rescued));
    } else {
      report.kept = damaged_name(journal, kept_before(journal) + 1);
      if (base::Status made = make_file(rescued); !made) return made.fault();
      if (const base::Status done = rescue(journal, rescued, report); !done) {
        fs::remove(rescued, error);
        return fault(done.fault().text);
      }
    }
  } catch (const DatabaseFailure& failure) {
    if (!is_missing) fs::remove(rescued, error);
    return fault(failure.error().text + "; to begin with an empty journal, move it and its log away");
  }
  if (const base::Status placed = put_in_place(journal, report.kept); !placed) return fault(placed.fault().text);
  return report;
}

}  // namespace gangway::journal
