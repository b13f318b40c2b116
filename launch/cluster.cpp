#include <gangway/cluster.hpp>

#include <utility>

#include <gangway/error.hpp>

#include "launch/profile_file.hpp"
#include "launch/start.hpp"
#include "launch/stop.hpp"

namespace gangway {

Profile Profile::load(const std::string& name_or_path) {
  base::Result<Profile> profile = launch::load_profile(name_or_path);
  if (!profile) throw Error{profile.fault().text};
  return std::move(profile).value();
}

class Cluster::State {
 public:
  explicit State(const Profile& profile) {
    base::Result<launch::ClusterHome> home = launch::ClusterHome::of_account();
    if (!home) throw Error{home.fault().text};
    base::Result<launch::StartedCluster> started =
        launch::start_cluster(home.value(), profile, launch::Ownership::owned);
    if (!started) throw Error{"cannot start a cluster: " + started.fault().text};
    home_ = std::move(home).value();
    cluster_ = std::move(started).value();
    connection_file_ = cluster_.connection_file.string();
  }

  [[nodiscard]] const std::string& name() const { return cluster_.name; }
  [[nodiscard]] const std::string& connection_file() const { return connection_file_; }

  base::Status stop() {
    if (std::exchange(stopped_, true)) return base::Done{};
    base::Status stopped = launch::stop_cluster(home_, cluster_.name);
    cluster_.owner.reset();
    return stopped;
  }

 private:
  launch::ClusterHome home_{std::filesystem::path{}};
  launch::StartedCluster cluster_;
  std::string connection_file_;
  bool stopped_ = false;
};

Cluster::Cluster(const Profile& profile) : state_{std::make_unique<State>(profile)} {}

Cluster::~Cluster() {
  try {
    if (state_) static_cast<void>(state_->stop());
  } catch (...) {
    // Out of memory: the end of this process, which closes the pipe to the supervisor, stops the cluster.
  }
}

Cluster::Cluster(Cluster&&) noexcept = default;

Cluster& Cluster::operator=(Cluster&& other) noexcept {
  Cluster old{std::move(*this)};
  state_ = std::move(other.state_);
  return *this;
}

Client Cluster::connect() const {
  return Client{connection_file()};
}

const std::string& Cluster::name() const {
  return state_->name();
}

const std::string& Cluster::connection_file() const {
  return state_->connection_file();
}

void Cluster::stop() {
  if (base::Status stopped = state_->stop(); !stopped) {
    throw Error{"cannot stop the cluster " + name() + ": " + stopped.fault().text};
  }
}

}  // namespace gangway
