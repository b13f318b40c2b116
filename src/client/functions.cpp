#include "client/functions.hpp"

#include <cstdint>

#include "base/limits.hpp"
#include "client/system.hpp"
#include "code/module.hpp"
#include "code/names.hpp"

namespace gangway::client {

base::Result<std::shared_ptr<const KnownFunction>> Functions::find(const detail::StubInfo& stub) {
  const std::lock_guard lock{mutex_};
  const auto [found, is_new] = known_.try_emplace({stub.address, stub.name});
  if (!is_new) {
    return found->second;
  }
  auto made = make(stub);
  if (made) {
    found->second = made.value();
  } else {
    known_.erase(found);
  }
  return made;
}

base::Result<std::shared_ptr<const KnownFunction>> Functions::make(const detail::StubInfo& stub) {
  const auto place = code::module_of(stub.address);
  if (!place) {
    return place.fault();
  }
  auto known = std::make_shared<KnownFunction>();
  known->label = detail::readable_function(stub.name);
  if (place.value().is_executable && code::is_local_name(stub.name)) {
    return base::Fault{
        known->label + " is in the executable " + place.value().file +
        ", which engines cannot load; build the program with gangway_add_program() in its CMakeLists.txt"};
  }
  known->reference.name = stub.name;
  known->reference.signature = stub.signature;
  if (known->reference.name.size() > base::name_bytes_max ||
      known->reference.signature.size() > base::name_bytes_max) {
    return base::Fault{"the name of " + known->label.substr(0, 80) +
                       "... is longer than 4 KiB; wrap it in a function with a shorter one"};
  }
  if (!stub.is_defined || place.value().is_executable) {  // engines cannot load an executable
    return std::shared_ptr<const KnownFunction>{std::move(known)};
  }
  auto module = module_of_file(place.value().file);
  if (!module) {
    return module.fault();
  }
  known->module = std::move(module).value();
  known->reference.module = known->module->hash;
  known->reference.offset = reinterpret_cast<std::uintptr_t>(stub.address) - place.value().base;
  return std::shared_ptr<const KnownFunction>{std::move(known)};
}

base::Result<std::shared_ptr<Module>> Functions::module_of_file(const std::string& path) {
  if (const auto found = modules_.find(path); found != modules_.end()) {
    return found->second;
  }
  auto module = read_module(path);
  if (module) {
    modules_.emplace(path, module.value());
  }
  return module;
}

base::Status Functions::check_captures(const detail::Callee& callee) {
  if (callee.captures.empty()) {
    return base::Done{};
  }
  const std::lock_guard lock{mutex_};
  const auto word = captures_.address_in(callee.captures);
  if (!word) {
    return base::Done{};
  }
  return base::Fault{detail::readable_function(callee.stub.name) + " holds an address of this process (" +
                     std::to_string(*word * sizeof(void*)) +
                     " bytes from its begin): a reference or a pointer that it captures means nothing at an engine. "
                     "Capture by value, or pass what it refers to as an argument"};
}

}  // namespace gangway::client
