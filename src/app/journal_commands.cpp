#include "app/journal_commands.hpp"

#include <filesystem>
#include <iostream>
#include <set>
#include <system_error>
#include <vector>

#include "app/journal_export.hpp"
#include "base/printable.hpp"
#include "journal/upkeep.hpp"

namespace gangway::app {
namespace {

namespace fs = std::filesystem;

/// A directory's journals, also those whose rescue was interrupted.
std::set<fs::path> journals_in(const fs::path& directory) {
  const std::string ending = ".sqlite";
  std::set<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator entry{directory, error}, end; !error && entry != end; entry.increment(error)) {
    std::string name = entry->path().filename().string();
    if (name.ends_with(ending + ".salvaged")) name.resize(name.rfind('.'));
    if (name.starts_with("journal-") && name.ends_with(ending)) found.insert(directory / name);
  }
  return found;
}

/// What it said when there are none, and `exit_ok` if there are some.
ExitCode find_journals(const launch::ClusterHome& home, const std::string& which, std::set<fs::path>& journals) {
  const bool is_path = which.find('/') != std::string::npos || which.ends_with(".sqlite");
  std::error_code error;
  if (is_path && !fs::is_directory(which, error)) {
    journals.insert(which);
    return exit_ok;
  }
  if (!is_path && !home.has_cluster(which)) {
    complain("there is no cluster named " + which + "; `gangway list` shows those there are");
    return exit_no_cluster;
  }
  journals = journals_in(is_path ? fs::path{which} : home.cluster(which).path());
  if (!journals.empty()) return exit_ok;
  complain("there is no journal in " + (is_path ? fs::path{which} : home.cluster(which).path()).string() +
           "; a cluster with `durability = memory` keeps none");
  return exit_failure;
}

/// Does the same with each journal; ends with the highest of the codes.
template <class Do>
ExitCode for_each_journal(const launch::ClusterHome& home, const std::string& which, const Do& act) {
  std::set<fs::path> journals;
  ExitCode worst = find_journals(home, which, journals);
  for (const fs::path& journal : journals) worst = std::max(worst, act(journal));
  return worst;
}

std::string census_text(const journal::Census& census) {
  const auto counted = [](std::uint64_t count, const char* thing, const char* things) {
    return std::to_string(count) + " " + (count == 1 ? thing : things);
  };
  return counted(census.sessions, "session", "sessions") + ", " + counted(census.modules, "module", "modules") +
         ", " + counted(census.libraries, "library", "libraries") +
         "; tasks: " + std::to_string(census.tasks_waiting) + " waiting, " + std::to_string(census.tasks_running) +
         " running, " + std::to_string(census.tasks_settled) + " with an answer";
}

void print(std::ostream& out, const std::string& line) {
  out << base::printable(line) << '\n';
}

void print_findings(std::ostream& out, const journal::Findings& findings) {
  for (const std::string& text : findings.texts()) print(out, "  " + text);
  if (findings.left_out() > 0) print(out, "  and " + std::to_string(findings.left_out()) + " more");
}

ExitCode rescue(const fs::path& journal) {
  const base::Result<journal::SalvageReport> report = journal::salvage(journal);
  if (!report) {
    complain(report.fault().text);
    return exit_damaged;
  }
  print(std::cout, "rescued: " + census_text(report.value().rescued));
  print(std::cout, report.value().losses.empty() ? "lost: nothing" : "lost:");
  print_findings(std::cout, report.value().losses);
  print(std::cout, "the damaged journal is kept as " + report.value().kept.string());
  return exit_ok;
}

ExitCode check_one(const fs::path& journal, Damage damage) {
  std::error_code error;
  // One whose rescue was interrupted is not in its place.
  if (damage == Damage::rescue && !fs::exists(journal, error)) return rescue(journal);
  const base::Result<journal::CheckReport> report = journal::check(journal);
  if (!report) {
    complain(report.fault().text);
    return exit_failure;
  }
  const bool is_good = report.value().findings.empty();
  print(std::cout, journal.string() + (is_good ? ": good" : ": damaged"));
  print_findings(std::cout, report.value().findings);
  if (!is_good && damage == Damage::rescue) return rescue(journal);
  print(std::cout, std::string{is_good ? "it holds " : "it can be read: "} + census_text(report.value().census));
  if (is_good) return exit_ok;
  print(std::cout, "`gangway journal check " + journal.string() + " --salvage` rescues what can be read");
  return exit_damaged;
}

}  // namespace

ExitCode journal_check(const launch::ClusterHome& home, const std::string& which, Damage damage) {
  return for_each_journal(home, which, [&](const fs::path& journal) { return check_one(journal, damage); });
}

ExitCode journal_compact(const launch::ClusterHome& home, const std::string& which) {
  return for_each_journal(home, which, [](const fs::path& journal) {
    const base::Result<journal::CompactReport> report = journal::compact(journal);
    if (!report) {
      complain(report.fault().text);
      return exit_failure;
    }
    print(std::cout, journal.string() + ": " + std::to_string(report.value().bytes_before) + " bytes before, " +
                         std::to_string(report.value().bytes_after) + " bytes now");
    return exit_ok;
  });
}

ExitCode journal_export(const launch::ClusterHome& home, const std::string& which, Payloads payloads) {
  return for_each_journal(home, which, [&](const fs::path& journal) {
    JournalExport out{std::cout, payloads == Payloads::include};
    const auto findings = journal::export_records(journal, [&](const core::Record& record) { out.take(record); });
    out.end();
    if (!findings) {
      complain(findings.fault().text);
      return exit_failure;
    }
    if (findings.value().empty()) return exit_ok;
    complain(journal.string() + " is damaged; this is left out:");
    print_findings(std::cerr, findings.value());
    return exit_damaged;
  });
}

}  // namespace gangway::app
