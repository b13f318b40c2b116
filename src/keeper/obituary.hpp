// How the death of a rank is told to all others, since MPI tells of none.
#pragma once

#include <string>
#include <utility>

#include "base/result.hpp"
#include "keeper/node_page.hpp"
#include "os/descriptor.hpp"

namespace gangway::keeper {

struct ObituarySettings {
  int gateways = 1;  // the first ranks
  int ranks = 0;     // with them
  std::string scratch_directory;
  std::string cluster_directory;  // which all hosts share; empty: all ranks are on this one
};

/// A keeper's pen. It tells the ranks of its node at once, and gateways on other nodes by a file in the cluster's
/// directory, which they look at every second.
class Obituary {
 public:
  /// To be called by a process that the launcher has started. A fault if there are more ranks than a cluster can
  /// have, or if the node page or the bells cannot be opened.
  static base::Result<Obituary> open(ObituarySettings settings);

  /// `rank`, of this node, is certainly dead. `status` is that of wait_status.hpp. Saying it again changes nothing.
  /// The launcher is asked to end the job where the others would wait for ever: for a rank that was killed while MPI
  /// started, and with several hosts for a gateway.
  void publish(int rank, int status) const;

  [[nodiscard]] int ranks() const { return settings_.ranks; }
  [[nodiscard]] const NodePage& page() const { return page_; }
  [[nodiscard]] const Bells& bells() const { return bells_; }

 private:
  Obituary(ObituarySettings settings, NodePage page, Bells bells, os::Descriptor launcher)
      : settings_{std::move(settings)},
        page_{std::move(page)},
        bells_{std::move(bells)},
        launcher_{std::move(launcher)} {}
  void write_file(int rank, int status) const;

  ObituarySettings settings_;
  NodePage page_;
  Bells bells_;
  os::Descriptor launcher_;  // when it has ended, others become the parent of this process
};

}  // namespace gangway::keeper
