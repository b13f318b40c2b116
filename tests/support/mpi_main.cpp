// main() of the tests that run under mpirun (by run_mpi): rank 0 prints what GoogleTest prints, other ranks only what
// failed, and each rank leaves its status.

#include <mpi.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <thread>

#include <gtest/gtest.h>

#include "mpi/check.hpp"
#include "support/mpi_world.hpp"

namespace gangway::test {

namespace {

mpi::World* the_world = nullptr;
bool death = false;

std::string scratch_from_environment() {
  const char* const given = std::getenv("GANGWAY_TEST_SCRATCH");
  return given != nullptr ? given : "";
}

// Prints failures with the rank in front, and nothing else.
class FailurePrinter : public testing::EmptyTestEventListener {
  void OnTestPartResult(const testing::TestPartResult& result) override {
    if (!result.failed()) return;
    std::cout << "rank " << world().rank() << ": " << (result.file_name() != nullptr ? result.file_name() : "?")
              << ':' << result.line_number() << ": " << result.message() << std::endl;
  }
  void OnTestEnd(const testing::TestInfo& test) override {
    if (!test.result()->Failed()) return;
    std::cout << "rank " << world().rank() << ": [  FAILED  ] " << test.test_suite_name() << '.' << test.name()
              << std::endl;
  }
};

}  // namespace

mpi::World& world() {
  return *the_world;
}

const std::string& scratch_directory() {
  static const std::string directory = scratch_from_environment();
  return directory;
}

void meet() {
  MPI_Request request = MPI_REQUEST_NULL;
  mpi::check_mpi(MPI_Ibarrier(MPI_COMM_WORLD, &request), "MPI_Ibarrier");
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes{1};
  for (int done = 0; done == 0;) {
    mpi::check_mpi(MPI_Test(&request, &done, MPI_STATUS_IGNORE), "MPI_Test");
    if (std::chrono::steady_clock::now() > deadline) {
      std::cout << "rank " << world().rank() << ": another rank did not come to meet() within a minute" << std::endl;
      leave_status(1);
      _exit(1);
    }
    std::this_thread::sleep_for(std::chrono::microseconds{100});
  }
}

void leave_status(int status) {
  std::ofstream{scratch_directory() + "/status." + std::to_string(world().rank())} << status;
}

void somebody_died() {
  death = true;
}

}  // namespace gangway::test

int main(int argc, char** argv) {
  using namespace gangway;
  testing::InitGoogleTest(&argc, argv);
  if (test::scratch_directory().empty()) {
    std::cerr << "GANGWAY_TEST_SCRATCH is not set; run this program by tests/support/run_mpi\n";
    return 2;
  }
  mpi::World world;
  test::the_world = &world;
  if (world.rank() != 0) {
    testing::TestEventListeners& listeners = testing::UnitTest::GetInstance()->listeners();
    delete listeners.Release(listeners.default_result_printer());
    listeners.Append(new test::FailurePrinter);
  }
  const int status = RUN_ALL_TESTS();
  std::cout << std::flush;
  test::leave_status(status);
  world.leave(test::death, status);
  return status;
}
