// The one door for MPI's return codes.
//
// Every communicator has MPI_ERRORS_RETURN, and every call's code goes through here. Gangway posts only what the
// standard allows, so a failing call means that MPI itself is broken in this process: there is nothing to retry and
// nobody to tell. The process then ends with one line that names the call; its keeper sees that, and the cluster goes
// on without this rank. The death of another rank is never seen as an error code.
#pragma once

namespace gangway::mpi {

/// Does nothing for MPI_SUCCESS. For any other code writes one line (the call, MPI's words for the error) to standard
/// error and ends the process by abort(). `call` is the name of the MPI function.
void check_mpi(int code, const char* call);

}  // namespace gangway::mpi
