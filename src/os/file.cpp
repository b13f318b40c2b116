#include "os/file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace gangway::os {

base::Result<std::string> read_file(const std::filesystem::path& path, std::size_t bytes_max) {
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file) return system_fault("cannot read " + path.string());
  return read_file(file, path, bytes_max);
}

base::Result<std::string> read_file(const Descriptor& file, const std::filesystem::path& path,
                                    std::size_t bytes_max) {
  std::string content;
  for (;;) {
    constexpr std::size_t step = 64 * base::kib;
    const std::size_t size = content.size();
    content.resize(size + step);
    const ssize_t count = ::read(file.get(), content.data() + size, step);
    content.resize(size + (count > 0 ? static_cast<std::size_t>(count) : 0));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_fault("cannot read " + path.string());
    if (content.size() > bytes_max) return base::Fault{path.string() + " is too large to be what it should be"};
    if (count == 0) return content;
  }
}

bool write_all(int fd, base::ByteView content) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    content = content.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace gangway::os
