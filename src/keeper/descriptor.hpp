// A file descriptor with one owner.
#pragma once

#include <utility>

#include "base/result.hpp"

namespace gangway::keeper {

/// Owns a descriptor and closes it. Empty when default constructed or moved from.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_{fd} {}
  Descriptor(Descriptor&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor();

  /// Takes over a descriptor that was inherited through exec under a number named on the command line, and keeps it
  /// from being inherited further. A fault if the number is not an open descriptor.
  static base::Result<Descriptor> adopt(int fd);

  /// The number, or -1.
  [[nodiscard]] int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

  /// Closes it now.
  void reset() { Descriptor{std::move(*this)}; }

 private:
  int fd_ = -1;
};

/// "cannot <what>: <the system's text for `error`>".
base::Fault system_fault(const char* what, int error);

}  // namespace gangway::keeper
