// The link between a keeper and its rank: a pair of SOCK_SEQPACKET sockets. A gateway's rank has one too, and no
// workers.
//
//   keeper                          rank
//   WorkerStarted  ->                              with the descriptors of the worker's channel
//   WorkerEnded    ->                              each started worker ends once
//                  <-     EndWorker                the worker's channel is broken, or it does not obey
//                  <-     Farewell                 the rank leaves in order: start no more workers
//
// Workers are numbered from 1, rising, and never started again under the same number. The rank uses the oldest living
// one; the next is the standby. Every message is one packet of fixed size that names the version of this protocol.
// Nothing waits.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <variant>

#include "base/result.hpp"
#include "keeper/channel.hpp"
#include "os/descriptor.hpp"

namespace gangway::keeper {

struct WorkerStarted {
  std::uint64_t number = 0;
  pid_t pid = 0;
  ChannelDescriptors channel;
};

/// `wait_status` is waitpid's; see describe_wait_status().
struct WorkerEnded {
  std::uint64_t number = 0;
  int wait_status = 0;
};

struct EndWorker {
  std::uint64_t number = 0;
};

struct Farewell {};

using KeeperReport = std::variant<WorkerStarted, WorkerEnded>;
using RankRequest = std::variant<EndWorker, Farewell>;

/// The two sockets; neither is inherited through exec unless spawn() is told so.
struct LinkDescriptors {
  os::Descriptor keeper;
  os::Descriptor rank;

  static base::Result<LinkDescriptors> create();
};

/// The keeper's side.
class LinkToRank {
 public:
  explicit LinkToRank(os::Descriptor socket) : socket_{std::move(socket)} {}

  /// For epoll.
  [[nodiscard]] int fd() const { return socket_.get(); }

  /// Sends a report; the descriptors in it stay the caller's. False if the rank reads too slowly: try again when the
  /// socket is writable. A fault if the rank has closed its side.
  base::Result<bool> send(const KeeperReport& report);

  /// The next request, if there is one. A fault if the rank has closed its side or sent something else.
  base::Result<std::optional<RankRequest>> receive();

 private:
  os::Descriptor socket_;
};

/// The rank's side.
class LinkToKeeper {
 public:
  explicit LinkToKeeper(os::Descriptor socket) : socket_{std::move(socket)} {}

  /// For the rank's loop: readable when receive() has something to give.
  [[nodiscard]] int fd() const { return socket_.get(); }

  /// The next report, if there is one. A fault if the keeper is gone or sent something else.
  base::Result<std::optional<KeeperReport>> receive();

  /// Asks the keeper for something. A fault if it is gone, or has not read for very long.
  base::Status send(const RankRequest& request);

 private:
  os::Descriptor socket_;
};

}  // namespace gangway::keeper
