#include "gateway/bells_text.hpp"

#include <set>

#include "mpi/loop.hpp"

namespace gangway::gateway {

std::string bells_text(const std::string& host, const std::vector<HostWay>& ways) {
  if (ways.empty()) return "shared memory, on one host";
  std::set<std::string> all;
  std::set<std::string> blocked;
  for (const HostWay& way : ways) {
    all.insert(way.host);
    if (!way.is_open) blocked.insert(way.host);
  }
  if (blocked.empty()) return "UDP between " + std::to_string(all.size() + 1) + " hosts";
  std::string names;
  for (const std::string& name : blocked) names += (names.empty() ? "" : ", ") + name;
  return "polling: UDP does not pass between " + host + " and " + names + "; a message may wait for up to " +
         std::to_string(mpi::polling_interval_max.ns / 1'000'000) + " ms";
}

}  // namespace gangway::gateway
