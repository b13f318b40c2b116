#include "mpi/receive_ring.hpp"

#include "mpi/check.hpp"
#include "mpi/requests.hpp"

namespace gangway::mpi {

ReceiveRing::ReceiveRing(MPI_Comm communicator) : communicator_{communicator} {
  for (std::size_t slot = 0; slot < slots; ++slot) post(slot);
}

ReceiveRing::~ReceiveRing() {
  bool all_free = true;
  for (const MPI_Request request : requests_) all_free &= take_back_receive(request);
  if (!all_free) keep_for_ever(std::move(buffers_));
}

void ReceiveRing::post(std::size_t slot) {
  check_mpi(MPI_Irecv(buffers_[slot].data(), static_cast<int>(head_message_bytes_max), MPI_BYTE, MPI_ANY_SOURCE,
                      head_message_tag, communicator_, &requests_[slot]),
            "MPI_Irecv");
}

std::optional<ReceiveRing::Received> ReceiveRing::take() {
  int done = 0;
  MPI_Status status;
  check_mpi(MPI_Test(&requests_[next_], &done, &status), "MPI_Test");
  if (done == 0) return std::nullopt;
  int bytes = 0;
  check_mpi(MPI_Get_count(&status, MPI_BYTE, &bytes), "MPI_Get_count");
  return Received{status.MPI_SOURCE, base::ByteView{buffers_[next_]}.first(static_cast<std::size_t>(bytes))};
}

void ReceiveRing::give_back() {
  post(next_);
  next_ = (next_ + 1) % slots;
}

}  // namespace gangway::mpi
