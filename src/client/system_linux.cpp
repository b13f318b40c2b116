// The client library on Linux: files with their owners, and what this process is called.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

#include "client/system.hpp"
#include "os/descriptor.hpp"
#include "os/host_name.hpp"

namespace gangway::client {

base::Result<base::ByteVector> read_file(const std::string& path, const std::string& what, std::size_t bytes_max,
                                         Access access) {
  const std::string trouble = "cannot read " + what + " " + path;
  // Without O_NONBLOCK, opening a pipe would wait for its writer.
  const os::Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0) {
    return os::system_fault(trouble);
  }
  if (!S_ISREG(status.st_mode)) {
    return base::Fault{what + " " + path + " is not a regular file"};
  }
  if (access == Access::owner_alone && (status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return base::Fault{what + " " + path +
                       " holds a private key, but others than its owner have rights on it; mend it with: chmod 600 " +
                       path};
  }
  const auto file_bytes = static_cast<std::uint64_t>(std::max<off_t>(status.st_size, 0));
  base::ByteVector content(static_cast<std::size_t>(std::min<std::uint64_t>(file_bytes, bytes_max + 1)));
  std::size_t size = 0;
  while (size < content.size()) {
    const ssize_t count = ::read(file.get(), content.data() + size, content.size() - size);
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      return os::system_fault(trouble);
    }
    if (count == 0) {
      return base::Fault{trouble + ": it became shorter while it was read"};
    }
    size += static_cast<std::size_t>(count);
  }
  return content;
}

std::string process_name() {
  return os::host_name() + " pid " + std::to_string(::getpid());
}

}  // namespace gangway::client
