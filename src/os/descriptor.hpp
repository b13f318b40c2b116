// A file descriptor with one owner, and the words of a failed system call.
#pragma once

#include <cerrno>
#include <string>
#include <utility>

#include "base/result.hpp"

namespace gangway::os {

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

  /// Gives the descriptor away.
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }

  /// Closes it now, if there is one.
  void reset() { Descriptor{std::move(*this)}; }

 private:
  int fd_ = -1;
};

/// The two ends of a pipe; neither is inherited by programs that are started.
struct Pipe {
  Descriptor read_end;
  Descriptor write_end;
};
base::Result<Pipe> make_pipe();

/// "`what`: <the system's text for `error`>". By default the error of the system call just made.
base::Fault system_fault(const std::string& what, int error = errno);

}  // namespace gangway::os
