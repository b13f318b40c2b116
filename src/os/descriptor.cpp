#include "os/descriptor.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <system_error>

namespace gangway::os {

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

base::Result<Descriptor> Descriptor::adopt(int fd) {
  if (::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
    return base::Fault{"descriptor " + std::to_string(fd) +
                       ", named on the command line, is not open; this program is started by gangway-keeper only"};
  }
  return Descriptor{fd};
}

base::Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return system_fault("cannot make a pipe");
  return Pipe{Descriptor{ends[0]}, Descriptor{ends[1]}};
}

base::Fault system_fault(const std::string& what, int error) {
  return base::Fault{what + ": " + std::generic_category().message(error)};
}

}  // namespace gangway::os
