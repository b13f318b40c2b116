// A look into a shared library's bytes, before the loader has seen it. Nothing in them is believed: what lies outside
// of the file is not there.
#pragma once

#include <elf.h>

#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace gangway::code {

/// A 64-bit ELF file for this machine. Refers to the bytes it was parsed from.
class ElfFile {
 public:
  /// A fault if the bytes are no shared library, or one for another kind of machine.
  static base::Result<ElfFile> parse(base::ByteView bytes);

  /// The content of the section of this name; empty if there is none.
  [[nodiscard]] base::ByteView section(std::string_view name) const;

  /// An entry of the dynamic section.
  [[nodiscard]] std::optional<std::uint64_t> dynamic(std::int64_t tag) const;

  /// Where in the file those bytes lie that are loaded at `address`, all `size` of them.
  [[nodiscard]] std::optional<std::uint64_t> offset_of(std::uint64_t address, std::uint64_t size) const;

  /// A structure at an offset of the file.
  template <class T>
  [[nodiscard]] std::optional<T> at(std::uint64_t offset) const {
    const base::ByteView bytes = part(offset, sizeof(T));
    if (bytes.empty()) return std::nullopt;
    T object;
    std::memcpy(&object, bytes.data(), sizeof(T));
    return object;
  }

  /// Bytes of the file; empty if not all of them are in it.
  [[nodiscard]] base::ByteView part(std::uint64_t offset, std::uint64_t size) const {
    return offset <= bytes_.size() && size <= bytes_.size() - offset ? bytes_.subspan(offset, size)
                                                                     : base::ByteView{};
  }

 private:
  ElfFile(base::ByteView bytes, const Elf64_Ehdr& header) : bytes_{bytes}, header_{header} {}

  [[nodiscard]] std::string_view text_at(std::uint64_t offset) const;

  base::ByteView bytes_;
  Elf64_Ehdr header_;
};

}  // namespace gangway::code
