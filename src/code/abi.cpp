#include "code/abi.hpp"

#include <gnu/libc-version.h>

#include <algorithm>
#include <utility>
#include <vector>

#include <gangway/detail/abi_stamp.hpp>

#include "code/elf.hpp"

namespace gangway::code {

namespace {

constexpr const char* way_out =
    "; `gangway build DIR` compiles the sources in a directory on the cluster, with its own compiler, and loads them";

/// Texts between separators; a trailing separator makes no empty text.
std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

/// The value of a field "key=value;".
std::string_view field(std::string_view stamp, std::string_view key) {
  for (const std::string_view part : split(stamp, ';')) {
    if (part.starts_with(key) && part.substr(key.size()).starts_with('=')) return part.substr(key.size() + 1);
  }
  return "none";
}

/// A stamp is somebody else's text: enough of it to be read.
std::string shown(std::string_view text) {
  std::string copy{text.substr(0, 200)};
  std::replace_if(
      copy.begin(), copy.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return copy;
}

}  // namespace

bool processor_has(std::string_view feature) {
#if defined(__x86_64__)
  const std::pair<std::string_view, bool> known[] = {
      {"sse4.2", __builtin_cpu_supports("sse4.2") != 0},     {"avx", __builtin_cpu_supports("avx") != 0},
      {"avx2", __builtin_cpu_supports("avx2") != 0},         {"fma", __builtin_cpu_supports("fma") != 0},
      {"bmi2", __builtin_cpu_supports("bmi2") != 0},         {"avx512f", __builtin_cpu_supports("avx512f") != 0},
      {"avx512bw", __builtin_cpu_supports("avx512bw") != 0}, {"avx512vl", __builtin_cpu_supports("avx512vl") != 0}};
  for (const auto& [name, is_there] : known) {
    if (name == feature) return is_there;
  }
#endif
  return feature == "base";
}

base::Status check_stamp(std::string_view of_module, std::string_view own, const HasFeature& has_feature) {
  for (const std::string_view key : {"gangway", "library", "debug", "sanitizer"}) {
    const std::string_view theirs = field(of_module, key);
    const std::string_view ours = field(own, key);
    // A process that is watched runs code that is not; the other way round the watching library is missing.
    const bool fits = theirs == ours || (key == "sanitizer" && theirs == "no");
    if (fits) continue;
    return base::Fault{"its ABI differs in '" + std::string{key} + "': the module has " + shown(of_module) +
                       ", the engine " + shown(own) + way_out};
  }
  std::string missing;
  for (const std::string_view feature : split(field(of_module, "cpu"), ',')) {
    if (!has_feature(feature)) missing += (missing.empty() ? "" : ", ") + shown(feature);
  }
  if (missing.empty()) return base::Done{};
  return base::Fault{"it was compiled for processors with " + missing +
                     ", which this engine's host lacks; compile it with another -march" + way_out};
}

base::Status check_module(base::ByteView file) {
  const base::Result<ElfFile> elf = ElfFile::parse(file);
  if (!elf) return base::Fault{elf.fault().text + way_out};
  const base::ByteView section = elf.value().section(".gangway.abi");
  const std::string_view text{reinterpret_cast<const char*>(section.data()), section.size()};
  bool any = false;
  for (const std::string_view stamp : split(text, '\0')) {
    if (stamp.empty()) continue;  // what the linker put between two
    if (base::Status fits = check_stamp(stamp, detail::abi_stamp, processor_has); !fits) return fits;
    any = true;
  }
  if (any) return base::Done{};
  return base::Fault{
      "it has no stamp of Gangway's headers: it was built for an older Gangway, or without <gangway/gangway.hpp>; "
      "build it again"};
}

std::string explain_load_failure(std::string_view loader_says) {
  std::string text{loader_says};
  constexpr std::string_view before = "version `";
  const std::size_t begin = loader_says.find(before);
  const std::size_t end = loader_says.find("' not found");
  if (begin != loader_says.npos && end != loader_says.npos && begin < end) {
    const std::string version{loader_says.substr(begin + before.size(), end - begin - before.size())};
    const bool is_glibc = version.starts_with("GLIBC_");
    const bool is_libstdcxx = version.starts_with("GLIBCXX_") || version.starts_with("CXXABI_");
    text += ": it was built on a newer system and needs " + version;
    if (is_glibc) text += std::string{" of glibc; this engine's host has glibc "} + ::gnu_get_libc_version();
    if (is_libstdcxx) text += " of libstdc++, which is newer than that of this engine's host";
    return text + way_out;
  }
  if (loader_says.find("CPU ISA level") != loader_says.npos) {
    return text + ": this engine's processor lacks what it was compiled for" + way_out;
  }
  return text + "; install what is missing on the engine's host, or link it to the program's target NAME-code";
}

}  // namespace gangway::code
