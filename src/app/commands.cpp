#include "app/commands.hpp"

#include <iostream>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <gangway/client.hpp>

#include "app/table.hpp"
#include "base/printable.hpp"
#include "launch/adopt.hpp"
#include "launch/json.hpp"
#include "launch/start.hpp"
#include "launch/stop.hpp"
#include "launch/summary.hpp"

namespace gangway::app {
namespace {

using launch::ClusterSummary;
using launch::Condition;
using launch::JsonObject;

ExitCode no_such_cluster(const std::string& name) {
  complain("there is no cluster named " + name + "; `gangway list` shows those there are, `gangway start " + name +
           "` starts it");
  return exit_no_cluster;
}

JsonObject summary_json(const ClusterSummary& cluster) {
  JsonObject json;
  json.text("name", cluster.name)
      .text("condition", condition_text(cluster.condition))
      .text("reason", cluster.state.reason)
      .number("engines", cluster.state.engines)
      .number("engines_alive", cluster.engines_alive)
      .number("gateways", cluster.state.gateways)
      .text("address", cluster.address)
      .text("host", cluster.state.host)
      .text("hosts", cluster.state.hosts.empty() ? cluster.state.host : cluster.state.hosts)
      .text("transport", cluster.state.transport)
      .text("durability", cluster.state.durability)
      .text("journal_trouble", cluster.journal_trouble)
      .number("restarts", cluster.state.restarts)
      .text("bells", cluster.bells)
      .number("supervisor_pid", cluster.state.supervisor.pid)
      .number("started_unix_s", cluster.state.started_unix_s)
      .text("directory", cluster.directory);
  return json;
}

std::string engines_json(const std::vector<EngineStatus>& engines) {
  std::vector<std::string> rows;
  for (const EngineStatus& status : engines) {
    rows.push_back(JsonObject{}
                       .number("id", status.engine.id.value())
                       .text("host", status.engine.host)
                       .number("pid", status.engine.pid)
                       .number("tasks_running", status.tasks_running)
                       .number("tasks_waiting", status.tasks_waiting)
                       .number("tasks_finished", status.tasks_finished)
                       .to_string());
  }
  return launch::json_list(rows);
}

// What is wrong with a cluster that does not run, with the way out.
std::string trouble_of(const ClusterSummary& cluster) {
  const std::string remove = "run `gangway stop " + cluster.name + "` to remove it";
  switch (cluster.condition) {
    case Condition::ended:
      return "the cluster " + cluster.name + " has ended: " + cluster.state.reason + " (log: " + cluster.directory +
             "/logs/job.log); run `gangway start " + cluster.name + "` to go on with its journal, or `gangway stop " +
             cluster.name + "` to remove it";
    case Condition::restarting:
      return "the cluster " + cluster.name + " is restarting: " + cluster.state.reason +
             " (log: " + cluster.directory + "/logs/job.log); try again in a moment";
    case Condition::dead:
      return "the supervisor of the cluster " + cluster.name + " was killed while it was " +
             phase_text(cluster.state.phase) + "; " + remove;
    case Condition::elsewhere:
      return "the cluster " + cluster.name + " was started on the host " + cluster.state.host + "; ask there";
    default:
      return "the cluster " + cluster.name + " is " + condition_text(cluster.condition) + "; try again in a moment";
  }
}

// That it was started again is told: what engines held in memory was lost then.
std::string restarts_line(const launch::ClusterState& state) {
  if (state.restarts == 0) return {};
  return "restarts:  " + std::to_string(state.restarts) + ", the last because " + state.reason + "\n";
}

// A cluster whose supervisor was killed gets another one. If that is not possible, its engines work on all the same.
void adopt(const launch::ClusterHome& home, const std::string& name) {
  if (const base::Status adopted = launch::adopt_cluster(home, name); !adopted) complain(adopted.fault().text);
}

// A look at a running cluster through its gateway.
ClusterStatus ask(const launch::ClusterHome& home, const std::string& name) {
  const Client client{home.cluster(name).connection_file().string()};
  return client.status();
}

}  // namespace

void complain(const std::string& text) {
  std::cerr << "gangway: " << base::printable(text) << '\n';
}

ExitCode start(const launch::ClusterHome& home, const Profile& profile) {
  adopt(home, profile.name);
  const base::Result<launch::StartedCluster> cluster =
      launch::start_cluster(home, profile, launch::Ownership::detached);
  if (!cluster) {
    complain(cluster.fault().text);
    return exit_failure;
  }
  std::cout << "cluster " << cluster.value().name << " is running " << (cluster.value().revived ? "again " : "")
            << "with " << counted(profile.engines, "engine") << '\n'
            << "connection file: " << cluster.value().connection_file.string() << '\n'
            << "stop it with:    gangway stop " << cluster.value().name << '\n';
  return exit_ok;
}

ExitCode stop(const launch::ClusterHome& home, const std::string& name) {
  if (!home.has_cluster(name)) return no_such_cluster(name);
  if (const base::Status stopped = launch::stop_cluster(home, name); !stopped) {
    complain(stopped.fault().text);
    return exit_failure;
  }
  std::cout << "cluster " << name << " is stopped\n";
  return exit_ok;
}

ExitCode list(const launch::ClusterHome& home, Output output) {
  const std::vector<ClusterSummary> clusters = summaries_of(home);
  if (output == Output::json) {
    std::vector<std::string> entries;
    for (const ClusterSummary& cluster : clusters) entries.push_back(summary_json(cluster).to_string());
    std::cout << launch::json_list(entries) << '\n';
    return exit_ok;
  }
  if (clusters.empty()) {
    std::cout << "there are no clusters; `gangway start` starts one\n";
    return exit_ok;
  }
  std::vector<Row> rows{{"NAME", "CONDITION", "ENGINES", "ADDRESS", "STARTED", "HOST"}};
  for (const ClusterSummary& cluster : clusters) {
    rows.push_back({cluster.name, condition_text(cluster.condition), engines_text(cluster),
                    cluster.address.empty() ? "-" : cluster.address, local_time(cluster.state.started_unix_s),
                    cluster.state.host});
  }
  print_table(std::move(rows));
  return exit_ok;
}

ExitCode status(const launch::ClusterHome& home, const std::string& name, Output output) {
  if (!home.has_cluster(name)) return no_such_cluster(name);
  adopt(home, name);
  const ClusterSummary cluster = launch::summary_of(home.cluster(name));
  const bool runs = cluster.condition == Condition::running;
  std::optional<ClusterStatus> now;
  const bool lets_nobody_in = !cluster.journal_trouble.empty();
  if (runs && !lets_nobody_in) now = ask(home, name);
  if (output == Output::json) {
    JsonObject json = summary_json(cluster);
    if (now) {
      json.number("sessions", now->sessions)
          .number("tasks_waiting", now->tasks_waiting)
          .number("tasks_running", now->tasks_running)
          .number("tasks_finished", now->tasks_finished)
          .raw("engine_list", engines_json(now->engines));
    }
    std::cout << json.to_string() << '\n';
    return runs ? exit_ok : exit_failure;
  }
  if (!runs) {
    complain(trouble_of(cluster));
    return exit_failure;
  }
  std::ostringstream text;
  text << "cluster " << name << " is running on "
       << (cluster.state.hosts.empty() ? cluster.state.host : cluster.state.hosts) << " since "
       << local_time(cluster.state.started_unix_s) << '\n'
       << "gateway:   " << cluster.address << '\n'
       << "engines:   " << (now ? now->engines.size() : cluster.engines_alive) << " of " << cluster.state.engines
       << '\n'
       << "transport: " << launch::transport_summary(cluster.state) << '\n'
       << "journal:   " << launch::durability_summary(cluster.state) << '\n'
       << "bells:     " << cluster.bells << '\n'
       << restarts_line(cluster.state);
  if (now) {
    text << "sessions:  " << now->sessions << '\n'
         << "tasks:     " << now->tasks_waiting << " waiting, " << now->tasks_running << " running, "
         << now->tasks_finished << " finished\n";
  } else {
    text << "PAUSED:    the journal cannot be written, and nothing is accepted or answered until it can; nothing is "
            "lost\n           "
         << cluster.journal_trouble << '\n';
  }
  std::cout << base::printable_lines(text.str());
  return exit_ok;
}

ExitCode engines(const launch::ClusterHome& home, const std::string& name, Output output) {
  if (!home.has_cluster(name)) return no_such_cluster(name);
  adopt(home, name);
  const ClusterSummary cluster = launch::summary_of(home.cluster(name));
  if (cluster.condition != Condition::running) {
    complain(trouble_of(cluster));
    return exit_failure;
  }
  const ClusterStatus now = ask(home, name);
  if (output == Output::json) {
    std::cout << engines_json(now.engines) << '\n';
    return exit_ok;
  }
  std::vector<Row> rows{{"ENGINE", "HOST", "PID", "RUNNING", "WAITING", "FINISHED"}};
  for (const EngineStatus& status : now.engines) {
    rows.push_back({std::to_string(status.engine.id.value()), status.engine.host, std::to_string(status.engine.pid),
                    std::to_string(status.tasks_running), std::to_string(status.tasks_waiting),
                    std::to_string(status.tasks_finished)});
  }
  print_table(std::move(rows));
  return exit_ok;
}

ExitCode build(const launch::ClusterHome& home, const std::string& cluster, const std::string& directory,
               const std::vector<std::string>& flags) {
  const bool is_path = cluster.find('/') != std::string::npos || cluster.ends_with(".json");
  if (!is_path && !home.has_cluster(cluster)) return no_such_cluster(cluster);
  if (!is_path) adopt(home, cluster);
  const Client client{cluster};
  try {
    client.build(directory, flags);
  } catch (const RemoteError& error) {
    // What the compiler says has lines.
    std::cerr << base::printable_lines("gangway: the build on " + error.host() + " failed: " + error.text() + "\n");
    return exit_failure;
  }
  std::cout << "built " << base::printable(directory) << " and loaded it at " << client.engines().size()
            << " engines of " << base::printable(client.cluster()) << '\n';
  return exit_ok;
}

}  // namespace gangway::app
