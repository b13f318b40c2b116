// What can be said about a cluster without talking to it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "launch/cluster_directory.hpp"
#include "launch/state_file.hpp"

namespace gangway::launch {

/// How a cluster looks from this host.
enum class Condition {
  starting,
  running,
  restarting,  ///< it ended by itself and is started again; the reason is in its state
  stopping,
  ended,     ///< by itself; the reason is in its state
  dead,      ///< its supervisor was killed, and no other one has taken its place yet: see adopt.hpp
  elsewhere  ///< it was started on another host, from where alone it can be told
};

std::string condition_text(Condition condition);

/// One line of `gangway list`; a value.
struct ClusterSummary {
  std::string name;
  std::string directory;
  Condition condition = Condition::dead;
  ClusterState state;
  std::string address;  // "127.0.0.1:40312", or empty before it is ready
  std::string bells;    // how its ranks wake each other, in words; empty before it is ready
  std::uint32_t engines_alive = 0;
  std::string journal_trouble;  // why its gateway cannot write its journal, and lets nobody in; empty if it can
};

/// How many engines there are: "4", or "3 of 4" if some are not there yet or any more.
std::string engines_text(const ClusterSummary& cluster);

/// What carries its ranks' messages and what that means when one dies, in words.
std::string transport_summary(const ClusterState& state);

/// What its tasks survive, in words.
std::string durability_summary(const ClusterState& state);

/// A cluster whose state cannot be read is a dead one.
ClusterSummary summary_of(const ClusterDirectory& directory);

/// All clusters of the account, by name.
std::vector<ClusterSummary> summaries_of(const ClusterHome& home);

}  // namespace gangway::launch
