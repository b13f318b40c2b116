#include "engine/module_cache.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/limits.hpp"
#include "os/file.hpp"

namespace gangway::engine {

namespace {

std::string hex(const wire::ModuleHash& hash) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : hash) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

base::Fault failed(const std::string& action, const std::string& path) {
  return {"cannot " + action + " " + path + ": " + std::strerror(errno) + "; mend that and submit the task again"};
}

}  // namespace

ModuleCache::ModuleCache(std::string directory, std::string holder, HashFunction hash)
    : directory_{std::move(directory)}, holder_{std::move(holder)}, hash_{std::move(hash)} {}

void ModuleCache::store(const wire::ModuleHash& hash, const base::SharedBytes& content) {
  // Content with another hash is as good as none: path() says that the module never came.
  if (!modules_.contains(hash) && hash_(content.view()) == hash) {
    modules_.emplace(hash, Module{content.size(), content, {}});
  }
}

base::Result<wire::ModuleHash> ModuleCache::adopt(const std::string& file) {
  const base::Result<std::string> content = os::read_file(file, base::object_bytes_max);
  if (!content) return base::Fault{"cannot read the module " + file + ": " + content.fault().text};
  const base::ByteView bytes = base::bytes_of(content.value());
  const wire::ModuleHash hash = hash_(bytes);
  modules_.emplace(hash, Module{bytes.size(), base::SharedBytes::copy_of(bytes), {}});
  return hash;
}

base::Result<std::string> ModuleCache::path(const wire::ModuleHash& hash) {
  const auto found = modules_.find(hash);
  if (found == modules_.end()) {
    return base::Fault{"module " + hex(hash) +
                       " has not come to this engine undamaged; stop the cluster, start it again"};
  }
  Module& module = found->second;
  if (module.path.empty()) {
    base::Result<std::string> written = write(hash, module.unwritten.view());
    if (!written) return written;
    module.path = std::move(written).value();
    module.unwritten = {};
  }
  return module.path;
}

std::uint64_t ModuleCache::forget(const wire::ModuleHash& hash) {
  const auto found = modules_.find(hash);
  if (found == modules_.end()) return 0;
  const std::uint64_t bytes = found->second.bytes;
  modules_.erase(found);
  // Another engine may just have linked the shared name: it keeps the file by its own.
  ::unlink(own_path(hash).c_str());
  ::unlink(shared_path(hash).c_str());
  return bytes;
}

std::string ModuleCache::shared_path(const wire::ModuleHash& hash) const {
  return directory_ + "/" + hex(hash) + ".so";
}

std::string ModuleCache::own_path(const wire::ModuleHash& hash) const {
  return directory_ + "/" + hex(hash) + "." + holder_ + ".so";
}

base::Result<std::string> ModuleCache::write(const wire::ModuleHash& hash, base::ByteView content) const {
  if (::mkdir(directory_.c_str(), 0700) != 0 && errno != EEXIST) return failed("make the directory", directory_);
  const std::string shared = shared_path(hash);
  const std::string own = own_path(hash);
  // By another engine of this node; it appeared whole.
  if (::link(shared.c_str(), own.c_str()) == 0 || errno == EEXIST) return own;

  std::string temporary = shared + ".XXXXXX";
  const int file = ::mkostemp(temporary.data(), O_CLOEXEC);
  if (file < 0) return failed("make a file for the module in", directory_);
  const bool written = os::write_all(file, content);
  int reason = errno;
  ::close(file);
  if (!written) {
    ::unlink(temporary.c_str());
    errno = reason;
    return failed("write the module", own);
  }
  // A rename would replace the file of an engine that was faster. If that has forgotten it again, this one is its
  // own.
  const bool is_first = ::link(temporary.c_str(), shared.c_str()) == 0;
  const bool kept = (!is_first && ::link(shared.c_str(), own.c_str()) == 0) ||
                    ::link(temporary.c_str(), own.c_str()) == 0 || errno == EEXIST;
  reason = errno;
  ::unlink(temporary.c_str());
  errno = reason;
  if (!kept) return failed("give its name to the module", own);
  return own;
}

}  // namespace gangway::engine
