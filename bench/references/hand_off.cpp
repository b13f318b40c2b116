// What it costs to hand work from one process to another and back by Gangway's channel, and to load a library.
//
//   handoff COUNT PAUSE_US    microseconds of each round trip; both sides sleep while they wait
//   load PATH...              microseconds to load each of these files, in a process that has not loaded any
#include <dlfcn.h>
#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <stdexcept>
#include <string>
#include <utility>

#include "commands.hpp"
#include "keeper/channel.hpp"
#include "messages.hpp"

namespace gangway::bench {
namespace {

template <class T>
T good(base::Result<T> result) {
  if (!result) throw std::runtime_error{result.fault().text};
  return std::move(result).value();
}

os::Descriptor duplicate(const os::Descriptor& descriptor) {
  return os::Descriptor{::dup(descriptor.get())};
}

void work(keeper::ChannelDescriptors descriptors) {
  keeper::WorkerEnd rank = good(keeper::WorkerEnd::open(std::move(descriptors), {}));
  const wire::EncodedMessage answer = worker_answer();
  while (rank.receive() && rank.send(answer)) continue;
}

void hand_over(keeper::RankEnd& worker, const wire::EncodedMessage& task) {
  if (!worker.send(task)) throw std::runtime_error{"the channel is broken"};
  worker.set_sleeping(true);
  while (!worker.receive()) {
    pollfd event{worker.event_fd(), POLLIN, 0};
    ::poll(&event, 1, -1);
    worker.silence_bell();
    worker.set_sleeping(true);
  }
  worker.set_sleeping(false);
}

std::vector<double> load(std::istringstream& paths) {
  std::vector<double> times;
  for (std::string path; paths >> path;) {
    const auto once = time_round_trips(1, {}, [&] {
      if (::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL) == nullptr) throw std::runtime_error{::dlerror()};
    });
    times.push_back(once.front());
  }
  return times;
}

void run() {
  keeper::ChannelDescriptors descriptors = good(keeper::ChannelDescriptors::create());
  keeper::ChannelDescriptors for_worker{duplicate(descriptors.memory), duplicate(descriptors.event)};
  if (::fork() == 0) {
    work(std::move(for_worker));
    ::_exit(EXIT_SUCCESS);
  }
  // At its end it closes the channel, and the worker leaves.
  keeper::RankEnd worker = good(keeper::RankEnd::open(std::move(descriptors)));
  const wire::EncodedMessage task = task_for_worker();
  serve_commands([&](std::istringstream& words) {
    std::string what;
    words >> what;
    if (what == "load") return load(words);
    int count = 0;
    int pause_us = 0;
    words >> count >> pause_us;
    return time_round_trips(count, std::chrono::microseconds{pause_us}, [&] { hand_over(worker, task); });
  });
}

}  // namespace
}  // namespace gangway::bench

int main(int, char** argv) {
  try {
    gangway::bench::run();
    return EXIT_SUCCESS;
  } catch (const std::exception& error) {
    std::cerr << argv[0] << ": " << error.what() << '\n';
    return EXIT_FAILURE;
  }
}
