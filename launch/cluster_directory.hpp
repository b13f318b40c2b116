// Where the clusters of this account keep their files.
//
//   <home>/clusters/<name>/   0700; what is in it: see ClusterDirectory
//   <home>/logs/<name>.log    the log of a cluster of that name that could not be started
//
// <home> is $GANGWAY_HOME, else $XDG_STATE_HOME/gangway, else ~/.local/state/gangway. A cluster's directory appears
// and disappears in one step, by renaming; names that begin with a dot are directories on their way in or out.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "launch/state_file.hpp"
#include "os/descriptor.hpp"

namespace gangway::launch {

/// A fault unless `name` can be a cluster's: at most 64 letters, digits, '.', '_' and '-', the first a letter or
/// digit.
base::Status check_cluster_name(std::string_view name);

/// The files of one cluster; a value, which says nothing about what exists.
class ClusterDirectory {
 public:
  explicit ClusterDirectory(std::filesystem::path path) : path_{std::move(path)} {}

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::string name() const { return path_.filename().string(); }

  [[nodiscard]] std::filesystem::path connection_file() const { return path_ / "connection.json"; }
  [[nodiscard]] std::filesystem::path state_file() const { return path_ / "state.json"; }
  [[nodiscard]] std::filesystem::path launch_file() const { return path_ / "launch"; }
  [[nodiscard]] std::filesystem::path job_end_file() const { return path_ / "job-end.json"; }
  [[nodiscard]] std::filesystem::path lock_file() const { return path_ / "supervisor.lock"; }
  [[nodiscard]] std::filesystem::path gateway_file() const { return path_ / "gateway-0.json"; }
  [[nodiscard]] std::filesystem::path log_file() const { return path_ / "logs" / "job.log"; }
  [[nodiscard]] std::filesystem::path authority_file() const { return path_ / "authority.pem"; }
  [[nodiscard]] std::filesystem::path gateway_certificate() const { return path_ / "gateway.pem"; }
  [[nodiscard]] std::filesystem::path gateway_key() const { return path_ / "gateway-key.pem"; }
  [[nodiscard]] std::filesystem::path client_certificate() const { return path_ / "client.pem"; }
  [[nodiscard]] std::filesystem::path client_key() const { return path_ / "client-key.pem"; }

 private:
  std::filesystem::path path_;
};

/// Takes the lock that makes the caller the one who may end, adopt or remove the cluster. Every supervisor holds it
/// as long as it lives; the kernel frees it when its holder dies. A fault at once if somebody has it.
base::Result<os::Descriptor> lock_cluster(const ClusterDirectory& directory);

/// The directory that holds all clusters of this account; a value.
class ClusterHome {
 public:
  /// From the environment. A fault if it names no place at all.
  static base::Result<ClusterHome> of_account();

  explicit ClusterHome(std::filesystem::path path) : path_{std::move(path)} {}

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] ClusterDirectory cluster(const std::string& name) const;
  [[nodiscard]] bool has_cluster(const std::string& name) const;

  /// Where the log of a failed start is kept.
  [[nodiscard]] std::filesystem::path failed_log(const std::string& name) const;

  /// The names of the clusters there are, running or not, in alphabetical order.
  [[nodiscard]] std::vector<std::string> list() const;

  /// Makes the directory of a new cluster with its first state in it. Of several callers with the same name one wins.
  /// A fault if the name is in use, by a cluster that runs or by the remains of one; the text tells which.
  [[nodiscard]] base::Result<ClusterDirectory> create_cluster(const std::string& name,
                                                              const ClusterState& state) const;

  /// Removes a cluster's directory; none there is fine.
  [[nodiscard]] base::Status remove_cluster(const std::string& name) const;

 private:
  std::filesystem::path path_;
};

}  // namespace gangway::launch
