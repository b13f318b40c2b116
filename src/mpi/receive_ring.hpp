// Receives that stand ready for head messages of any rank, looked at in the order they were posted. MPI matches them
// in that order, so the order of each sender is kept; MPI_Testsome would lose it.
#pragma once

#include <mpi.h>

#include <array>
#include <cstddef>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "mpi/envelope.hpp"

namespace gangway::mpi {

/// A ring of posted receives. One thread.
class ReceiveRing {
 public:
  explicit ReceiveRing(MPI_Comm communicator);
  ReceiveRing(const ReceiveRing&) = delete;
  ReceiveRing& operator=(const ReceiveRing&) = delete;
  ~ReceiveRing();

  struct Received {
    int source = 0;
    base::ByteView bytes;  // valid until give_back()
  };

  /// The next message, if it is there; give_back() before the next call. Lets MPI progress if it is not.
  std::optional<Received> take();

  /// Posts the receive again whose message was taken.
  void give_back();

 private:
  // Enough that a burst seldom finds none; what does waits inside MPI, bounded by the senders' windows.
  static constexpr std::size_t slots = 32;

  void post(std::size_t slot);

  MPI_Comm communicator_;
  std::array<MPI_Request, slots> requests_{};
  std::vector<std::array<std::byte, head_message_bytes_max>> buffers_{slots};
  std::size_t next_ = 0;
};

}  // namespace gangway::mpi
