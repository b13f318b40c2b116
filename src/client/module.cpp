#include "client/module.hpp"

#include <utility>

#include "base/limits.hpp"
#include "client/system.hpp"
#include "tls/digest.hpp"

namespace gangway::client {

std::shared_ptr<Module> make_module(std::string name, base::SharedBytes content) {
  auto module = std::make_shared<Module>();
  module->path = std::move(name);
  module->content = std::move(content);
  module->hash = tls::sha256(module->content.view());
  return module;
}

base::Result<std::shared_ptr<Module>> read_module(const std::string& path) {
  auto content = read_file(path, "the module", base::object_bytes_max, Access::anybody);
  if (!content) {
    return content.fault();
  }
  if (content.value().size() > base::object_bytes_max) {
    return base::Fault{path +
                       " is larger than 64 MiB and cannot be sent to engines; build it without debug information, "
                       "or strip it"};
  }
  return make_module(path, base::SharedBytes{std::move(content).value()});
}

}  // namespace gangway::client
