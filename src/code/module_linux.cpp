// Linux: the kernel's list of mappings knows the absolute path of each module, and whether it is still there.
#include <dlfcn.h>
#include <link.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>

#include "code/module.hpp"

namespace gangway::code {

namespace {

constexpr std::string_view deleted = " (deleted)";

// A sanitizer's shadow memory, tera of bytes, where no variable lies.
constexpr std::uintptr_t shadow_bytes_min = std::uintptr_t{1} << 40;

/// The range of addresses at the begin of a line of /proc/self/maps.
std::pair<std::uintptr_t, std::uintptr_t> range_in(const std::string& line) {
  char* rest = nullptr;
  const std::uintptr_t begin = std::strtoull(line.c_str(), &rest, 16);
  return {begin, *rest == '-' ? std::strtoull(rest + 1, nullptr, 16) : 0};
}

/// The path behind the mapping that holds `address`: what follows the first slash in its line of /proc/self/maps.
std::string mapped_file(std::uintptr_t address) {
  std::ifstream maps{"/proc/self/maps"};
  for (std::string line; std::getline(maps, line);) {
    const auto [begin, end] = range_in(line);
    if (address >= begin && address < end) {
      const std::size_t path = line.find('/');
      return path == line.npos ? std::string{} : line.substr(path);
    }
  }
  return {};
}

/// True if `address` is in the executable, which is the first that dl_iterate_phdr() shows.
bool in_executable(std::uintptr_t address) {
  struct Search {
    std::uintptr_t address;
    bool found = false;
  } search{address};
  ::dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* data) {
        auto& wanted = *static_cast<Search*>(data);
        for (int i = 0; i < info->dlpi_phnum; ++i) {
          const auto& segment = info->dlpi_phdr[i];
          const std::uintptr_t begin = info->dlpi_addr + segment.p_vaddr;
          wanted.found |= segment.p_type == PT_LOAD && wanted.address - begin < segment.p_memsz;
        }
        return 1;
      },
      &search);
  return search.found;
}

}  // namespace

std::vector<std::pair<std::uintptr_t, std::uintptr_t>> mapped_ranges() {
  std::vector<std::pair<std::uintptr_t, std::uintptr_t>> ranges;
  std::ifstream maps{"/proc/self/maps"};
  for (std::string line; std::getline(maps, line);) {
    const auto [begin, end] = range_in(line);
    const bool is_readable = line.find(" r") != line.npos;
    if (is_readable && end - begin < shadow_bytes_min) ranges.emplace_back(begin, end);
  }
  return ranges;
}

base::Result<ModulePlace> module_of(const void* address) {
  Dl_info info{};
  const auto number = reinterpret_cast<std::uintptr_t>(address);
  ModulePlace place{.file = mapped_file(number)};
  if (::dladdr(address, &info) == 0 || place.file.empty()) {
    return base::Fault{"a function of this program is in no file: code that was made at run time cannot be sent"};
  }
  if (std::string_view{place.file}.ends_with(deleted)) {
    place.file.resize(place.file.size() - deleted.size());
    return base::Fault{"the file " + place.file +
                       " was replaced since this program was started; start the program again"};
  }
  place.base = reinterpret_cast<std::uintptr_t>(info.dli_fbase);
  place.is_executable = in_executable(number);
  return place;
}

}  // namespace gangway::code
