#include <gangway/cluster.hpp>

#include <poll.h>

#include <array>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include <gangway/error.hpp>

#include "launch/adopt.hpp"
#include "launch/profile_file.hpp"
#include "launch/start.hpp"
#include "launch/stop.hpp"
#include "os/wake_up.hpp"

namespace gangway {

Profile Profile::load(const std::string& name_or_path) {
  base::Result<Profile> profile = launch::load_profile(name_or_path);
  if (!profile) throw Error{profile.fault().text};
  return std::move(profile).value();
}

namespace {

/// Gives a cluster another supervisor whenever its own was killed, on a thread of its own.
class SupervisorWatch {
 public:
  SupervisorWatch(launch::ClusterHome home, std::string name, os::WakeUp end)
      : home_{std::move(home)}, name_{std::move(name)}, end_{std::move(end)}, thread_{[this] { run(); }} {}
  SupervisorWatch(const SupervisorWatch&) = delete;
  SupervisorWatch& operator=(const SupervisorWatch&) = delete;
  ~SupervisorWatch() {
    end_.ring();
    thread_.join();
  }

 private:
  void run() {
    constexpr int look_again_ms = 1000;
    for (;;) {
      const base::Result<launch::ClusterState> state = launch::read_state(home_.cluster(name_).state_file());
      // It has ended by itself, or somebody has stopped it.
      if (state ? state.value().phase == launch::Phase::ended : !home_.has_cluster(name_)) return;
      // What is in the way may go away; a supervisor that is there is waited for.
      const bool adopted = launch::adopt_cluster(home_, name_).ok() && state;
      const os::Descriptor supervisor = adopted ? os::open_process(state.value().supervisor) : os::Descriptor{};
      std::array<pollfd, 2> events{{{end_.descriptor(), POLLIN, 0}, {supervisor.get(), POLLIN, 0}}};
      ::poll(events.data(), events.size(), supervisor ? -1 : look_again_ms);
      if (events[0].revents != 0) return;
    }
  }

  launch::ClusterHome home_;
  std::string name_;
  os::WakeUp end_;
  std::thread thread_;
};

}  // namespace

class Cluster::State {
 public:
  explicit State(const Profile& profile) {
    base::Result<launch::ClusterHome> home = launch::ClusterHome::of_account();
    if (!home) throw Error{home.fault().text};
    base::Result<launch::StartedCluster> started =
        launch::start_cluster(home.value(), profile, launch::Ownership::owned);
    if (!started) throw Error{"cannot start a cluster: " + started.fault().text};
    base::Result<os::WakeUp> end = os::WakeUp::open();
    if (!end) throw Error{"cannot watch over a cluster: " + end.fault().text};
    home_ = std::move(home).value();
    cluster_ = std::move(started).value();
    connection_file_ = cluster_.connection_file.string();
    watch_.emplace(home_, cluster_.name, std::move(end).value());
  }

  [[nodiscard]] const std::string& name() const { return cluster_.name; }
  [[nodiscard]] const std::string& connection_file() const { return connection_file_; }

  base::Status stop() {
    if (std::exchange(stopped_, true)) return base::Done{};
    watch_.reset();
    return launch::stop_cluster(home_, cluster_.name);
  }

 private:
  launch::ClusterHome home_{std::filesystem::path{}};
  launch::StartedCluster cluster_;
  std::string connection_file_;
  std::optional<SupervisorWatch> watch_;
  bool stopped_ = false;
};

Cluster::Cluster(const Profile& profile) : state_{std::make_unique<State>(profile)} {}

Cluster::~Cluster() {
  try {
    if (state_) static_cast<void>(state_->stop());
  } catch (...) {
    // Out of memory: the end of this process stops the cluster.
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
