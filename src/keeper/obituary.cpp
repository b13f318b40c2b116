#include "keeper/obituary.hpp"

#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "keeper/wait_status.hpp"
#include "os/process.hpp"

namespace gangway::keeper {

base::Result<Obituary> Obituary::open(ObituarySettings settings) {
  if (settings.ranks > node_page_ranks_max) {
    return base::Fault{"more gateways and engines than a cluster can have"};
  }
  auto page = NodePage::open(settings.scratch_directory);
  if (!page) return page.fault();
  auto bells = Bells::open(settings.scratch_directory);
  if (!bells) return bells.fault();
  os::Descriptor launcher = os::open_process(os::process_with_pid(::getppid()).value_or(os::ProcessKey{}));
  return Obituary{std::move(settings), std::move(page).value(), std::move(bells).value(), std::move(launcher)};
}

void Obituary::publish(int rank, int status) const {
  page_.mark_dead(rank, status);
  // Those of other nodes have no such bell; ringing it does nothing.
  for (int other = 0; other < settings_.ranks; ++other) {
    if (other != rank) bells_.ring_if_asleep(page_, other);
  }
  const bool several_hosts = !settings_.cluster_directory.empty();
  if (several_hosts) write_file(rank, status);
  // Who ends by itself before its loop has begun has told why, and the others are still told.
  const bool while_starting = page_.slot(rank).loop_rounds.load() == 0 && !ended_by_itself(status);
  if (while_starting || (several_hosts && rank < settings_.gateways)) os::send_signal(launcher_, SIGTERM);
}

// It appears whole. That it cannot be written means that the cluster is being removed.
void Obituary::write_file(int rank, int status) const {
  const std::string path = settings_.cluster_directory + "/dead-" + std::to_string(rank);
  const std::string unfinished = path + ".new";
  std::ofstream{unfinished} << status << ' ' << settings_.scratch_directory << '\n';
  std::error_code removed;
  std::filesystem::rename(unfinished, path, removed);
}

}  // namespace gangway::keeper
