#include "client/functions.hpp"

#include <cstdint>

#include "base/limits.hpp"
#include "client/system.hpp"
#include "code/module.hpp"
#include "tls/digest.hpp"

namespace gangway::client {

namespace {

base::Result<base::SharedBytes> read_module(const std::string& path) {
  auto content = read_file(path, "this program's code", base::object_bytes_max, Access::anybody);
  if (!content) {
    return content.fault();
  }
  if (content.value().size() > base::object_bytes_max) {
    return base::Fault{path +
                       " is larger than 64 MiB and cannot be sent to engines; build it without debug information, "
                       "or strip it"};
  }
  return base::SharedBytes{std::move(content).value()};
}

}  // namespace

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
  if (place.value().is_executable) {
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
  auto content = read_module(path);
  if (!content) {
    return content.fault();
  }
  auto module = std::make_shared<Module>();
  module->path = path;
  module->content = std::move(content).value();
  module->hash = tls::sha256(module->content.view());
  modules_.emplace(path, module);
  return module;
}

}  // namespace gangway::client
