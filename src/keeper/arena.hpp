// The memory of an engine: one sparse memfd that the keeper makes and that its rank and workers map at one address,
// so that a pointer into it means the same in all of them, and MPI reads and writes it in place. It outlives them.
// Who gets which part of it is decided in src/engine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "keeper/mapping.hpp"
#include "os/descriptor.hpp"

namespace gangway::keeper {

/// Where arenas are mapped: free in plain, ASan and UBSan builds. TSan wants its own ranges. The keeper hands it on.
#if defined(__SANITIZE_THREAD__)
inline constexpr std::uintptr_t arena_base = 0x7e80'0000'0000;
#else
inline constexpr std::uintptr_t arena_base = 0x2000'0000'0000;
#endif

/// A mapped arena. Offsets count from its first byte; they are what messages carry. Safe to read from any thread.
class Arena {
 public:
  /// Makes the memory of an arena, zeroed and without cost until it is touched. Its size is sealed: nobody who holds
  /// the descriptor can cut it under the feet of the others. A fault if the system refuses.
  static base::Result<os::Descriptor> create(std::uint64_t bytes);

  /// Maps the memory behind `fd` at `base`. The descriptor is needed for the call only.
  static base::Result<Arena> map(int fd, std::uintptr_t base);

  [[nodiscard]] std::byte* base() const { return memory_.data(); }
  [[nodiscard]] std::uint64_t bytes() const { return memory_.bytes(); }

  /// The bytes [offset, offset + count); nothing if they do not all lie inside.
  [[nodiscard]] std::optional<std::span<std::byte>> at(std::uint64_t offset, std::uint64_t count) const;

  /// The offset of `count` bytes at `data`; nothing if they do not all lie inside.
  [[nodiscard]] std::optional<std::uint64_t> offset_of(const void* data, std::uint64_t count) const;

 private:
  explicit Arena(Mapping memory) : memory_{std::move(memory)} {}

  Mapping memory_;
};

}  // namespace gangway::keeper
