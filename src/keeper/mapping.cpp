#include "keeper/mapping.hpp"

#include <sys/mman.h>

#include <cerrno>
#include <string>

#include "os/descriptor.hpp"

namespace gangway::keeper {

Mapping::~Mapping() {
  if (data_ != nullptr) ::munmap(data_, bytes_);
}

base::Result<Mapping> Mapping::map(int fd, std::size_t bytes, std::uintptr_t address) {
  void* const wanted = reinterpret_cast<void*>(address);  // NOLINT(performance-no-int-to-ptr): the kernel's interface
  const int fixed = address == 0 ? 0 : MAP_FIXED_NOREPLACE;
  void* const got = ::mmap(wanted, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE | fixed, fd, 0);
  if (got == MAP_FAILED) {
    const std::string what = "map " + std::to_string(bytes) + " bytes of shared memory at address " +
                             std::to_string(address) + (errno == EEXIST ? " (something else is there)" : "");
    return os::system_fault("cannot " + what);
  }
  Mapping mapping{static_cast<std::byte*>(got), bytes};
  // Kernels older than 4.17 take the address for a hint.
  if (address != 0 && got != wanted) {
    return base::Fault{
        "cannot map shared memory at its fixed address: the kernel put it elsewhere; use Linux 5.9 or newer"};
  }
  return mapping;
}

}  // namespace gangway::keeper
