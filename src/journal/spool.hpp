// Large arguments in files of their own, named after what is in them: the journal holds their names. So a value that
// many tasks carry is there once, and what is read back is mapped, not copied. Internal to src/journal.
//
// What makes it safe is the order: a file is whole under its name before the record that names it is committed, and
// it is removed after the record that drops its last name is. What a death in between leaves is swept at the next
// start.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>

#include "base/bytes.hpp"
#include "base/limits.hpp"
#include "wire/operation.hpp"

namespace gangway::journal {

/// SHA-256 of a spool file's content: its name.
using SpoolHash = wire::ModuleHash;
using HashFunction = std::function<SpoolHash(base::ByteView)>;

/// Arguments up to this size stand in the journal itself: a file costs more than they do.
inline constexpr std::size_t inline_bytes_max = 64 * base::kib;

/// The directory of the spool that belongs to a journal: "spool-0" beside "journal-0.sqlite".
[[nodiscard]] std::filesystem::path spool_directory(const std::filesystem::path& journal_file);

/// One writer; reading is for any thread. What does not work is thrown as DatabaseFailure, as all trouble of the
/// journal is.
class Spool {
 public:
  /// Makes the directory, for its owner alone. With `to_disk` a file survives the loss of power when put() returns.
  /// Without a hash function nothing can be put, and no directory is made.
  Spool(std::filesystem::path directory, HashFunction hash, bool to_disk);

  /// Whether bytes of this size belong here.
  [[nodiscard]] bool takes(std::size_t bytes) const { return hash_ && bytes > inline_bytes_max; }

  /// Writes the bytes to their file, unless it is there.
  SpoolHash put(base::ByteView bytes) const;

  /// Whether the file is there and of this size.
  [[nodiscard]] bool has(const SpoolHash& hash, std::uint64_t bytes) const;

  /// The content, mapped.
  [[nodiscard]] base::SharedBytes get(const SpoolHash& hash, std::uint64_t bytes) const;

  /// That a file cannot be removed is no trouble: it is swept later.
  void remove(const SpoolHash& hash) const;

  /// Removes all that is not wanted, and what was not finished.
  void sweep(const std::function<bool(const SpoolHash&)>& is_wanted) const;

  [[nodiscard]] std::filesystem::path file_of(const SpoolHash& hash) const;

 private:
  std::filesystem::path directory_;
  HashFunction hash_;
  bool to_disk_;
};

}  // namespace gangway::journal
