// What a worker process keeps between calls.
#include <gangway/detail/engine_host.hpp>

#include <cstring>
#include <string>
#include <utility>

namespace gangway::detail {

EngineHost::~EngineHost() = default;

std::string EngineHost::place_of(std::string_view name) const {
  return "'" + std::string{name} + "' of engine " + std::to_string(id().value()) + " on " + host();
}

ProcessObjects::ProcessObjects() = default;
ProcessObjects::~ProcessObjects() = default;

void* ProcessObjects::find_cached(std::string_view key, const std::type_info& type) const {
  const auto found = cached_.find(key);
  if (found == cached_.end()) {
    return nullptr;
  }
  for (const Cached& entry : found->second) {
    if (entry.type == &type) {
      return entry.object.get();
    }
  }
  const std::type_info& other = *found->second.front().type;
  if (std::strcmp(other.name(), type.name()) != 0) {
    throw ValueError{"the cached object '" + std::string{key} + "' is of type " + demangle(other.name()) + ", not " +
                     demangle(type.name()) + "; use another key"};
  }
  return nullptr;
}

void* ProcessObjects::keep_cached(std::string_view key, const std::type_info& type, std::shared_ptr<void> object) {
  auto& entries = cached_[std::string{key}];
  entries.push_back({&type, std::move(object)});
  return entries.back().object.get();
}

const void* ProcessObjects::find_decoded(std::string_view name, std::uint64_t version,
                                         const std::type_info& type) const {
  const auto found = decoded_.find(name);
  const bool good = found != decoded_.end() && found->second.version == version && found->second.type == &type;
  return good ? found->second.object.get() : nullptr;
}

const void* ProcessObjects::keep_decoded(std::string_view name, std::uint64_t version, const std::type_info& type,
                                         std::shared_ptr<const void> object) {
  forget_decoded(name);
  return decoded_.insert_or_assign(std::string{name}, Decoded{&type, version, std::move(object)})
      .first->second.object.get();
}

void ProcessObjects::forget_decoded(std::string_view name) {
  const auto found = decoded_.find(name);
  if (found != decoded_.end()) {
    replaced_.push_back(std::move(found->second.object));
    decoded_.erase(found);
  }
}

}  // namespace gangway::detail
