// A running cluster, owned by the program that started it.
#pragma once

#include <memory>
#include <string>

#include <gangway/api.hpp>
#include <gangway/client.hpp>
#include <gangway/profile.hpp>

namespace gangway {

/// Starts a cluster and owns it: when the object goes, the cluster is stopped, and when this process dies, however it
/// dies, the cluster stops by itself. Afterwards no process, socket, shared memory or file of it is left.
/// A supervisor of it that is killed is replaced, by a thread of this object's own.
///
/// Movable, not copyable. One thread at a time may use it.
class GANGWAY_API Cluster {
 public:
  /// Starts a cluster and returns when all of its engines are ready. Throws gangway::Error with one sentence that
  /// says what was in the way and what to do about it.
  explicit Cluster(const Profile& profile);

  /// Stops the cluster; what goes wrong meanwhile is not reported. Returns within a bounded time (seconds).
  ~Cluster();

  Cluster(Cluster&&) noexcept;
  Cluster& operator=(Cluster&&) noexcept;
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  /// A client of this cluster, with all rights. Throws gangway::Error when the cluster does not answer.
  [[nodiscard]] Client connect() const;

  /// The cluster's name, by which `gangway status NAME` and others find it.
  [[nodiscard]] const std::string& name() const;

  /// The path of the file that a client elsewhere needs to connect. It holds a private key.
  [[nodiscard]] const std::string& connection_file() const;

  /// Stops the cluster and returns when nothing of it is left. Throws gangway::Error when that cannot be had.
  /// A second call does nothing.
  void stop();

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace gangway
