#include "mpi/doorbell.hpp"

#include <sys/socket.h>

#include <array>
#include <atomic>
#include <utility>
#include <vector>

#include "mpi/world.hpp"
#include "os/clock.hpp"

namespace gangway::mpi {

base::Result<Doorbell> Doorbell::open(const World& world, const std::string& scratch_directory, int gateways) {
  if (world.size() > keeper::node_page_ranks_max) {
    return base::Fault{"the MPI job has " + std::to_string(world.size()) + " ranks; at most " +
                       std::to_string(keeper::node_page_ranks_max) + " are supported"};
  }
  auto page = keeper::NodePage::open(scratch_directory);
  if (!page) return page.fault();
  auto bells = keeper::Bells::open(scratch_directory);
  if (!bells) return bells.fault();
  auto bell = bells.value().hang(world.rank());
  if (!bell) return bell.fault();
  Doorbell doorbell{world, std::move(page).value(), std::move(bells).value(), std::move(bell).value()};
  if (!world.one_node()) doorbell.open_network(gateways);
  return doorbell;
}

// A rank that cannot take part says so to the others: all have to be here.
void Doorbell::open_network(int gateways) {
  const HostNetworks own = networks_of_this_host();
  const std::vector<HostNetworks> networks = world_->gather(own);
  std::vector<HostNetworks> others;
  std::vector<int> remote;
  std::vector<int> talking;
  for (int rank = 0; rank < world_->size(); ++rank) {
    if (world_->on_this_node(rank)) continue;
    others.push_back(networks[static_cast<std::size_t>(rank)]);
    remote.push_back(rank);
    if (rank < gateways || world_->rank() < gateways) talking.push_back(rank);
  }
  const NetworkAddress address = choose_network(own, others);
  base::Result<NetworkBells> bells =
      address.address == 0 ? base::Result<NetworkBells>{base::Fault{}} : NetworkBells::open(address);
  const std::vector<BellPlace> places = world_->gather(bells ? bells.value().place() : BellPlace{});
  if (!bells) return;
  network_ = std::make_unique<NetworkBells>(std::move(bells).value());
  network_->meet(world_->rank(), places, remote, talking);
}

Doorbell::Doorbell(const World& world, keeper::NodePage page, keeper::Bells bells, os::Descriptor bell)
    : world_{&world}, page_{std::move(page)}, bells_{std::move(bells)}, bell_{std::move(bell)} {}

void Doorbell::announce(int rank) const {
  if (!world_->on_this_node(rank)) {
    if (network_) network_->announce(rank, os::now());
    return;
  }
  page_.slot(rank).messages_sent.fetch_add(1);
  bells_.ring_if_asleep(page_, rank);
}

std::uint64_t Doorbell::messages_sent_to_me() const {
  return page_.slot(world_->rank()).messages_sent.load();
}

void Doorbell::fall_asleep() const {
  page_.slot(world_->rank()).asleep.store(1);
  std::atomic_thread_fence(std::memory_order_seq_cst);
}

void Doorbell::wake_up() const {
  page_.slot(world_->rank()).asleep.store(0);
}

void Doorbell::count_round() const {
  page_.slot(world_->rank()).loop_rounds.fetch_add(1, std::memory_order_relaxed);
}

std::uint64_t Doorbell::silence() const {
  std::uint64_t rings = 0;
  std::array<char, 8> stroke{};
  while (rings < rings_taken_max && ::recv(bell_.get(), stroke.data(), stroke.size(), MSG_DONTWAIT) >= 0) ++rings;
  return rings;
}

}  // namespace gangway::mpi
