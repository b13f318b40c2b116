#include "keeper/descriptor.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

namespace gangway::keeper {

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

base::Fault system_fault(const char* what, int error) {
  return base::Fault{std::string{"cannot "} + what + ": " + std::generic_category().message(error)};
}

}  // namespace gangway::keeper
