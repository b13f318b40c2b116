#include "launch/cluster_directory.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>

#include "base/printable.hpp"
#include "launch/private_file.hpp"
#include "os/descriptor.hpp"
#include "os/host_name.hpp"

namespace gangway::launch {
namespace {

constexpr std::size_t cluster_name_bytes_max = 64;

// Independent of the locale.
bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// Why the directory of that name cannot be had.
base::Fault name_in_use(const ClusterDirectory& directory) {
  const std::string name = directory.name();
  const base::Result<ClusterState> state = read_state(directory.state_file());
  if (state && supervisor_alive(state.value())) {
    return {"a cluster named " + name + " is running already; stop it with `gangway stop " + name +
            "` or choose another name"};
  }
  if (state && state.value().host != os::host_name()) {
    return {"a cluster named " + name + " was started on the host " + state.value().host + "; run `gangway stop " +
            name + "` there or choose another name"};
  }
  return {directory.path().string() + " is left of a cluster whose supervisor is gone; run `gangway stop " + name +
          "` to remove it"};
}

}  // namespace

base::Status check_cluster_name(std::string_view name) {
  const bool good = !name.empty() && name.size() <= cluster_name_bytes_max && is_letter_or_digit(name.front()) &&
                    std::all_of(name.begin(), name.end(),
                                [](char c) { return is_letter_or_digit(c) || c == '.' || c == '_' || c == '-'; });
  if (good) return base::Done{};
  return base::Fault{"'" + base::printable(name) + "' cannot be a cluster's name; use at most " +
                     std::to_string(cluster_name_bytes_max) +
                     " letters, digits, '.', '_' and '-', beginning with a letter or digit"};
}

base::Result<os::Descriptor> lock_cluster(const ClusterDirectory& directory) {
  const std::string path = directory.lock_file().string();
  os::Descriptor lock{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR)};
  if (!lock) return os::system_fault("cannot open " + path);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno == EWOULDBLOCK) return base::Fault{"somebody else looks after the cluster " + directory.name()};
  return os::system_fault("cannot lock " + path);
}

base::Result<ClusterHome> ClusterHome::of_account() {
  if (const std::string home = environment("GANGWAY_HOME"); !home.empty()) {
    return ClusterHome{std::filesystem::absolute(home)};
  }
  // The specification of XDG_STATE_HOME says that a relative path is to be ignored.
  if (const std::string state = environment("XDG_STATE_HOME"); state.starts_with('/')) {
    return ClusterHome{std::filesystem::path{state} / "gangway"};
  }
  if (const std::string home = environment("HOME"); !home.empty()) {
    return ClusterHome{std::filesystem::path{home} / ".local" / "state" / "gangway"};
  }
  return base::Fault{"neither GANGWAY_HOME nor HOME is set; set GANGWAY_HOME to a directory for the clusters' files"};
}

ClusterDirectory ClusterHome::cluster(const std::string& name) const {
  return ClusterDirectory{path_ / "clusters" / name};
}

bool ClusterHome::has_cluster(const std::string& name) const {
  std::error_code error;
  return check_cluster_name(name).ok() && std::filesystem::is_directory(cluster(name).path(), error);
}

std::filesystem::path ClusterHome::failed_log(const std::string& name) const {
  return path_ / "logs" / (name + ".log");
}

std::vector<std::string> ClusterHome::list() const {
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator entry{path_ / "clusters", error}, end; !error && entry != end;
       entry.increment(error)) {
    std::string name = entry->path().filename().string();
    if (has_cluster(name)) names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

base::Result<ClusterDirectory> ClusterHome::create_cluster(const std::string& name, const ClusterState& state) const {
  if (base::Status good = check_cluster_name(name); !good) return good.fault();
  const std::filesystem::path clusters = path_ / "clusters";
  if (base::Status made = make_private_directory(clusters); !made) return made.fault();
  if (base::Status closed = check_private_directory(clusters); !closed) return closed.fault();
  if (has_cluster(name)) return name_in_use(cluster(name));

  // It is filled before it gets its name, so that nobody sees it without its state.
  const ClusterDirectory draft{clusters / ("." + name + "." + std::to_string(::getpid()))};
  if (base::Status removed = remove_directory(draft.path()); !removed) return removed.fault();
  base::Status filled = make_private_directory(draft.log_file().parent_path());
  if (filled) filled = write_state(draft.state_file(), state);
  if (filled && ::rename(draft.path().c_str(), cluster(name).path().c_str()) != 0) {
    const bool in_use = errno == ENOTEMPTY || errno == EEXIST;
    filled = in_use ? name_in_use(cluster(name)) : os::system_fault("cannot create " + cluster(name).path().string());
  }
  if (!filled) {
    static_cast<void>(remove_directory(draft.path()));
    return filled.fault();
  }
  return cluster(name);
}

base::Status ClusterHome::remove_cluster(const std::string& name) const {
  const std::filesystem::path path = cluster(name).path();
  const std::filesystem::path remains = path.parent_path() / ("." + name + ".gone." + std::to_string(::getpid()));
  if (::rename(path.c_str(), remains.c_str()) != 0) {
    if (errno == ENOENT) return base::Done{};
    return os::system_fault("cannot remove " + path.string());
  }
  return remove_directory(remains);
}

}  // namespace gangway::launch
