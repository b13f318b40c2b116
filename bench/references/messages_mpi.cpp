// What messages between ranks cost that sleep when they have nothing to do, by Gangway's link and doorbells alone:
// rank 0 is in the gateway's place, each other rank in an engine's, and answers at once.
//
//   pingpong COUNT PAUSE_US    to rank 1, as tasks of one client go; microseconds of each round trip
//   farm COUNT WINDOW          so many at a time to each; seconds for all
#include <cstdlib>
#include <iostream>
#include <stdexcept>
#include <string>

#include <boost/asio/io_context.hpp>

#include "commands.hpp"
#include "messages.hpp"
#include "mpi/doorbell.hpp"
#include "mpi/link.hpp"
#include "mpi/loop.hpp"
#include "mpi/world.hpp"

namespace gangway::bench {
namespace {

constexpr std::uint8_t quit_number = 255;

/// A rank with nothing but a loop and a link.
class Rank {
 public:
  Rank(const mpi::World& world, const mpi::Doorbell& doorbell)
      : world_{world},
        link_{world,
              doorbell,
              {[this](int source, std::uint8_t number, const auto&, const auto&) { hear(source, number); }, {}}},
        loop_{world, doorbell, link_, io_, {[] { return false; }, {}, {}, {}}} {}

  /// Answers until it is told to quit.
  void answer() { loop_.run(); }

  void serve() {
    serve_commands([this](std::istringstream& words) {
      std::string what;
      int count = 0;
      int parameter = 0;
      words >> what >> count >> parameter;
      if (what == "pingpong") return ping(count, std::chrono::microseconds{parameter});
      if (what == "farm") return farm(count, parameter);
      return std::vector<double>{};
    });
    for (int rank = 1; rank < world_.size(); ++rank) {
      wire::EncodedMessage quit;
      quit.number = quit_number;
      link_.send(rank, std::move(quit));
    }
    while (!link_.idle()) link_.poll();
  }

 private:
  void hear(int source, std::uint8_t number) {
    if (world_.rank() != 0) {
      if (number == quit_number) return loop_.stop();
      link_.send(source, answer_);
      return;
    }
    if (to_send_ > 0) send(source);
    if (--to_hear_ == 0) loop_.stop();
  }

  void send(int rank) {
    --to_send_;
    link_.send(rank, task_);
  }

  std::vector<double> ping(int count, std::chrono::microseconds pause) {
    return time_round_trips(count, pause, [this] {
      to_hear_ = to_send_ = 1;
      send(1);
      loop_.run();
    });
  }

  std::vector<double> farm(int count, int window) {
    return {time_round_trips(1, {},
                             [&] {
                               to_hear_ = to_send_ = count;
                               for (int i = 0; i < window; ++i) {
                                 for (int rank = 1; rank < world_.size() && to_send_ > 0; ++rank) send(rank);
                               }
                               loop_.run();
                             })
                .front() /
            1e6};
  }

  const mpi::World& world_;
  const wire::EncodedMessage task_ = task_for_engine();
  const wire::EncodedMessage answer_ = engine_answer();
  int to_send_ = 0;
  int to_hear_ = 0;
  boost::asio::io_context io_;
  mpi::Link link_;
  mpi::Loop loop_;
};

int run(const std::string& scratch) {
  mpi::World world;
  auto doorbell = mpi::Doorbell::open(world, scratch);
  if (!doorbell) throw std::runtime_error{doorbell.fault().text};
  {
    Rank rank{world, doorbell.value()};
    if (world.rank() == 0) {
      rank.serve();
    } else {
      rank.answer();
    }
  }
  world.leave(false);
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace gangway::bench

int main(int argc, char** argv) {
  try {
    return gangway::bench::run(argc > 1 ? argv[1] : "");
  } catch (const std::exception& error) {
    std::cerr << argv[0] << ": " << error.what() << '\n';
    return EXIT_FAILURE;
  }
}
