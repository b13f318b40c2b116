#include "journal/lease.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <sstream>
#include <system_error>
#include <utility>
#include <vector>

#include "os/descriptor.hpp"
#include "os/file.hpp"
#include "os/host_name.hpp"
#include "os/process.hpp"

namespace gangway::journal {

namespace {

namespace fs = std::filesystem;

// More owners than this come and go in a row only if something is wrong.
constexpr int tries_max = 16;

/// What stands in a record.
struct Owner {
  std::string host;
  std::string boot;
  os::ProcessKey process;

  [[nodiscard]] std::string to_text() const {
    return "host " + host + "\nboot " + boot + "\npid " + std::to_string(process.pid) + "\nstarted " +
           std::to_string(process.start_ticks) + "\n";
  }
};

std::optional<Owner> parse_owner(const std::string& text) {
  Owner owner;
  std::string host_key;
  std::string boot_key;
  std::string pid_key;
  std::string start_key;
  std::istringstream in{text};
  in >> host_key >> owner.host >> boot_key >> owner.boot >> pid_key >> owner.process.pid >> start_key >>
      owner.process.start_ticks;
  const bool is_one = in && host_key == "host" && boot_key == "boot" && pid_key == "pid" && start_key == "started";
  return is_one ? std::optional{owner} : std::nullopt;
}

Owner this_owner() {
  const std::string boot = os::boot_id();
  return {os::host_name(), boot.empty() ? "unknown" : boot, os::this_process()};
}

/// Of another start of this host nobody lives.
bool may_live(const Owner& owner) {
  const Owner self = this_owner();
  if (owner.host != self.host) return true;
  return owner.boot == self.boot && os::is_alive(owner.process);
}

fs::path record_file(const fs::path& journal, std::uint64_t generation) {
  return journal.string() + ".owner-" + std::to_string(generation);
}

/// The generations of which there is a record, rising.
std::vector<std::uint64_t> generations_of(const fs::path& journal) {
  const std::string start = journal.filename().string() + ".owner-";
  std::vector<std::uint64_t> found;
  std::error_code error;
  const fs::path directory = journal.has_parent_path() ? journal.parent_path() : fs::path{"."};
  for (fs::directory_iterator entry{directory, error}, end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    std::uint64_t generation = 0;
    if (!name.starts_with(start)) continue;
    const auto [rest, problem] = std::from_chars(name.data() + start.size(), name.data() + name.size(), generation);
    if (problem == std::errc{} && rest == name.data() + name.size()) found.push_back(generation);
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::string owned_by(const Owner& owner, const fs::path& record) {
  const std::string who = "it belongs to process " + std::to_string(owner.process.pid);
  if (owner.host == os::host_name()) return who + " of this host, which is alive; end that one's cluster first";
  return who + " of the host " + owner.host +
         ", which may be alive; end its cluster there, or if that host is gone " + "for good, remove " +
         record.string();
}

/// The words for who owns it by the text of this record, if that one may live.
std::optional<std::string> objection(const std::string& text, const fs::path& record) {
  if (text.empty()) return std::nullopt;  // given back
  const std::optional<Owner> owner = parse_owner(text);
  if (!owner) {
    return "what " + record.string() + " says of its owner makes no sense; if no cluster uses it, remove that file";
  }
  return may_live(*owner) ? std::optional{owned_by(*owner, record)} : std::nullopt;
}

base::Status write_record(const fs::path& file, const std::string& text) {
  const os::Descriptor out{::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR)};
  if (out && os::write_all(out.get(), std::as_bytes(std::span{text})) && ::fsync(out.get()) == 0) return base::Done{};
  const base::Fault why = os::system_fault("its owner cannot be noted in " + file.string());
  return base::Fault{why.text + "; there must be room, and this account must be able to write in that directory"};
}

/// Whether the new record has got the name: false if another one has it.
base::Result<bool> link_record(const fs::path& written, const fs::path& record) {
  if (::link(written.c_str(), record.c_str()) == 0) return true;
  const int error = errno;
  // A network file system may have done it and lost the answer.
  struct stat status {};
  if (::stat(written.c_str(), &status) == 0 && status.st_nlink == 2) return true;
  if (error == EEXIST) return false;
  return os::system_fault("its owner cannot be noted in " + record.string(), error);
}

}  // namespace

std::optional<std::string> owner_of(const fs::path& journal) {
  const std::vector<std::uint64_t> generations = generations_of(journal);
  if (generations.empty()) return std::nullopt;
  const fs::path record = record_file(journal, generations.back());
  const base::Result<std::string> text = os::read_file(record);
  return text ? objection(text.value(), record) : std::optional{text.fault().text};
}

// The highest record is never removed, so that a name which is free below it cannot be taken for the next.
base::Result<Lease> Lease::take(const fs::path& journal) {
  const Owner self = this_owner();
  const std::string record = self.to_text();
  const fs::path written = journal.string() + ".owner." + self.host + "." + std::to_string(self.process.pid);
  std::string obstacle = "others take it all the time";
  for (int tries = 0; tries < tries_max; ++tries) {
    const std::vector<std::uint64_t> before = generations_of(journal);
    const std::uint64_t latest = before.empty() ? 0 : before.back();
    if (latest > 0) {
      const base::Result<std::string> text = os::read_file(record_file(journal, latest));
      if (!text) {
        obstacle = text.fault().text;  // there is a newer one by now, or it will be seen again
        continue;
      }
      if (const auto owned = objection(text.value(), record_file(journal, latest))) return base::Fault{*owned};
    }
    base::Status noted = write_record(written, record);
    base::Result<bool> linked = noted ? link_record(written, record_file(journal, latest + 1)) : noted.fault();
    ::unlink(written.c_str());
    if (!linked) return linked.fault();
    if (!linked.value()) continue;
    const std::vector<std::uint64_t> after = generations_of(journal);
    if (after.empty() || after.back() != latest + 1) {  // the list before was an old one
      ::unlink(record_file(journal, latest + 1).c_str());
      continue;
    }
    for (const std::uint64_t older : before) ::unlink(record_file(journal, older).c_str());
    return Lease{record_file(journal, latest + 1), record, latest + 1};
  }
  return base::Fault{obstacle};
}

Lease::Lease(fs::path file, std::string record, std::uint64_t generation)
    : file_{std::move(file)}, record_{std::move(record)}, generation_{generation} {}

Lease::Lease(Lease&& other) noexcept
    : file_{std::exchange(other.file_, {})}, record_{std::move(other.record_)}, generation_{other.generation_} {}

Lease::~Lease() {
  // Needs no room on the disk. If it does not work, the record is that of a process that is gone.
  if (!file_.empty() && check()) {
    [[maybe_unused]] const int given_back = ::truncate(file_.c_str(), 0);
  }
}

base::Status Lease::check() const {
  const base::Result<std::string> text = os::read_file(file_);
  if (text && text.value() == record_) return base::Done{};
  return base::Fault{"it is not this process's any more: " +
                     (text ? file_.string() + " names another owner" : text.fault().text) + "; stop this cluster"};
}

}  // namespace gangway::journal
