#include "journal/stored_task.hpp"

#include <cstring>
#include <utility>

namespace gangway::journal {

namespace {

enum Column : int {
  id,
  first,
  parts,
  session,
  request,
  target,
  label,
  needs,
  module,
  policy,
  key,
  submitted_ns,
  operation_bytes,
  parked,
  state,
  attempts,
  engine,
  handed_ns,
  finished_ns,
  run_ns,
  failed,
  failure,
  column_count
};
static_assert(column_count == stored_part_column_count);

template <class T>
T decoded(const Statement& row, int column) {
  auto value = decode_column<T>(row.bytes(column));
  if (!value) throw damaged_task(row.id<TaskId>(Column::id), value.fault().text);
  return std::move(value).value();
}

}  // namespace

DatabaseFailure damaged_task(TaskId task, const std::string& why) {
  return DatabaseFailure{
      {SQLITE_CORRUPT, "what is stored of task " + std::to_string(task.value()) + " makes no sense: " + why}};
}

wire::ModuleHash stored_hash(const Statement& row, int column) {
  wire::ModuleHash hash{};
  const base::SharedBytes bytes = row.bytes(column);
  if (bytes.size() != hash.size()) {
    throw DatabaseFailure{{SQLITE_CORRUPT, "the hash of a module has the wrong length"}};
  }
  std::memcpy(hash.data(), bytes.view().data(), hash.size());
  return hash;
}

StoredPart stored_part(const Statement& row) {
  StoredPart part;
  part.id = row.id<TaskId>(Column::id);
  part.first = row.id<TaskId>(Column::first);
  part.parts = static_cast<std::uint64_t>(row.integer(Column::parts));
  if (part.id < part.first || part.id.value() - part.first.value() >= part.parts) {
    throw damaged_task(part.id, "it is not among the parts of task " + std::to_string(part.first.value()));
  }
  part.session = row.id<SessionId>(Column::session);
  part.request = row.id<wire::RequestId>(Column::request);
  if (!row.is_null(Column::target)) part.target = row.id<EngineId>(Column::target);
  part.label = row.text(Column::label);
  if (!row.is_null(Column::needs)) part.needs = decoded<std::vector<std::string>>(row, Column::needs);
  if (!row.is_null(Column::module)) part.module = stored_hash(row, Column::module);
  if (!row.is_null(Column::policy)) part.policy = decoded<wire::RetryPolicy>(row, Column::policy);
  if (!row.is_null(Column::key)) part.key = row.text(Column::key);
  part.operation_bytes = static_cast<std::uint64_t>(row.integer(Column::operation_bytes));
  part.parked = row.integer(Column::parked) != 0;
  const std::int64_t state = row.integer(Column::state);
  if (state < 0 || state > static_cast<std::int64_t>(StoredState::dropped)) {
    throw damaged_task(part.id, "it is in no known state");
  }
  part.state = static_cast<StoredState>(state);
  part.run = {row.id<EngineId>(Column::engine),  static_cast<std::uint32_t>(row.integer(Column::attempts)),
              row.integer(Column::submitted_ns), row.integer(Column::handed_ns),
              row.integer(Column::finished_ns),  row.integer(Column::run_ns)};
  if (!row.is_null(Column::failed)) part.failed = decoded<std::vector<StoredAttempt>>(row, Column::failed);
  if (!row.is_null(Column::failure)) {
    // Of what is forgotten, that it failed is all that anybody who reads back needs.
    part.failure =
        part.state == StoredState::forgotten ? wire::Failure{} : decoded<wire::Failure>(row, Column::failure);
  }
  return part;
}

core::TaskAccepted accepted_of(StoredPart first) {
  core::TaskAccepted accepted;
  accepted.session = first.session;
  accepted.request = first.request;
  accepted.first_task = first.first;
  accepted.label = std::move(first.label);
  accepted.needs = std::move(first.needs);
  accepted.submitted_ns = first.run.submitted_ns;
  accepted.module = first.module;
  accepted.policy = first.policy;
  accepted.key = std::move(first.key);
  accepted.left_out_bytes = first.operation_bytes;
  return accepted;
}

}  // namespace gangway::journal
