#include "journal/spool.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "journal/database.hpp"
#include "os/descriptor.hpp"
#include "os/file.hpp"

namespace gangway::journal {

namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

std::string hex_of(const SpoolHash& hash) {
  std::string text;
  for (const std::uint8_t byte : hash) {
    text += hex_digits[byte >> 4U];
    text += hex_digits[byte & 15U];
  }
  return text;
}

std::optional<SpoolHash> hash_of(std::string_view hex) {
  SpoolHash hash{};
  if (hex.size() != 2 * hash.size()) return std::nullopt;
  for (std::size_t i = 0; i < hex.size(); ++i) {
    const std::size_t digit = hex_digits.find(hex[i]);
    if (digit == std::string_view::npos) return std::nullopt;
    hash[i / 2] = static_cast<std::uint8_t>(hash[i / 2] << 4U | digit);
  }
  return hash;
}

[[noreturn]] void fail(const std::string& what, const std::filesystem::path& file, int error = errno) {
  const int code = error == ENOSPC || error == EDQUOT ? SQLITE_FULL : SQLITE_IOERR;
  throw DatabaseFailure{{code, os::system_fault("journal: " + what + " " + file.string(), error).text}};
}

/// Flushes a file or a directory.
void sync(const std::filesystem::path& path) {
  const os::Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file || ::fsync(file.get()) != 0) fail("cannot flush", path);
}

/// A mapping, or, where there are too many, a copy.
base::SharedBytes map_file(int fd, std::size_t bytes, const std::filesystem::path& path) {
  void* const start = ::mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, fd, 0);
  if (start != MAP_FAILED) {
    std::shared_ptr<const void> owner{start, [bytes](const void* p) { ::munmap(const_cast<void*>(p), bytes); }};
    return base::SharedBytes{std::move(owner), {static_cast<const std::byte*>(start), bytes}};
  }
  base::ByteVector copy(bytes);
  std::size_t done = 0;
  while (done < bytes) {
    const ssize_t got = ::pread(fd, copy.data() + done, bytes - done, static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) fail("cannot read", path);
    done += static_cast<std::size_t>(got);
  }
  return base::SharedBytes{std::move(copy)};
}

}  // namespace

std::filesystem::path spool_directory(const std::filesystem::path& journal_file) {
  const std::string name = journal_file.stem().string();
  constexpr std::string_view usual = "journal";
  const bool is_usual = name.starts_with(usual);
  return journal_file.parent_path() / ("spool" + (is_usual ? name.substr(usual.size()) : "-" + name));
}

Spool::Spool(std::filesystem::path directory, HashFunction hash, bool to_disk)
    : directory_{std::move(directory)}, hash_{std::move(hash)}, to_disk_{to_disk} {
  if (hash_ && ::mkdir(directory_.c_str(), S_IRWXU) != 0 && errno != EEXIST)
    fail("cannot make the directory", directory_);
}

std::filesystem::path Spool::file_of(const SpoolHash& hash) const {
  return directory_ / hex_of(hash);
}

SpoolHash Spool::put(base::ByteView bytes) const {
  const SpoolHash hash = hash_(bytes);
  if (has(hash, bytes.size())) return hash;
  const std::filesystem::path file = file_of(hash);
  const std::filesystem::path unfinished = file.string() + ".new";
  {
    const os::Descriptor out{::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR)};
    if (!out) fail("cannot make", unfinished);
    if (!os::write_all(out.get(), bytes) || (to_disk_ && ::fsync(out.get()) != 0)) {
      const int error = errno;
      ::unlink(unfinished.c_str());  // it may take the room that others need
      fail("cannot write", unfinished, error);
    }
  }
  if (std::rename(unfinished.c_str(), file.c_str()) != 0) fail("cannot name", file);
  if (to_disk_) sync(directory_);
  return hash;
}

bool Spool::has(const SpoolHash& hash, std::uint64_t bytes) const {
  struct stat status {};
  return ::stat(file_of(hash).c_str(), &status) == 0 && static_cast<std::uint64_t>(status.st_size) == bytes;
}

base::SharedBytes Spool::get(const SpoolHash& hash, std::uint64_t bytes) const {
  const std::filesystem::path path = file_of(hash);
  const os::Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0) fail("cannot read", path);
  if (static_cast<std::uint64_t>(status.st_size) != bytes) {
    throw DatabaseFailure{{SQLITE_CORRUPT, "journal: " + path.string() + " has " + std::to_string(status.st_size) +
                                               " bytes in place of " + std::to_string(bytes)}};
  }
  return map_file(file.get(), bytes, path);
}

void Spool::remove(const SpoolHash& hash) const {
  ::unlink(file_of(hash).c_str());
}

void Spool::sweep(const std::function<bool(const SpoolHash&)>& is_wanted) const {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator{directory_, error}) {
    const std::optional<SpoolHash> hash = hash_of(entry.path().filename().string());
    if (!hash || !is_wanted(*hash)) ::unlink(entry.path().c_str());
  }
}

}  // namespace gangway::journal
