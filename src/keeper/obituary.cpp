#include "keeper/obituary.hpp"

#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace gangway::keeper {

base::Result<Obituary> Obituary::open(ObituarySettings settings) {
  if (settings.ranks > node_page_ranks_max) {
    return base::Fault{"more gateways and engines than a cluster can have"};
  }
  auto page = NodePage::open(settings.scratch_directory);
  if (!page) return page.fault();
  auto bells = Bells::open(settings.scratch_directory);
  if (!bells) return bells.fault();
  return Obituary{std::move(settings), std::move(page).value(), std::move(bells).value()};
}

void Obituary::publish(int rank, int status) const {
  page_.mark_dead(rank, status);
  // Those of other nodes have no such bell; ringing it does nothing.
  for (int other = 0; other < settings_.ranks; ++other) {
    if (other != rank) bells_.ring_if_asleep(page_, other);
  }
  if (settings_.cluster_directory.empty()) return;
  write_file(rank, status);
  if (rank < settings_.gateways) ::kill(::getppid(), SIGTERM);
}

// It appears whole. That it cannot be written means that the cluster is being removed.
void Obituary::write_file(int rank, int status) const {
  const std::string path = settings_.cluster_directory + "/dead-" + std::to_string(rank);
  const std::string unfinished = path + ".new";
  std::ofstream{unfinished} << status << '\n';
  std::error_code removed;
  std::filesystem::rename(unfinished, path, removed);
}

}  // namespace gangway::keeper
