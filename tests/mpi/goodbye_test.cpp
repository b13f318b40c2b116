// One rank neither leaves nor dies; those who finalise MPI, which is collective, must not wait for it for ever.

#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <iostream>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "support/mpi_world.hpp"

namespace gangway::test {
namespace {

std::string pid_file(int rank) {
  return scratch_directory() + "/pid." + std::to_string(rank);
}

bool lives(int rank) {
  pid_t pid = 0;
  std::ifstream{pid_file(rank)} >> pid;
  return ::kill(pid, 0) == 0;
}

TEST(Goodbye, EndsThoughOneRankDoesNotLeave) {
  std::ofstream{pid_file(world().rank())} << ::getpid();
  meet();
  if (world().rank() != world().size() - 1) return;  // main() leaves

  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  for (int rank = 0; rank + 1 < world().size(); ++rank) {
    while (lives(rank) && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds{20});
    }
    EXPECT_FALSE(lives(rank)) << "rank " << rank << " still waits for this one";
  }
  somebody_died();
}

}  // namespace
}  // namespace gangway::test
