// The round trip of a no-op task beside the sum of what it is made of.
#include <chrono>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <gangway/gangway.hpp>

#include "bench.hpp"
#include "processes.hpp"
#include "reference.hpp"

namespace gangway::bench {

namespace {

// The pieces of a round trip, each measured by a program of its own.
class Pieces {
 public:
  explicit Pieces(const Settings& settings)
      : mpi_{messages_command(5, settings.programs, settings.scratch)},
        ranks_{mpi_.command, mpi_.environment},
        tls_{{(settings.programs / "echo_tls").string()}},
        worker_{{(settings.programs / "hand_off").string()}} {
    if (settings.urgent) {
      for (const Reference* piece : {&ranks_, &tls_, &worker_}) prefer(with_descendants(piece->pid()));
    }
  }

  void measure(int count, int pause_us) {
    const std::string what = " " + std::to_string(count) + " " + std::to_string(pause_us);
    tls_us_.push_back(median(tls_.ask("echo" + what)));
    mpi_us_.push_back(median(ranks_.ask("pingpong" + what)));
    worker_us_.push_back(median(worker_.ask("handoff" + what)));
  }

  [[nodiscard]] double sum() const { return median(tls_us_) + median(mpi_us_) + median(worker_us_); }

  [[nodiscard]] std::string text() const {
    std::ostringstream text;
    text.precision(3);
    text << "TLS echo " << median(tls_us_) << " + MPI ping-pong between sleeping ranks " << median(mpi_us_)
         << " + process hand-off " << median(worker_us_);
    return text.str();
  }

 private:
  MpiCommand mpi_;
  Reference ranks_;
  Reference tls_;
  Reference worker_;
  std::vector<double> tls_us_;  // of each round
  std::vector<double> mpi_us_;
  std::vector<double> worker_us_;
};

// Medians of rounds that alternate with those of the pieces; of each the middle round.
void measure_round_trips(const Settings& settings, const Client& client, int count, int pause_us, Figure figure,
                         const Print& print) {
  const BalancedView any = client.balanced();
  Pieces pieces{settings};
  std::vector<double> rounds_us;
  for (int round = 0; round < settings.amount(20, 3); ++round) {
    std::vector<double> times;
    for (int i = 0; i < count; ++i) {
      std::this_thread::sleep_for(std::chrono::microseconds{pause_us});
      const Stopwatch watch;
      any.apply(fn<no_op>).get();
      times.push_back(watch.microseconds());
    }
    rounds_us.push_back(median(times));
    pieces.measure(count, pause_us);
  }
  figure.value = median(rounds_us);
  figure.reference = pieces.text();
  figure.reference_value = pieces.sum();
  print(figure);
}

}  // namespace

void measure_latency(const Settings& settings, const Print& print) {
  const Cluster cluster{forgetful_profile()};
  const Client client = cluster.connect();
  prefer_cluster(settings, client);
  client.all().apply(fn<no_op>).get();  // every engine has the code

  Figure figure;
  figure.unit = "us";
  figure.metric = "no-op round trip, everybody asleep before";
  figure.bound = ratio_at_most(2.5);
  measure_round_trips(settings, client, settings.amount(50, 20), 5000, figure, print);
  figure.metric = "no-op round trip, one after the other";
  figure.bound.reset();
  measure_round_trips(settings, client, settings.amount(1000, 200), 0, figure, print);
}

}  // namespace gangway::bench
