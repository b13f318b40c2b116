#include "code/declared.hpp"

#include <algorithm>
#include <optional>
#include <set>

#include <gangway/detail/call_stub.hpp>

#include "code/elf.hpp"

namespace gangway::code {

namespace {

/// A function that nothing is done with but to read its mark.
void sample() {}

using Mark = detail::MarkedAddress<void (*)()>;
constexpr std::size_t mark_bytes = offsetof(Mark, pointer);

/// The symbols whose addresses the loader writes behind a stub's mark.
std::set<std::uint64_t> symbols_of_stubs(const ElfFile& elf) {
  const auto& own = detail::marked_address<&sample>.mark;
  std::set<std::uint64_t> symbols;
  for (const auto& [table_tag, size_tag] : {std::pair{DT_RELA, DT_RELASZ}, std::pair{DT_JMPREL, DT_PLTRELSZ}}) {
    const std::uint64_t size = elf.dynamic(size_tag).value_or(0);
    const auto table = elf.offset_of(elf.dynamic(table_tag).value_or(0), size);
    if (!table) continue;
    for (std::uint64_t offset = 0; offset + sizeof(Elf64_Rela) <= size; offset += sizeof(Elf64_Rela)) {
      const auto relocation = elf.at<Elf64_Rela>(*table + offset);
      if (!relocation || ELF64_R_SYM(relocation->r_info) == 0 || relocation->r_offset < mark_bytes) continue;
      const auto mark = elf.offset_of(relocation->r_offset - mark_bytes, mark_bytes);
      if (!mark) continue;
      const base::ByteView bytes = elf.part(*mark, mark_bytes);
      const bool is_stub = std::equal(bytes.begin(), bytes.end(), std::begin(own),
                                      [](std::byte byte, char c) { return std::to_integer<char>(byte) == c; });
      if (is_stub) symbols.insert(ELF64_R_SYM(relocation->r_info));
    }
  }
  return symbols;
}

}  // namespace

base::Result<std::size_t> weaken_declared(std::span<std::byte> library) {
  const base::Result<ElfFile> elf = ElfFile::parse(library);
  if (!elf) return elf.fault();
  std::size_t weakened = 0;
  for (const std::uint64_t index : symbols_of_stubs(elf.value())) {
    const std::uint64_t address = elf.value().dynamic(DT_SYMTAB).value_or(0) + index * sizeof(Elf64_Sym);
    const auto offset = elf.value().offset_of(address, sizeof(Elf64_Sym));
    if (!offset) continue;
    auto symbol = *elf.value().at<Elf64_Sym>(*offset);
    if (symbol.st_shndx != SHN_UNDEF || ELF64_ST_BIND(symbol.st_info) != STB_GLOBAL) continue;
    symbol.st_info = ELF64_ST_INFO(STB_WEAK, ELF64_ST_TYPE(symbol.st_info));
    std::memcpy(library.data() + *offset, &symbol, sizeof symbol);
    ++weakened;
  }
  return weakened;
}

}  // namespace gangway::code
