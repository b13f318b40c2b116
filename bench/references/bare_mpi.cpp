// The least an MPI job can be: all ranks initialise MPI and meet in a barrier; then rank 0 prints a line. With the
// argument "sleep" they stay, asleep, until the standard input of rank 0 ends; else they leave at once.
#include <mpi.h>
#include <unistd.h>

#include <csignal>
#include <iostream>
#include <string>
#include <vector>

namespace {

// MPI has nothing to sleep in: rank 0 waits for its input and wakes the others by a signal.
void sleep_until_end_of_input(int rank, int ranks) {
  sigset_t wake;
  sigemptyset(&wake);
  sigaddset(&wake, SIGUSR1);
  sigprocmask(SIG_BLOCK, &wake, nullptr);
  const int mine = ::getpid();
  std::vector<int> pids(static_cast<std::size_t>(ranks));
  MPI_Gather(&mine, 1, MPI_INT, pids.data(), 1, MPI_INT, 0, MPI_COMM_WORLD);
  if (rank == 0) {
    std::cout << "asleep" << std::endl;
    for (std::string line; std::getline(std::cin, line);) continue;
    for (const int pid : pids) ::kill(pid, SIGUSR1);
  }
  int number = 0;
  sigwait(&wake, &number);
}

}  // namespace

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  MPI_Barrier(MPI_COMM_WORLD);
  int rank = 0;
  int ranks = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  if (argc > 1 && std::string{argv[1]} == "sleep") {
    sleep_until_end_of_input(rank, ranks);
  } else if (rank == 0) {
    std::cout << "met" << std::endl;
  }
  MPI_Finalize();
}
