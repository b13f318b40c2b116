#include "launch/descriptor.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace gangway::launch {

void Descriptor::reset() noexcept {
  if (number_ >= 0) ::close(std::exchange(number_, -1));
}

base::Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return system_fault("cannot make a pipe");
  return Pipe{Descriptor{ends[0]}, Descriptor{ends[1]}};
}

base::Fault system_fault(const std::string& what) {
  return base::Fault{what + ": " + std::generic_category().message(errno)};
}

}  // namespace gangway::launch
