// Who may write a journal. SQLite's locks say it on a local file system only, and in exclusive mode SQLite never
// looks at the file again: a record in the database itself could be checked by nobody. So the record is a file beside
// it:
//
//   journal-0.sqlite.owner-<generation>    host, boot, pid and start of the process that owns it
//
// Whoever takes a journal links its record under the next generation's name, which succeeds for one of several, on
// network file systems too. The highest generation counts; an empty record says that it was given back.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/result.hpp"

namespace gangway::journal {

/// Who owns a journal, in words with the way out, if that process lives or may live: a process of another host is
/// never known to be gone. Nothing if nobody does.
[[nodiscard]] std::optional<std::string> owner_of(const std::filesystem::path& journal);

/// The right to write a journal, given back at its end. One of a process that is gone is taken over by the next.
class Lease {
 public:
  /// A fault says who owns the journal, or why no record can be written.
  static base::Result<Lease> take(const std::filesystem::path& journal);

  Lease(Lease&& other) noexcept;
  Lease& operator=(Lease&&) = delete;
  ~Lease();

  /// Reads the record again: a fault if it is another's, or gone. That happens only by hand, or on a file system
  /// that loses files. Any thread.
  [[nodiscard]] base::Status check() const;

  /// Rises with each owner.
  [[nodiscard]] std::uint64_t generation() const { return generation_; }

 private:
  Lease(std::filesystem::path file, std::string record, std::uint64_t generation);

  std::filesystem::path file_;  // empty when moved from
  std::string record_;
  std::uint64_t generation_;
};

}  // namespace gangway::journal
