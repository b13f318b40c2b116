// What a test that runs under mpirun knows of its job. The tests of a program run in the same order on every rank.
#pragma once

#include <string>

#include "mpi/world.hpp"

namespace gangway::test {

/// The job; made by the main() of mpi_main.cpp.
mpi::World& world();

/// A directory in shared memory, for this run alone; made and removed by run_mpi.
const std::string& scratch_directory();

/// Waits until every rank is here. Ends the process with a failure if that takes a minute: another rank is stuck. Not
/// to be used once a rank has died.
void meet();

/// Leaves this rank's status for run_mpi, which wants a 0 of each. A rank that is to be killed leaves its own before.
void leave_status(int status);

/// Tells main() that a rank has died, so that nobody finalises MPI.
void somebody_died();

}  // namespace gangway::test
