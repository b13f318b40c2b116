// How long a cluster takes to come up, beside a bare MPI job of as many ranks.
#include <stdexcept>
#include <string>

#include <boost/process.hpp>

#include <gangway/client.hpp>

#include "bench.hpp"
#include "reference.hpp"

namespace gangway::bench {

namespace {

constexpr int engines = 4;

void run_command(const std::string& arguments) {
  const std::string command = std::string{GANGWAY_COMMAND} + " " + arguments;
  if (boost::process::system(command, boost::process::std_out > boost::process::null) != 0) {
    throw std::runtime_error{"\"" + command + "\" failed"};
  }
}

// From the command until a client sees all engines.
double start_cluster(int number) {
  const std::string name = "bench-start-" + std::to_string(number);
  const Stopwatch watch;
  run_command("start " + name + " -n " + std::to_string(engines));
  const std::size_t seen = Client{name}.engines().size();
  const double seconds = watch.seconds();
  run_command("stop " + name);
  if (seen != engines) throw std::runtime_error{"a client sees " + std::to_string(seen) + " engines"};
  return seconds;
}

struct BareTimes {
  double met = 0;  // until all ranks have met in a barrier
  double over = 0;
};

BareTimes start_bare_job(const Settings& settings) {
  const MpiCommand mpi = mpi_command(1 + engines, settings.programs / "bare_mpi", {}, settings.scratch);
  const Stopwatch watch;
  BareTimes times;
  {
    Reference job{mpi.command, mpi.environment};
    job.first_line();
    times.met = watch.seconds();
  }
  times.over = watch.seconds();
  return times;
}

}  // namespace

void measure_start(const Settings& settings, const Print& print) {
  std::vector<double> values;
  std::vector<double> met;
  std::vector<double> over;
  for (int i = 0; i < settings.amount(9, 2); ++i) {
    values.push_back(start_cluster(i) * 1e3);
    const BareTimes bare = start_bare_job(settings);
    met.push_back(bare.met * 1e3);
    over.push_back(bare.over * 1e3);
  }
  print({"start of 1 + 4 until a client sees all engines", median(values), "ms",
         "a bare mpirun of five ranks: init, barrier, finalize", median(over), ratio_at_most(2)});
  print({"start of 1 + 4 beside a bare mpirun's barrier alone",
         median(values),
         "ms",
         "a bare mpirun of five ranks: init, until the barrier is passed",
         median(met),
         {}});
}

}  // namespace gangway::bench
