// Random processes of a cluster are killed (SIGKILL) or stopped (SIGSTOP, and SIGCONT after a while or never) while
// clients have it work. At the end every task has its one answer, the right one, and nothing of the cluster is left.
//
//   chaos_test [--seed N] [--kills N] [--tasks N]       by itself: another seed each time, 20 kills, 5,000 tasks
//
// It prints what it does, and one line that sums it up. 200 kills and 100,000 tasks take about half an hour.
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "e2e/chaos/killer.hpp"
#include "e2e/chaos/load.hpp"
#include "e2e/support/command.hpp"
#include "e2e/support/home.hpp"

namespace gangway::e2e::chaos {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr const char* cluster_name = "chaos";
constexpr std::uint32_t engines = 4;
constexpr unsigned clients = 4;
constexpr std::size_t client_processes = 2;
constexpr std::uint64_t client_process_tasks = 300;
constexpr milliseconds stall_timeout{2000};
// A kill takes half a second; one that has the cluster started again up to twenty.
constexpr seconds patience_each{30};
constexpr seconds patience{180};

struct Plan {
  std::uint64_t seed = 0;
  int kills = 20;
  std::uint64_t tasks = 5000;
};

/// Client programs with a list of tasks each, started again when they are killed.
class ClientProcesses {
 public:
  void tend(bool start_more) {
    for (auto& program : programs_) {
      if (program && ended(*program)) {
        const Outcome outcome = program->wait();
        program.reset();
        if (outcome.status == EXIT_SUCCESS) ++finished_;
        if (outcome.status == 128 + SIGKILL) ++killed_;
        if (outcome.status == EXIT_FAILURE) complaints_.push_back("a client process: " + outcome.error);
      }
      // One that was killed gets its answers in its next life.
      if (!program && (start_more || finished_ == 0)) program = std::make_unique<RunningProgram>(command());
    }
  }

  [[nodiscard]] std::vector<pid_t> pids() const {
    std::vector<pid_t> pids;
    for (const auto& program : programs_) {
      if (program) pids.push_back(program->pid());
    }
    return pids;
  }

  [[nodiscard]] bool all_ended() const { return pids().empty(); }
  [[nodiscard]] int finished() const { return finished_; }
  [[nodiscard]] int killed() const { return killed_; }
  [[nodiscard]] const std::vector<std::string>& complaints() const { return complaints_; }

 private:
  static std::vector<std::string> command() {
    return {"/proc/self/exe", "--client-process", std::to_string(client_process_tasks)};
  }
  static bool ended(const RunningProgram& program) { return !os::process_with_pid(program.pid()); }

  std::vector<std::unique_ptr<RunningProgram>> programs_ =
      std::vector<std::unique_ptr<RunningProgram>>(client_processes);
  std::vector<std::string> complaints_;
  int finished_ = 0;
  int killed_ = 0;
};

/// Somebody who, like a user, asks now and then how the cluster is: so it gets another supervisor when it has lost
/// its own.
class Onlooker {
 public:
  void tend(Killer& killer) {
    if (command_ && !os::process_with_pid(command_->pid())) command_.reset();
    if (command_ || os::process_with_pid(killer.jobs().back().supervisor)) return;
    killer.note_job();
    if (os::process_with_pid(killer.jobs().back().supervisor)) {
      asks_at_.reset();
    } else if (!asks_at_) {
      asks_at_ = steady_clock::now() + killer.time(milliseconds{0}, milliseconds{3000});
    } else if (steady_clock::now() >= *asks_at_) {
      command_ =
          std::make_unique<RunningProgram>(std::vector<std::string>{GANGWAY_TEST_COMMAND, "status", cluster_name});
    }
  }

 private:
  std::unique_ptr<RunningProgram> command_;
  std::optional<steady_clock::time_point> asks_at_;
};

/// One run, from the start of the cluster to its end.
class Chaos {
 public:
  explicit Chaos(const Plan& plan)
      : plan_{plan}, book_{plan.tasks}, killer_{plan.seed, cluster_name, stall_timeout} {}

  int run() {
    if (!start()) return EXIT_FAILURE;
    {
      Load load{cluster_name, plan_.tasks, clients, engines, done_share_, book_};
      const bool in_time = kill_all() && wait_for_all(load);
      if (!in_time) {
        tell_state();
        gangway({"stop", cluster_name});  // so that what waits fails
      }
    }
    stop();
    return judge();
  }

 private:
  bool start() {
    const std::filesystem::path profile = home_.path() / "chaos.ini";
    std::ofstream{profile} << "[cluster]\nengines = " << engines
                           << "\nrestarts = 100\nstall_timeout = " << stall_timeout.count() << "ms\n";
    const Outcome started = gangway({"start", "-p", profile.string()});
    if (started.status != 0) std::cerr << started.error;
    return started.status == 0;
  }

  bool out_of_time() const { return steady_clock::now() > begin_ + patience + plan_.kills * patience_each; }

  bool kill_all() {
    int killed = 0;
    done_share_ = 1.0 / plan_.kills;
    killer_.note_job();
    steady_clock::time_point next = steady_clock::now() + milliseconds{300};
    while (killed < plan_.kills) {
      if (out_of_time()) return false;
      killer_.release(false);
      processes_.tend(true);
      onlooker_.tend(killer_);
      std::this_thread::sleep_for(milliseconds{5});
      if (steady_clock::now() < next) continue;
      next = steady_clock::now() + killer_.time(milliseconds{50}, milliseconds{1000});
      const std::optional<std::string> done = killer_.strike(processes_.pids());
      if (!done) continue;
      ++killed;
      std::cout << std::fixed << seconds_since_begin() << " s, kill " << killed << ": " << *done << std::endl;
      done_share_ = static_cast<double>(killed + 1) / plan_.kills;
    }
    done_share_ = 1;
    return true;
  }

  bool wait_for_all(const Load& load) {
    while (!load.is_done() || !processes_.all_ended()) {
      if (out_of_time()) return false;
      killer_.release(false);
      processes_.tend(false);
      killer_.note_job();
      onlooker_.tend(killer_);
      std::this_thread::sleep_for(milliseconds{20});
    }
    return true;
  }

  void stop() {
    restarts_ = static_cast<int>(killer_.jobs().size()) - 1;
    const std::string log = Traces::of(cluster_name).directory + "/logs/job.log";
    std::ostringstream text;
    text << std::ifstream{log}.rdbuf();
    log_ = text.str();
    const Outcome stopped = gangway({"stop", cluster_name});
    if (stopped.status != 0) complaints_.push_back("it could not be stopped: " + stopped.error);
    killer_.release(true);
    for (const Traces& job : killer_.jobs()) {
      if (eventually([&] { return job.remains().empty(); })) continue;
      for (const std::string& line : job.remains()) complaints_.push_back("left behind: " + line);
    }
  }

  void tell_state() const {
    std::cerr << "it takes too long; there is no hope\n" << gangway({"status", cluster_name}).out;
    for (const Process& process : killer_.jobs().back().processes()) {
      const auto view = os::view_process(process.pid);
      std::cerr << process.pid << ' ' << (view ? view->state : '?') << ' ' << process.program() << '\n';
    }
  }

  int judge() {
    Sums sums = book_.sums();
    std::vector<std::string> all = book_.complaints();
    all.insert(all.end(), complaints_.begin(), complaints_.end());
    all.insert(all.end(), processes_.complaints().begin(), processes_.complaints().end());
    const auto workers_killed = static_cast<std::uint64_t>(
        killer_.strikes().contains(Victim::worker) ? killer_.strikes().at(Victim::worker) : 0);
    if (sums.lost_with_worker > workers_killed) {
      all.push_back(std::to_string(sums.lost_with_worker) + " tasks were lost with their worker, and " +
                    std::to_string(workers_killed) + " workers were killed");
    }
    const bool is_good = all.empty();
    if (!is_good) std::cerr << "the log of the cluster:\n" << log_ << '\n';
    for (const std::string& line : all) std::cerr << line << '\n';
    std::cout << "chaos " << (is_good ? "survived" : "NOT survived") << ": seed " << plan_.seed << ", " << plan_.kills
              << " kills (";
    const char* comma = "";
    for (const auto& [victim, times] : killer_.strikes()) {
      std::cout << comma << times << " " << name_of(victim);
      comma = ", ";
    }
    std::cout << "), " << restarts_ << " restarts, " << plan_.tasks << " tasks: " << sums.right << " right, "
              << sums.crashed << " crashed as they should, " << sums.lost_with_worker
              << " lost with a killed worker, " << sums.lost_with_engine << " with their engine; " << sums.missing
              << " missing, " << sums.wrong << " wrong, " << sums.twice << " delivered twice; "
              << processes_.finished() << " client processes finished, " << processes_.killed()
              << " were killed with their tasks; " << seconds_since_begin() << " s\n";
    return is_good ? EXIT_SUCCESS : EXIT_FAILURE;
  }

  [[nodiscard]] std::string seconds_since_begin() const {
    const auto time = std::chrono::duration_cast<milliseconds>(steady_clock::now() - begin_);
    std::ostringstream text;
    text.precision(1);
    text << std::fixed << static_cast<double>(time.count()) / 1000;
    return text.str();
  }

  Plan plan_;
  Home home_;
  Book book_;
  Killer killer_;
  ClientProcesses processes_;
  Onlooker onlooker_;
  std::atomic<double> done_share_ = 0;
  std::vector<std::string> complaints_;
  std::string log_;
  int restarts_ = 0;
  steady_clock::time_point begin_ = steady_clock::now();
};

int run(const std::vector<std::string>& arguments) {
  constexpr rlimit no_core_files{};
  ::setrlimit(RLIMIT_CORE, &no_core_files);
  if (arguments.size() == 2 && arguments[0] == "--client-process") {
    return run_client_process(cluster_name, std::stoull(arguments[1]));
  }
  Plan plan;
  plan.seed = std::random_device{}();
  for (std::size_t i = 0; i + 1 < arguments.size(); i += 2) {
    const std::string& name = arguments[i];
    const std::uint64_t value = std::stoull(arguments[i + 1]);
    if (name == "--seed") plan.seed = value;
    if (name == "--kills") plan.kills = static_cast<int>(value);
    if (name == "--tasks") plan.tasks = value;
  }
  std::cout << "seed " << plan.seed << std::endl;
  return Chaos{plan}.run();
}

}  // namespace
}  // namespace gangway::e2e::chaos

int main(int argc, char** argv) {
  try {
    return gangway::e2e::chaos::run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return EXIT_FAILURE;
  }
}
