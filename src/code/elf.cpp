#include "code/elf.hpp"

#include <algorithm>
#include <bit>
#include <string>

namespace gangway::code {

namespace {

#if defined(__x86_64__)
constexpr std::uint16_t own_machine = EM_X86_64;
constexpr const char* own_machine_name = "x86-64";
#elif defined(__aarch64__)
constexpr std::uint16_t own_machine = EM_AARCH64;
constexpr const char* own_machine_name = "aarch64";
#elif defined(__powerpc64__)
constexpr std::uint16_t own_machine = EM_PPC64;
constexpr const char* own_machine_name = "ppc64";
#elif defined(__riscv)
constexpr std::uint16_t own_machine = EM_RISCV;
constexpr const char* own_machine_name = "riscv";
#else
#error "Gangway does not know this processor: add its ELF number here"
#endif

std::string machine_name(std::uint16_t machine) {
  switch (machine) {
    case EM_X86_64:
      return "x86-64";
    case EM_AARCH64:
      return "aarch64";
    case EM_386:
      return "32-bit x86";
    case EM_PPC64:
      return "ppc64";
    case EM_RISCV:
      return "riscv";
    default:
      return "machine number " + std::to_string(machine);
  }
}

constexpr unsigned char own_order = std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;

}  // namespace

base::Result<ElfFile> ElfFile::parse(base::ByteView bytes) {
  Elf64_Ehdr header{};
  if (bytes.size() < sizeof header || std::memcmp(bytes.data(), ELFMAG, SELFMAG) != 0) {
    return base::Fault{"it is no shared library"};
  }
  std::memcpy(&header, bytes.data(), sizeof header);
  const bool fits = header.e_ident[EI_CLASS] == ELFCLASS64 && header.e_ident[EI_DATA] == own_order;
  if (!fits || header.e_machine != own_machine) {
    return base::Fault{"it is built for " + machine_name(header.e_machine) + ", and this engine's host is " +
                       own_machine_name};
  }
  if (header.e_type != ET_DYN || header.e_phentsize != sizeof(Elf64_Phdr)) {
    return base::Fault{"it is an ELF file, but no shared library"};
  }
  return ElfFile{bytes, header};
}

base::ByteView ElfFile::section(std::string_view name) const {
  if (header_.e_shentsize != sizeof(Elf64_Shdr)) return {};
  const auto header_at = [this](std::uint64_t index) {
    return at<Elf64_Shdr>(header_.e_shoff + index * sizeof(Elf64_Shdr));
  };
  const std::optional<Elf64_Shdr> names = header_at(header_.e_shstrndx);
  if (!names) return {};
  for (std::uint16_t i = 0; i < header_.e_shnum; ++i) {
    const std::optional<Elf64_Shdr> section = header_at(i);
    if (!section || section->sh_type == SHT_NOBITS || section->sh_name >= names->sh_size) continue;
    if (text_at(names->sh_offset + section->sh_name) == name) return part(section->sh_offset, section->sh_size);
  }
  return {};
}

std::optional<std::uint64_t> ElfFile::dynamic(std::int64_t tag) const {
  for (std::uint16_t i = 0; i < header_.e_phnum; ++i) {
    const auto segment = at<Elf64_Phdr>(header_.e_phoff + i * sizeof(Elf64_Phdr));
    if (!segment || segment->p_type != PT_DYNAMIC) continue;
    for (std::uint64_t offset = 0; offset < segment->p_filesz; offset += sizeof(Elf64_Dyn)) {
      const auto entry = at<Elf64_Dyn>(segment->p_offset + offset);
      if (!entry || entry->d_tag == DT_NULL) break;
      if (entry->d_tag == tag) return entry->d_un.d_val;
    }
  }
  return std::nullopt;
}

std::optional<std::uint64_t> ElfFile::offset_of(std::uint64_t address, std::uint64_t size) const {
  for (std::uint16_t i = 0; i < header_.e_phnum; ++i) {
    const auto segment = at<Elf64_Phdr>(header_.e_phoff + i * sizeof(Elf64_Phdr));
    if (!segment || segment->p_type != PT_LOAD || address < segment->p_vaddr) continue;
    const std::uint64_t inside = address - segment->p_vaddr;
    if (inside > segment->p_filesz || size > segment->p_filesz - inside) continue;
    if (!part(segment->p_offset + inside, size).empty()) return segment->p_offset + inside;
  }
  return std::nullopt;
}

std::string_view ElfFile::text_at(std::uint64_t offset) const {
  if (offset >= bytes_.size()) return {};
  const char* const begin = reinterpret_cast<const char*>(bytes_.data()) + offset;
  const char* const end = reinterpret_cast<const char*>(bytes_.data()) + bytes_.size();
  return {begin, static_cast<std::size_t>(std::find(begin, end, '\0') - begin)};
}

}  // namespace gangway::code
