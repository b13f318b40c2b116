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

namespace {

/// A fault, with the command that mends it, if anybody but this account could read the file or has brought it here.
base::Status check_ours(const std::string& path, const struct stat& file, const std::string& what) {
  if (file.st_uid != ::geteuid()) {
    return base::Fault{what + " " + path +
                       " belongs to another account, which could read and change it; if you trust it, make a copy of "
                       "your own with: install -m 600 " +
                       path + " COPY"};
  }
  if ((file.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return base::Fault{what + " " + path +
                       " holds a private key, but others than its owner have rights on it; mend it with: chmod 600 " +
                       path};
  }
  const std::string::size_type slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : path.substr(0, std::max<std::size_t>(slash, 1));
  struct stat place {};
  if (::stat(directory.c_str(), &place) == 0 && (place.st_mode & (S_IWOTH | S_ISVTX)) == S_IWOTH) {
    return base::Fault{what + " " + path +
                       " lies where anybody can put another in its place; mend it with: chmod o-w " + directory};
  }
  return base::Done{};
}

}  // namespace

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
  if (access == Access::owner_alone) {
    if (const base::Status ours = check_ours(path, status, what); !ours) return ours.fault();
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
