// The work that a cluster does while processes of it are killed: tasks whose answers can be checked, and the book in
// which each answer is entered.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <gangway/gangway.hpp>

namespace gangway::e2e::chaos {

/// What becomes of the task with this number. Some take long, some kill their worker.
std::uint64_t work(std::uint64_t number);

/// What `work` gives back if it lives to do so.
std::uint64_t answer_to(std::uint64_t number);
bool is_crash(std::uint64_t number);

/// How the tasks ended, so far. Of all but the first it is known that chaos can have caused them.
struct Sums {
  std::uint64_t right = 0;
  std::uint64_t crashed = 0;           // those that kill their worker
  std::uint64_t lost_with_worker = 0;  // a worker was killed; tasks are not tried again for that
  std::uint64_t lost_with_engine = 0;  // direct ones, and balanced ones after as many lost engines as are allowed
  std::uint64_t wrong = 0;
  std::uint64_t twice = 0;
  std::uint64_t missing = 0;
};

/// Who has got which answer. All functions may be called by several threads.
class Book {
 public:
  explicit Book(std::uint64_t tasks) : delivered_(tasks) {}

  /// The Future of a task is ready. `is_direct`: it was meant for one engine.
  void enter(std::uint64_t number, bool is_direct, const Future<std::uint64_t>& answer);

  [[nodiscard]] std::uint64_t entered() const { return entered_; }
  [[nodiscard]] Sums sums() const;

  /// What is wrong, a line each; the first few.
  [[nodiscard]] std::vector<std::string> complaints() const;

 private:
  void complain(std::uint64_t number, const std::string& what);
  void enter_failure(std::uint64_t number, bool is_direct, const RemoteError& error);

  std::vector<std::atomic<std::uint32_t>> delivered_;
  std::atomic<std::uint64_t> entered_ = 0;
  mutable std::mutex mutex_;
  Sums sums_;
  std::vector<std::string> complaints_;
};

/// Several clients in threads of this process. They share the tasks out among themselves and keep pace with the
/// killing, so that there is work under way until the last kill.
class Load {
 public:
  /// `done_share` tells how much of the killing is done, from 0 to 1.
  Load(std::string cluster, std::uint64_t tasks, unsigned clients, std::uint32_t engines,
       const std::atomic<double>& done_share, Book& book);
  ~Load();

  /// True once all clients have got all their answers.
  [[nodiscard]] bool is_done() const { return running_ == 0; }

 private:
  void run_client(unsigned which);
  [[nodiscard]] std::optional<EngineId> engine_for(const Client& client, std::uint64_t number) const;
  void await_pace(std::uint64_t number) const;

  std::string cluster_;
  std::uint64_t tasks_;
  unsigned clients_;
  std::uint32_t engines_;
  const std::atomic<double>& done_share_;
  Book& book_;
  std::atomic<unsigned> running_;
  std::vector<std::thread> threads_;
};

/// What a client process does: all of its tasks, from the first one whenever it is started. Its exit status.
int run_client_process(const std::string& cluster, std::uint64_t tasks);

}  // namespace gangway::e2e::chaos
