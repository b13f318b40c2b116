#include "app/task_commands.hpp"

#include <cstddef>
#include <fstream>
#include <iostream>
#include <optional>
#include <sstream>

#include <gangway/client.hpp>

#include "app/table.hpp"
#include "base/printable.hpp"
#include "launch/json.hpp"

namespace gangway::app {
namespace {

std::string id_text(TaskId task) {
  return std::to_string(task.value());
}

/// In milliseconds since 1970.
std::int64_t unix_ms(TaskRecord::Time time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

std::string time_text(const std::optional<TaskRecord::Time>& time) {
  return time ? local_time(unix_ms(*time) / 1000) : "-";
}

/// "850us", "12.5ms", "3.21s", in three digits or more.
std::string span_text(std::chrono::nanoseconds span) {
  const auto ns = static_cast<double>(span.count());
  std::ostringstream text;
  text.precision(3);
  if (ns < 1e6) {
    text << ns / 1e3 << "us";
  } else if (ns < 1e9) {
    text << ns / 1e6 << "ms";
  } else {
    text << std::fixed << ns / 1e9 << "s";
  }
  return text.str();
}

std::string session_text(const TaskRecord& task) {
  return task.session_name.empty() ? std::to_string(task.session.value()) : task.session_name;
}

Row row_of(const TaskRecord& task) {
  const bool is_answered = task.state == TaskState::succeeded || task.state == TaskState::failed;
  return {id_text(task.id),
          text_of(task.state),
          task.label,
          session_text(task),
          task.engine ? std::to_string(task.engine->value()) : "-",
          std::to_string(task.attempts),
          time_text(task.submitted),
          is_answered ? span_text(task.ran) : "-",
          std::to_string(task.argument_bytes),
          is_answered ? std::to_string(task.answer_bytes) : "-",
          task.failure};
}

std::string json_of(const TaskRecord& task) {
  launch::JsonObject json;
  json.number("id", task.id.value())
      .text("state", text_of(task.state))
      .raw("delivered", task.delivered ? "true" : "false")
      .text("label", task.label)
      .number("session", task.session.value())
      .text("session_name", task.session_name);
  if (task.engine) json.number("engine", task.engine->value());
  json.number("attempts", task.attempts);
  if (task.submitted) json.number("submitted_unix_ms", unix_ms(*task.submitted));
  if (task.started) json.number("started_unix_ms", unix_ms(*task.started));
  if (task.finished) json.number("finished_unix_ms", unix_ms(*task.finished));
  json.number("run_ns", task.ran.count())
      .number("argument_bytes", task.argument_bytes)
      .number("answer_bytes", task.answer_bytes)
      .text("failure", task.failure);
  return json.to_string();
}

/// Nothing if there is no such cluster, which was told.
std::optional<Client> connect(const launch::ClusterHome& home, const std::string& cluster) {
  const bool is_path = cluster.find('/') != std::string::npos || cluster.ends_with(".json");
  if (is_path || home.has_cluster(cluster)) return Client{cluster};
  complain("there is no cluster named " + cluster + "; `gangway list` shows those there are");
  return std::nullopt;
}

/// What is known of one task besides its result.
std::optional<TaskRecord> record_of(const Client& client, TaskId task) {
  TaskQuery query;
  query.ids = {task};
  const std::vector<TaskRecord> found = client.tasks(query);
  return found.empty() ? std::nullopt : std::optional{found.front()};
}

void tell_failure(const RemoteError& error) {
  std::string text = std::string{"gangway: "} + error.what() + "\n";
  if (!error.story().empty()) text += error.story() + "\n";
  std::cerr << base::printable_lines(text);
}

ExitCode write_file(const std::string& file, const std::vector<std::byte>& bytes) {
  std::ofstream out{file, std::ios::binary};
  out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  out.close();
  if (out) return exit_ok;
  complain("cannot write " + file);
  return exit_failure;
}

}  // namespace

ExitCode list_tasks(const launch::ClusterHome& home, const std::string& cluster, const TaskQuery& query,
                    Output output) {
  const std::optional<Client> client = connect(home, cluster);
  if (!client) return exit_no_cluster;
  const std::vector<TaskRecord> tasks = client->tasks(query);
  if (output == Output::json) {
    std::vector<std::string> entries;
    for (const TaskRecord& task : tasks) entries.push_back(json_of(task));
    std::cout << launch::json_list(entries) << '\n';
    return exit_ok;
  }
  if (tasks.empty()) {
    std::cout << "there are no such tasks\n";
    return exit_ok;
  }
  std::vector<Row> rows{
      {"TASK", "STATE", "LABEL", "SESSION", "ENGINE", "TRIES", "SUBMITTED", "RAN", "BYTES IN", "OUT", "FAILURE"}};
  for (const TaskRecord& task : tasks) rows.push_back(row_of(task));
  print_table(std::move(rows));
  if (tasks.size() == query.limit) std::cout << "these are the newest; --limit shows more\n";
  return exit_ok;
}

ExitCode show_result(const launch::ClusterHome& home, const std::string& cluster, TaskId task,
                     std::chrono::nanoseconds wait_max, const std::string& file, Output output) {
  const std::optional<Client> client = connect(home, cluster);
  if (!client) return exit_no_cluster;
  std::vector<std::byte> bytes;
  try {
    bytes = client->encoded_result(task, wait_max);
  } catch (const RemoteError& error) {
    if (const auto record = record_of(*client, task); record && output == Output::json) {
      std::cout << json_of(*record) << '\n';
    }
    tell_failure(error);
    return exit_failure;
  }
  if (!file.empty()) {
    if (const ExitCode written = write_file(file, bytes); written != exit_ok) return written;
  }
  const std::optional<TaskRecord> record = record_of(*client, task);
  if (record && output == Output::json) {
    std::cout << json_of(*record) << '\n';
  } else {
    std::cout << "task " << id_text(task) << (record ? " (" + base::printable(record->label) + ")" : "")
              << " has succeeded; its result takes " << counted(bytes.size(), "byte")
              << (file.empty() ? "" : ", now in " + base::printable(file)) << '\n';
  }
  return exit_ok;
}

ExitCode resubmit(const launch::ClusterHome& home, const std::string& cluster, TaskId task) {
  const std::optional<Client> client = connect(home, cluster);
  if (!client) return exit_no_cluster;
  try {
    const Future<void> again = client->resubmit(task);
    std::cout << "task " << id_text(task) << " is submitted again as task " << id_text(again.id()) << "\n"
              << std::flush;
    again.get();
    std::cout << "task " << id_text(again.id()) << " has succeeded\n";
  } catch (const RemoteError& error) {
    tell_failure(error);
    return exit_failure;
  }
  return exit_ok;
}

ExitCode forget(const launch::ClusterHome& home, const std::string& cluster, const std::vector<TaskId>& tasks,
                bool all) {
  const std::optional<Client> client = connect(home, cluster);
  if (!client) return exit_no_cluster;
  if (all) {
    client->forget_history();
    std::cout << "all tasks that are done are forgotten\n";
  } else {
    client->forget(tasks);
    std::cout << counted(tasks.size(), "task") << (tasks.size() == 1 ? " is" : " are") << " forgotten\n";
  }
  return exit_ok;
}

}  // namespace gangway::app
