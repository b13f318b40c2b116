#include "keeper/arena.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>

namespace gangway::keeper {

base::Result<os::Descriptor> Arena::create(std::uint64_t bytes) {
  os::Descriptor memory{::memfd_create("gangway-arena", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
  const std::string what = "make an arena of " + std::to_string(bytes) + " bytes";
  if (!memory || ::ftruncate(memory.get(), static_cast<off_t>(bytes)) != 0 ||
      ::fcntl(memory.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    return os::system_fault("cannot " + what);
  }
  return memory;
}

base::Result<Arena> Arena::map(int fd, std::uintptr_t base) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return os::system_fault("cannot learn the size of the arena");
  auto memory = Mapping::map(fd, static_cast<std::size_t>(status.st_size), base);
  if (!memory) return memory.fault();
  return Arena{std::move(memory).value()};
}

std::optional<std::span<std::byte>> Arena::at(std::uint64_t offset, std::uint64_t count) const {
  if (offset > bytes() || count > bytes() - offset) return std::nullopt;
  return std::span{base() + offset, static_cast<std::size_t>(count)};
}

std::optional<std::uint64_t> Arena::offset_of(const void* data, std::uint64_t count) const {
  const auto first = reinterpret_cast<std::uintptr_t>(base());
  const auto wanted = reinterpret_cast<std::uintptr_t>(data);
  if (wanted < first) return std::nullopt;
  const std::uint64_t offset = wanted - first;
  if (!at(offset, count)) return std::nullopt;
  return offset;
}

}  // namespace gangway::keeper
