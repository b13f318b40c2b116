#include <gangway/client.hpp>

#include <algorithm>
#include <filesystem>
#include <utility>

#include <gangway/error.hpp>

#include "client/connection_file.hpp"
#include "client/session.hpp"
#include "launch/cluster_directory.hpp"

namespace gangway {

namespace {

// A name is looked up in the account's directory of clusters, a path is taken as it is.
std::filesystem::path connection_file_of(const std::string& cluster) {
  if (cluster.find('/') != std::string::npos || cluster.ends_with(".json")) {
    return cluster;
  }
  if (const base::Status status = launch::check_cluster_name(cluster); !status) {
    throw Error{status.fault().text};
  }
  const auto home = launch::ClusterHome::of_account();
  if (!home) {
    throw Error{home.fault().text};
  }
  if (!home.value().has_cluster(cluster)) {
    throw Error{"this account has no cluster '" + cluster + "' (it would be in " + home.value().path().string() +
                "/clusters); `gangway list` shows those it has, `gangway start " + cluster + "` starts it"};
  }
  return home.value().cluster(cluster).connection_file();
}

EngineInfo public_info(const wire::EngineInfo& engine) {
  return {engine.id, engine.host, engine.pid};
}

// "0, 1, 2"
std::string list_of(const std::vector<wire::EngineInfo>& engines) {
  constexpr std::size_t shown_max = 16;
  std::string text;
  for (std::size_t i = 0; i < std::min(engines.size(), shown_max); ++i) {
    text += (i == 0 ? "" : ", ") + std::to_string(engines[i].id.value());
  }
  return engines.size() > shown_max ? text + ", ..." : text;
}

void require_engine(EngineId id, const detail::Session& session) {
  const std::vector<wire::EngineInfo> engines = session.engines();
  if (std::none_of(engines.begin(), engines.end(), [id](const auto& engine) { return engine.id == id; })) {
    throw Error{"cluster " + session.cluster() + " has no engine " + std::to_string(id.value()) + "; it has " +
                (engines.empty() ? "none" : list_of(engines))};
  }
}

}  // namespace

Client::Client(const std::string& cluster, const detail::ClientOptions& options) {
  if (!options.session.name.empty()) {
    detail::check_text("name of a session", options.session.name);
  }
  const std::filesystem::path file = connection_file_of(cluster);
  const auto connection = client::read_connection(file);
  if (!connection) {
    throw Error{connection.fault().text};
  }
  client::SessionOptions session_options;
  session_options.reconnect_limit = base::Duration{options.reconnect.time.count()};
  session_options.name = options.session.name;
  // A cluster that was started again has another port.
  session_ = std::make_shared<detail::Session>(connection.value(), session_options,
                                               [file] { return client::read_connection(file); });
}

Client::~Client() {
  if (session_) {
    session_->close();
  }
}

Client::Client(Client&&) noexcept = default;

Client& Client::operator=(Client&& other) noexcept {
  if (this != &other) {
    if (session_) {
      session_->close();
    }
    session_ = std::move(other.session_);
  }
  return *this;
}

const std::string& Client::cluster() const {
  return session_->cluster();
}

std::vector<EngineInfo> Client::engines() const {
  std::vector<EngineInfo> engines;
  for (const wire::EngineInfo& engine : session_->engines()) {
    engines.push_back(public_info(engine));
  }
  return engines;
}

DirectView Client::all() const {
  std::vector<EngineId> ids;
  for (const wire::EngineInfo& engine : session_->engines()) {
    ids.push_back(engine.id);
  }
  if (ids.empty()) {
    throw Error{"cluster " + cluster() + " has no engines; `gangway status " + cluster() +
                "` tells what became of them"};
  }
  return DirectView{detail::ViewCore{session_, std::move(ids)}.everywhere()};
}

DirectView Client::engines(std::vector<EngineId> ids) const {
  if (ids.empty()) {
    throw Error{"a view needs at least one engine"};
  }
  std::vector<EngineId> sorted = ids;
  std::sort(sorted.begin(), sorted.end());
  if (const auto twice = std::adjacent_find(sorted.begin(), sorted.end()); twice != sorted.end()) {
    throw Error{"engine " + std::to_string(twice->value()) + " is named twice in a view"};
  }
  for (const EngineId id : ids) {
    require_engine(id, *session_);
  }
  return DirectView{detail::ViewCore{session_, std::move(ids)}};
}

EngineView Client::engine(EngineId id) const {
  require_engine(id, *session_);
  return EngineView{detail::ViewCore{session_, {id}}};
}

BalancedView Client::balanced() const {
  return BalancedView{detail::ViewCore{session_, {}}};
}

ClusterStatus Client::status() const {
  const wire::ClusterState state = session_->query();
  ClusterStatus status;
  status.cluster = cluster();
  for (const wire::EngineStatus& engine : state.engines) {
    status.engines.push_back(
        {public_info(engine.engine), engine.attempts_handed, engine.tasks_waiting, engine.tasks_finished});
  }
  status.sessions = state.sessions;
  status.tasks_waiting = state.tasks_waiting;
  status.tasks_running = state.tasks_running;
  status.tasks_finished = state.tasks_finished;
  status.journal_trouble = session_->journal_trouble();
  return status;
}

void Client::close() {
  session_->close();
}

void Client::end_session() {
  session_->end();
}

}  // namespace gangway
