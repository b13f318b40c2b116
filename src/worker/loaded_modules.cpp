#include "worker/loaded_modules.hpp"

#include <dlfcn.h>
#include <link.h>

#include <cstddef>
#include <exception>
#include <fstream>

#include "code/abi.hpp"
#include "code/module.hpp"
#include "code/registry.hpp"

namespace gangway::worker {

LoadedModules::LoadedModules() {
  // Any address in libgangway.so, which has functions of its own.
  if (const auto own = code::module_of(reinterpret_cast<const void*>(&short_hash))) own_ = {own.value().base};
  libraries_ = own_;
}

std::string short_hash(const wire::ModuleHash& hash) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < 6; ++i) {
    text += digits[hash[i] >> 4];
    text += digits[hash[i] & 0xf];
  }
  return text;
}

namespace {

/// The file's bytes, or nothing: the loader will say why.
base::ByteVector content_of(const std::string& path) {
  std::ifstream file{path, std::ios::binary | std::ios::ate};
  base::ByteVector content(file ? static_cast<std::size_t>(file.tellg()) : 0);
  file.seekg(0);
  file.read(reinterpret_cast<char*>(content.data()), static_cast<std::streamsize>(content.size()));
  return file ? content : base::ByteVector{};
}

}  // namespace

base::Status LoadedModules::load(const wire::ModuleHash& hash, const std::string& path) {
  if (bases_.contains(hash)) {
    return base::Done{};
  }
  const std::string module = "module " + short_hash(hash);
  if (const base::ByteVector content = content_of(path); !content.empty()) {
    if (const base::Status fits = code::check_module(content); !fits) {
      return base::Fault{module + " does not fit this engine: " + fits.fault().text};
    }
  }
  // NOW: what is missing is told here and not in the middle of a task. LOCAL: two builds of a program may be loaded.
  void* const handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* reason = ::dlerror();
    return base::Fault{
        module + " cannot be loaded: " + code::explain_load_failure(reason == nullptr ? "no reason given" : reason)};
  }
  link_map* map = nullptr;
  Dl_info info{};
  // Its dynamic section is an address that every module has.
  if (::dlinfo(handle, RTLD_DI_LINKMAP, &map) != 0 || ::dladdr(map->l_ld, &info) == 0) {
    return base::Fault{module + " is loaded, but the loader does not tell where"};
  }
  const auto base = reinterpret_cast<std::uintptr_t>(info.dli_fbase);
  // The loader knows libraries by their paths: at a path that was used before it gives the library of then.
  for (const auto& [other, other_base] : bases_) {
    if (other_base == base) {
      return base::Fault{module + " cannot be loaded: the loader takes " + path + " for module " + short_hash(other) +
                         ", which was there before; give each module a path of its own"};
    }
  }
  if (code::stubs_in_module(base) == 0) {
    return base::Fault{module +
                       " registered no task: compile it with -fno-gnu-unique, as gangway_add_program() and "
                       "gangway_add_library() do, and name the functions of a library in GANGWAY_REGISTER()"};
  }
  bases_.emplace(hash, base);
  return base::Done{};
}

void LoadedModules::use_libraries(const std::vector<wire::ModuleHash>& hashes) {
  libraries_ = own_;
  for (const wire::ModuleHash& hash : hashes) {
    if (const auto base = base_of(hash)) libraries_.push_back(*base);
  }
}

std::optional<std::uintptr_t> LoadedModules::base_of(const wire::ModuleHash& hash) const {
  const auto found = bases_.find(hash);
  return found == bases_.end() ? std::nullopt : std::optional{found->second};
}

}  // namespace gangway::worker
