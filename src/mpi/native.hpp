// What the sources of src/mpi share and nobody else includes: the types of mpi.h behind World.
#pragma once

#include <mpi.h>

#include <vector>

#include "mpi/world.hpp"

namespace gangway::mpi {

struct World::Native {
  MPI_Comm communicator = MPI_COMM_NULL;  // a duplicate of the world for Gangway's own messages
  int rank = 0;
  int size = 1;
  int thread_level = MPI_THREAD_SINGLE;
  std::vector<int> node_ranks;
  std::vector<bool> on_node;  // by rank
};

}  // namespace gangway::mpi
