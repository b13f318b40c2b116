// Waking a thread that waits for descriptors from another one.
#pragma once

#include <utility>

#include "base/result.hpp"
#include "os/descriptor.hpp"

namespace gangway::os {

/// A bell between two threads of a process. A ring that nobody has taken yet is kept; several are one.
class WakeUp {
 public:
  static base::Result<WakeUp> open();

  /// From any thread.
  void ring() const;

  /// Readable while there is a ring that was not taken.
  [[nodiscard]] int descriptor() const { return event_.get(); }

  /// Takes the ring, if there is one.
  void silence() const;

 private:
  explicit WakeUp(Descriptor event) : event_{std::move(event)} {}

  Descriptor event_;
};

}  // namespace gangway::os
