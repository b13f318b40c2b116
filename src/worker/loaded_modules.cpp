#include "worker/loaded_modules.hpp"

#include <dlfcn.h>
#include <link.h>

#include <cstddef>
#include <exception>

#include "code/module.hpp"
#include "code/registry.hpp"

namespace gangway::worker {

std::string short_hash(const wire::ModuleHash& hash) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < 6; ++i) {
    text += digits[hash[i] >> 4];
    text += digits[hash[i] & 0xf];
  }
  return text;
}

base::Status LoadedModules::load(const wire::ModuleHash& hash, const std::string& path) {
  if (bases_.contains(hash)) {
    return base::Done{};
  }
  // NOW: what is missing is told here and not in the middle of a task. LOCAL: two builds of a program may be loaded.
  void* const handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* reason = ::dlerror();
    return base::Fault{
        "module " + short_hash(hash) + " cannot be loaded: " + (reason == nullptr ? "no reason given" : reason) +
        "; install what is missing on the engine's host, or link it to the program's target NAME-code"};
  }
  link_map* map = nullptr;
  if (::dlinfo(handle, RTLD_DI_LINKMAP, &map) != 0) {
    return base::Fault{"module " + short_hash(hash) + " is loaded, but the loader does not tell where"};
  }
  const auto place = code::module_of(map->l_ld);  // its dynamic section: an address that every module has
  if (!place) {
    return place.fault();
  }
  if (code::stubs_in_module(place.value().base) == 0) {
    return base::Fault{"module " + short_hash(hash) +
                       " registers no functions; build the program with gangway_add_program() (-fno-gnu-unique)"};
  }
  bases_.emplace(hash, place.value().base);
  return base::Done{};
}

std::optional<std::uintptr_t> LoadedModules::base_of(const wire::ModuleHash& hash) const {
  const auto found = bases_.find(hash);
  return found == bases_.end() ? std::nullopt : std::optional{found->second};
}

}  // namespace gangway::worker
