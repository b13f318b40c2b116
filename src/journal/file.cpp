#include "journal/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cstdio>
#include <system_error>

#include "journal/damage.hpp"
#include "journal/schema.hpp"
#include "os/descriptor.hpp"

namespace gangway::journal {

namespace fs = std::filesystem;

fs::path beside(const fs::path& journal, const char* suffix) {
  return journal.string() + suffix;
}

base::Status provide_file(const fs::path& journal) {
  const std::string name = "the journal " + journal.string();
  const os::Descriptor file{::open(journal.c_str(), O_RDWR | O_CLOEXEC)};
  if (!file && errno != ENOENT) return os::system_fault(name + " cannot be opened");
  if (file) {
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) return os::system_fault(name + " cannot be opened");
    if (status.st_size > 0) return base::Done{};
    return base::Fault{name + " is empty; it is damaged" + way_out_of_damage(journal)};
  }
  std::error_code error;
  if (fs::exists(beside(journal, salvaged_suffix), error)) {
    return base::Fault{name + " is missing, since its rescue was interrupted; `gangway journal check " +
                       journal.string() + " --salvage` completes it"};
  }
  if (fs::exists(beside(journal, log_suffix), error)) {
    return base::Fault{name + " is missing, but " + beside(journal, log_suffix).string() +
                       " is there, which holds a part of it; put the file back, or remove that one too to begin " +
                       "with an empty journal"};
  }
  return make_file(journal);
}

base::Status make_file(const fs::path& journal) {
  const fs::path begun = beside(journal, ".new");
  std::error_code ignored;
  fs::remove(begun, ignored);
  // SQLite would make it with the rights that the umask leaves.
  const os::Descriptor made{::open(begun.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR)};
  if (!made) return os::system_fault("the journal " + journal.string() + " cannot be made");
  {
    Database database{begun, OpenMode::create};
    database.run("PRAGMA journal_mode = OFF");  // nothing is lost with it
    if (base::Status prepared = prepare_schema(database); !prepared) return prepared;
  }
  if (std::rename(begun.c_str(), journal.c_str()) == 0) return base::Done{};
  return os::system_fault("the journal " + journal.string() + " cannot be made");
}

std::string way_out_of_damage(const fs::path& journal) {
  return "; `gangway journal check " + journal.string() +
         "` tells what is wrong, and with --salvage it rescues what " + "can be read";
}

std::string with_way_out(const DatabaseError& error, const fs::path& journal) {
  if (is_damage(error)) {
    return error.text + "; it is damaged, or something else than a journal of Gangway" + way_out_of_damage(journal);
  }
  switch (error.code & 0xFF) {
    case SQLITE_FULL:
      return error.text + "; make room on its disk";
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      return error.text + "; this account must be able to write it and its directory";
    default:
      return error.text;
  }
}

}  // namespace gangway::journal
