#include "os/wake_up.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>

namespace gangway::os {

base::Result<WakeUp> WakeUp::open() {
  Descriptor event{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  if (!event) return system_fault("cannot make an eventfd");
  return WakeUp{std::move(event)};
}

void WakeUp::ring() const {
  constexpr std::uint64_t one = 1;
  // It fails only when the counter is full, and then it is readable.
  static_cast<void>(::write(event_.get(), &one, sizeof one));
}

void WakeUp::silence() const {
  std::uint64_t rings = 0;
  static_cast<void>(::read(event_.get(), &rings, sizeof rings));
}

}  // namespace gangway::os
