#include "e2e/chaos/load.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <exception>
#include <iostream>
#include <utility>

namespace gangway::e2e::chaos {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t window = 48;  // tasks of one client under way
constexpr std::size_t complaints_max = 20;

// One in twenty lasts as long as it takes to be met by a kill.
milliseconds duration_of(std::uint64_t number) {
  return milliseconds{number % 20 == 3 ? 20 + answer_to(number) % 300 : 0};
}

// The first time nobody waits for a cluster that is just being started again, but we.
Client connect(const std::string& cluster) {
  for (int tries = 0;; ++tries) {
    try {
      return Client{cluster};
    } catch (const Error&) {
      if (tries > 600) throw;
      std::this_thread::sleep_for(milliseconds{200});
    }
  }
}

}  // namespace

// The finaliser of splitmix64: neighbours have nothing in common.
std::uint64_t answer_to(std::uint64_t number) {
  std::uint64_t x = number + 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31U);
}

bool is_crash(std::uint64_t number) {
  return number % 100 == 57;
}

std::uint64_t work(std::uint64_t number) {
  if (is_crash(number)) std::abort();
  std::this_thread::sleep_for(duration_of(number));
  return answer_to(number);
}

void Book::enter(std::uint64_t number, bool is_direct, const Future<std::uint64_t>& answer) {
  if (++delivered_.at(number) > 1) {
    const std::lock_guard lock{mutex_};
    ++sums_.twice;
    return complain(number, "was delivered again");
  }
  try {
    const std::uint64_t value = answer.get();
    const std::lock_guard lock{mutex_};
    if (value == answer_to(number) && !is_crash(number)) {
      ++sums_.right;
    } else {
      ++sums_.wrong;
      complain(number, "has the answer " + std::to_string(value));
    }
  } catch (const RemoteError& error) {
    enter_failure(number, is_direct, error);
  } catch (const std::exception& error) {
    const std::lock_guard lock{mutex_};
    ++sums_.wrong;
    complain(number, std::string{"has failed: "} + error.what());
  }
  ++entered_;
}

void Book::enter_failure(std::uint64_t number, bool is_direct, const RemoteError& error) {
  const std::lock_guard lock{mutex_};
  const bool has_engine = is_direct || error.text().find("given up after") != std::string::npos;
  if (error.kind() == FailureKind::worker_crashed) {
    ++(is_crash(number) ? sums_.crashed : sums_.lost_with_worker);
  } else if (error.kind() == FailureKind::engine_lost && has_engine) {
    ++sums_.lost_with_engine;
  } else {
    ++sums_.wrong;
    complain(number, std::string{"has failed: "} + error.what());
  }
}

void Book::complain(std::uint64_t number, const std::string& what) {
  if (complaints_.size() < complaints_max) complaints_.push_back("task " + std::to_string(number) + " " + what);
}

Sums Book::sums() const {
  const std::lock_guard lock{mutex_};
  Sums sums = sums_;
  for (const auto& times : delivered_) sums.missing += times == 0 ? 1U : 0U;
  return sums;
}

std::vector<std::string> Book::complaints() const {
  const std::lock_guard lock{mutex_};
  std::vector<std::string> all = complaints_;
  for (std::uint64_t number = 0; number < delivered_.size() && all.size() < complaints_max; ++number) {
    if (delivered_[number] == 0) all.push_back("task " + std::to_string(number) + " has no answer");
  }
  return all;
}

Load::Load(std::string cluster, std::uint64_t tasks, unsigned clients, std::uint32_t engines,
           const std::atomic<double>& done_share, Book& book)
    : cluster_{std::move(cluster)},
      tasks_{tasks},
      clients_{clients},
      engines_{engines},
      done_share_{done_share},
      book_{book},
      running_{clients} {
  for (unsigned which = 0; which < clients; ++which) {
    threads_.emplace_back([this, which] {
      try {
        run_client(which);
      } catch (const std::exception& error) {
        std::cerr << "client " << which << ": " << error.what() << '\n';  // its answers will be missing
      }
      --running_;
    });
  }
}

Load::~Load() {
  for (std::thread& thread : threads_) thread.join();
}

// An engine that is known to be lost takes no direct tasks.
std::optional<EngineId> Load::engine_for(const Client& client, std::uint64_t number) const {
  if (number % 10 != 4) return std::nullopt;
  const EngineId wanted{static_cast<std::uint32_t>(number / 10 % engines_)};
  const std::vector<EngineInfo> living = client.engines();
  const bool is_there = std::ranges::find(living, wanted, &EngineInfo::id) != living.end();
  return is_there ? std::optional{wanted} : std::nullopt;
}

void Load::run_client(unsigned which) {
  const Client client = connect(cluster_);
  std::deque<Future<void>> under_way;
  for (std::uint64_t number = which; number < tasks_; number += clients_) {
    await_pace(number);
    const std::optional<EngineId> engine = engine_for(client, number);
    const Future<std::uint64_t> answer =
        engine ? client.engine(*engine).apply(fn<work>, number) : client.balanced().apply(fn<work>, number);
    under_way.push_back(answer.then([this, number, direct = engine.has_value()](const Future<std::uint64_t>& ready) {
      book_.enter(number, direct, ready);
    }));
    if (under_way.size() < window) continue;
    under_way.front().get();
    under_way.pop_front();
  }
  for (const Future<void>& last : under_way) last.get();
}

void Load::await_pace(std::uint64_t number) const {
  const double share = static_cast<double>(number) / static_cast<double>(tasks_);
  while (share > done_share_) std::this_thread::sleep_for(milliseconds{2});
}

int run_client_process(const std::string& cluster, std::uint64_t tasks) {
  const Client client = connect(cluster);
  std::vector<std::pair<std::uint64_t, Future<std::uint64_t>>> answers;
  for (std::uint64_t number = 0; number < tasks; ++number) {
    if (!is_crash(number)) answers.emplace_back(number, client.balanced().apply(fn<work>, number));
  }
  for (const auto& [number, answer] : answers) {
    try {
      if (answer.get() == answer_to(number)) continue;
      std::cerr << "task " << number << " has another answer\n";
    } catch (const RemoteError& error) {
      if (error.kind() == FailureKind::worker_crashed || error.kind() == FailureKind::engine_lost) continue;
      std::cerr << "task " << number << ": " << error.what() << '\n';
    }
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}

}  // namespace gangway::e2e::chaos
