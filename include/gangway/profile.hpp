// What a cluster to be started looks like.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <gangway/api.hpp>

namespace gangway {

/// A range of TCP ports, both ends included. 0 to 0 means: any free port, chosen by the system.
struct PortRange {
  std::uint16_t low = 0;
  std::uint16_t high = 0;

  friend bool operator==(const PortRange&, const PortRange&) = default;
};

/// What carries the messages between the ranks.
enum class Transport : std::uint8_t {
  /// Shared memory on a host and TCP between hosts: the death of a rank costs that rank and what it held.
  resilient,
  /// Whatever the site's MPI chooses, InfiniBand and the like: faster where there is such a network, but how the
  /// other ranks take a death is then up to that network's software.
  native,
};

/// What a cluster's tasks survive: those that it has accepted, with their answers, until the client has these.
enum class Durability : std::uint8_t {
  /// Nothing: they are gone with the gateway.
  memory,
  /// The death of any process of the cluster, which is started again then.
  commit,
  /// The loss of power on the gateway's host too: each commit waits for the disk.
  disk,
};

/// A host of a cluster.
struct Host {
  /// As the launcher on the first host knows it.
  std::string name;

  /// How many engines run there. 0 for all hosts: the engines are dealt to the hosts evenly.
  std::uint32_t engines = 0;

  friend bool operator==(const Host&, const Host&) = default;
};

/// How long a cluster keeps what nobody uses. What is done of tasks is in the journal: without one it is not kept.
struct Keeping {
  /// Tasks that are done (see Client::tasks()), with arguments and results: for so long, so many, so much of them.
  /// The oldest go first. Any of them may be zero: then nothing is kept.
  std::chrono::milliseconds history_age = std::chrono::hours(7 * 24);
  std::uint64_t history_tasks_max = 100'000;
  std::uint64_t history_bytes_max = std::uint64_t{256} << 20U;

  /// A session whose client went without a word, its tasks and the answers that it has not taken. After this they
  /// have expired.
  std::chrono::milliseconds session_linger = std::chrono::hours(1);

  /// The same for a session with a name.
  std::chrono::milliseconds named_session_linger = std::chrono::hours(7 * 24);

  friend bool operator==(const Keeping&, const Keeping&) = default;
};

/// How to start a cluster; a value. Nothing is checked here: starting a cluster with an impossible profile throws.
struct Profile {
  /// Engines and one gateway on this host, reachable from this host only.
  [[nodiscard]] static Profile local(std::uint32_t engines) {
    Profile profile;
    profile.engines = engines;
    return profile;
  }

  /// The profile in an INI file; see "Profiles" in the README for what may stand in it. `name_or_path` is a path if
  /// it has a slash or ends in ".ini"; else the file is profiles/NAME.ini in $GANGWAY_HOME or ~/.local/state/gangway.
  /// What the file leaves out has the value below. Throws gangway::Error, which names the file, the line, the key and
  /// the way out; also if another account than this one and root could change the file.
  [[nodiscard]] GANGWAY_API static Profile load(const std::string& name_or_path);

  /// The cluster's name: letters, digits, '.', '_' and '-'. Empty: one is made up that no other cluster has.
  std::string name;

  /// How many engines; at least 1. With engines counted for each host: their sum.
  std::uint32_t engines = 1;

  /// How many gateways clients can connect to.
  std::uint32_t gateways = 1;

  /// The address the gateway listens on. Anything but a loopback address lets other hosts connect (they still need
  /// the connection file).
  std::string bind_address = "127.0.0.1";

  /// The ports the gateway may take.
  PortRange ports;

  /// What the tasks survive. All but memory keep a journal in the cluster's directory.
  Durability durability = Durability::commit;

  /// How much of what is pushed through Client::all() is kept, in bytes, for engines that join later, as all do when
  /// the cluster was started again. It lies in the cluster's directory. Without a journal nothing is kept.
  std::uint64_t environment_bytes_max = std::uint64_t{4} << 30U;

  /// What is kept of tasks and sessions that nobody uses.
  Keeping keeping;

  /// How often, in ten minutes, the cluster is started again when it has ended by itself.
  std::uint32_t restarts = 5;

  /// How long a process of the cluster may be stopped, or hang, before it is killed and counts as lost. What is only
  /// slow, or held by a debugger, is left alone. At least a second.
  std::chrono::milliseconds stall_timeout = std::chrono::seconds(15);

  /// How long the cluster works on when its supervisor was killed and nobody gives it another one, as every `gangway`
  /// command about it does, and the Cluster object that owns it.
  std::chrono::milliseconds orphan_timeout = std::chrono::hours(1);

  /// The most memory one engine's arrays may take, in bytes. It is reserved, not used up: pages appear when they are
  /// written. 0: this host's memory divided by the engines, at most 64 GiB each.
  std::uint64_t arena_bytes = 0;

  /// Where the engines run; empty: all on this host. The gateway runs on the first. All hosts need the same files
  /// under the same paths: Gangway itself and the directory of the clusters.
  std::vector<Host> hosts;

  Transport transport = Transport::resilient;

  /// The program by which mpirun reaches other hosts, with its options. Empty: mpirun's own choice, which is ssh.
  std::string agent;

  /// Libraries that every engine loads before it is ready (see Client::load()), as paths on the hosts. Of several
  /// with one function, the last counts.
  std::vector<std::string> modules;

  /// How long the engines may take to come up before the start is given up.
  std::chrono::milliseconds start_timeout = std::chrono::seconds(60);
  friend bool operator==(const Profile&, const Profile&) = default;
};

}  // namespace gangway
