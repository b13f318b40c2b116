// Owners of file descriptors.
#pragma once

#include <string>
#include <utility>

#include "base/result.hpp"

namespace gangway::launch {

/// Owns one file descriptor; movable. Empty when it holds none.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_{number} {}
  Descriptor(Descriptor&& other) noexcept : number_{std::exchange(other.number_, -1)} {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) {
      reset();
      number_ = std::exchange(other.number_, -1);
    }
    return *this;
  }
  ~Descriptor() { reset(); }

  [[nodiscard]] int number() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }

  /// Gives the descriptor away.
  [[nodiscard]] int release() { return std::exchange(number_, -1); }

  /// Closes it, if there is one.
  void reset() noexcept;

 private:
  int number_ = -1;
};

/// The two ends of a pipe; neither is inherited by programs that are started.
struct Pipe {
  Descriptor read_end;
  Descriptor write_end;
};
base::Result<Pipe> make_pipe();

/// "`what`: <text of errno>".
base::Fault system_fault(const std::string& what);

}  // namespace gangway::launch
