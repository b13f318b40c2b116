// Stands in for gangway-rank and gangway-worker, so that the real keeper can be driven by a test. As a rank it takes
// commands on standard input and says on standard output what it sees, a line each:
//
//   say N TEXT | end N | hear | farewell | spin | exit CODE          rank ... | started N PID | ended N STATUS | from
//   N TEXT
//
// As a worker it obeys the texts that the rank hands on. `launch PROGRAM...` stands in for mpirun: it starts the
// program and waits to be killed.
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "keeper/arena.hpp"
#include "keeper/channel.hpp"
#include "keeper/keeper_link.hpp"

namespace gangway::keeper {
namespace {

using Options = std::map<std::string, std::string>;

os::Descriptor descriptor_of(const Options& options, const char* name) {
  return os::Descriptor::adopt(std::stoi(options.at(name))).value();
}

Arena arena_of(const Options& options) {
  const os::Descriptor memory = descriptor_of(options, "--arena-fd");
  return Arena::map(memory.get(), std::stoull(options.at("--arena-base"))).value();
}

wire::EncodedMessage message_of(const std::string& text) {
  return {.number = 1, .head = {}, .bulk = base::SharedBytes::copy_of(base::bytes_of(text))};
}

std::string text_of(const ChannelMessage& message) {
  return {reinterpret_cast<const char*>(message.body.view().data()), message.body.size()};
}

// ---------------------------------------------------------------- worker

/// Leaves a process behind; outside the worker's group and not its child any more if `as_daemon`.
pid_t leave_a_process(bool as_daemon) {
  int ends[2];
  if (::pipe(ends) != 0) std::abort();
  const pid_t child = ::fork();
  if (child == 0) {
    if (as_daemon) {
      ::setsid();
      if (::fork() != 0) ::_exit(0);
    }
    const pid_t self = ::getpid();
    if (::write(ends[1], &self, sizeof(self)) != sizeof(self)) std::abort();
    for (;;) ::pause();
  }
  if (as_daemon) ::waitpid(child, nullptr, 0);
  pid_t left = 0;
  if (::read(ends[0], &left, sizeof(left)) != sizeof(left)) std::abort();
  return left;
}

std::string obey(const std::string& text, const Arena& arena) {
  std::istringstream words{text};
  std::string verb;
  std::size_t offset = 0;
  int value = 0;
  words >> verb >> offset >> value;
  if (verb == "ping") return "pong";
  if (verb == "crash") {
    ::signal(SIGSEGV, SIG_DFL);
    ::raise(SIGSEGV);
  }
  if (verb == "fork") return "left " + std::to_string(leave_a_process(false));
  if (verb == "daemon") return "left " + std::to_string(leave_a_process(true));
  if (verb == "poke") arena.base()[offset] = static_cast<std::byte>(value);
  return verb + " " + std::to_string(std::to_integer<int>(arena.base()[offset]));
}

int run_worker(const Options& options) {
  if (std::getenv("STAND_IN_WORKER_DIES") != nullptr) return 7;
  const Arena arena = arena_of(options);
  WorkerEnd channel =
      WorkerEnd::open({descriptor_of(options, "--channel-fd"), descriptor_of(options, "--event-fd")}).value();
  const bool in_its_place = arena.bytes() == std::stoull(options.at("--arena-bytes"));
  channel.send(message_of(in_its_place ? "ready" : "misplaced"));
  while (auto message = channel.receive()) channel.send(message_of(obey(text_of(*message), arena)));
  return 0;
}

// ---------------------------------------------------------------- rank

class Rank {
 public:
  explicit Rank(const Options& options)
      : arena_{arena_of(options)}, link_{descriptor_of(options, "--keeper-fd")}, deaf_{options.contains("--deaf")} {}

  int run() {
    for (;;) {
      std::vector<pollfd> watched{{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0},
                                  {.fd = deaf_ ? -1 : link_.fd(), .events = POLLIN, .revents = 0}};
      for (const auto& [number, worker] : workers_) {
        watched.push_back({.fd = worker.event_fd(), .events = POLLIN, .revents = 0});
      }
      const bool nothing_came = !receive_from_workers();
      ::poll(watched.data(), watched.size(), nothing_came ? -1 : 0);
      if (watched[0].revents != 0 && !read_command()) return exit_code_;
      if (!deaf_) read_reports();
    }
  }

 private:
  bool receive_from_workers() {
    bool any = false;
    for (auto& [number, worker] : workers_) {
      worker.silence_bell();
      worker.set_sleeping(true);
      while (auto message = worker.receive()) {
        std::cout << "from " << number << " " << text_of(*message) << std::endl;
        any = true;
      }
    }
    return any;
  }

  void read_reports() {
    for (;;) {
      auto report = link_.receive();
      if (!report) std::exit(9);
      if (!report.value()) return;
      if (auto* started = std::get_if<WorkerStarted>(&*report.value())) {
        std::cout << "started " << started->number << " " << started->pid << std::endl;
        workers_.emplace(started->number, RankEnd::open(std::move(started->channel)).value());
      } else {
        const auto& ended = std::get<WorkerEnded>(*report.value());
        std::cout << "ended " << ended.number << " " << ended.wait_status << std::endl;
        workers_.erase(ended.number);
      }
    }
  }

  bool read_command() {
    std::string line;
    // Unbuffered, so that poll() knows of every line.
    for (char c = 0; ::read(STDIN_FILENO, &c, 1) == 1 && c != '\n';) line += c;
    std::istringstream words{line};
    std::string verb;
    std::uint64_t number = 0;
    std::string text;
    words >> verb >> number;
    std::getline(words >> std::ws, text);
    if (verb == "say") workers_.at(number).send(message_of(text));
    if (verb == "end" && !link_.send(EndWorker{number})) std::exit(9);
    if (verb == "farewell" && !link_.send(Farewell{})) std::exit(9);
    if (verb == "hear") deaf_ = false;
    while (verb == "spin") std::cin.clear();
    exit_code_ = static_cast<int>(number);
    return verb != "exit" && !verb.empty();
  }

  Arena arena_;
  LinkToKeeper link_;
  std::map<std::uint64_t, RankEnd> workers_;
  bool deaf_;
  int exit_code_ = 0;
};

int run_rank(const Options& options) {
  std::cout << "rank " << ::getpid();
  for (const auto& [name, value] : options) {
    if (!name.ends_with("-fd")) std::cout << " " << name << "=" << value;
  }
  std::cout << std::endl;
  if (options.contains("--stubborn")) ::signal(SIGTERM, SIG_IGN);
  if (options.contains("--arena-fd")) return Rank{options}.run();
  int code = 0;
  std::string verb;
  std::cin >> verb >> code;
  return code;
}

int launch(char** command) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::execv(command[0], command);
    ::_exit(127);
  }
  std::cout << "launched " << child << std::endl;
  for (;;) ::pause();
}

}  // namespace
}  // namespace gangway::keeper

int main(int argc, char** argv) {
  if (argc > 2 && std::strcmp(argv[1], "launch") == 0) return gangway::keeper::launch(argv + 2);
  gangway::keeper::Options options;
  for (int i = 1; i + 1 < argc; i += 2) options[argv[i]] = argv[i + 1];
  if (options.contains("--channel-fd")) return gangway::keeper::run_worker(options);
  return gangway::keeper::run_rank(options);
}
