#include "mpi/check.hpp"

#include <mpi.h>

#include <array>
#include <cstdio>
#include <cstdlib>

namespace gangway::mpi {

void check_mpi(int code, const char* call) {
  if (code == MPI_SUCCESS) return;
  std::array<char, MPI_MAX_ERROR_STRING> words{};
  int length = 0;
  if (MPI_Error_string(code, words.data(), &length) != MPI_SUCCESS) words[0] = '\0';
  std::fprintf(stderr, "gangway: %s failed with code %d (%s); this rank cannot go on\n", call, code, words.data());
  std::fflush(stderr);
  std::abort();
}

}  // namespace gangway::mpi
