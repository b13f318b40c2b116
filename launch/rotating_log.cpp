#include "launch/rotating_log.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <sstream>
#include <utility>

namespace gangway::launch {
namespace {

constexpr std::size_t tail_bytes_max = 16 * base::kib;

os::Descriptor open_file(const std::filesystem::path& path) {
  return os::Descriptor{::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, S_IRUSR | S_IWUSR)};
}

const char* level_text(base::LogLevel level) {
  switch (level) {
    case base::LogLevel::info:
      return "info";
    case base::LogLevel::warning:
      return "warning";
    case base::LogLevel::error:
      return "error";
  }
  return "";
}

}  // namespace

RotatingLog::RotatingLog(std::filesystem::path path, os::Descriptor file, std::size_t file_bytes_max,
                         std::string writer)
    : path_{std::move(path)}, file_{std::move(file)}, file_bytes_max_{file_bytes_max}, writer_{std::move(writer)} {}

base::Result<RotatingLog> RotatingLog::open(std::filesystem::path file, std::size_t file_bytes_max,
                                            std::string writer) {
  os::Descriptor descriptor = open_file(file);
  if (!descriptor) return os::system_fault("cannot open " + file.string());
  return RotatingLog{std::move(file), std::move(descriptor), file_bytes_max, std::move(writer)};
}

void RotatingLog::append(std::string_view output) {
  tail_ += output;
  if (tail_.size() > tail_bytes_max) tail_.erase(0, tail_.size() - tail_bytes_max);
  put(output);
}

void RotatingLog::write(base::LogLevel level, std::string_view text) {
  std::array<char, 32> time{};
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  if (::gmtime_r(&now, &parts) != nullptr) std::strftime(time.data(), time.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  put(std::string{time.data()} + " " + writer_ + " " + level_text(level) + ": " + std::string{text} + "\n");
}

std::string RotatingLog::excerpt(std::size_t bytes_max) const {
  std::istringstream lines{tail_};
  std::string errors;
  std::string all;
  for (std::string line; std::getline(lines, line);) {
    if (line.find_first_not_of("-=* \t\r") == std::string::npos) continue;
    if (line.find(" error: ") != std::string::npos) errors += (errors.empty() ? "" : " | ") + line;
    all += (all.empty() ? "" : " | ") + line;
  }
  // What went wrong first is the cause of the rest.
  if (errors.size() > bytes_max) return errors.substr(0, bytes_max) + "...";
  if (!errors.empty()) return errors;
  if (all.size() > bytes_max) return "..." + all.substr(all.size() - bytes_max);
  return all;
}

// Another writer may have rotated it.
void RotatingLog::follow() {
  struct stat own {};
  struct stat named {};
  if (::fstat(file_.get(), &own) != 0) return;
  if (::stat(path_.c_str(), &named) == 0 && (named.st_ino != own.st_ino || named.st_dev != own.st_dev)) {
    if (os::Descriptor fresh = open_file(path_)) file_ = std::move(fresh);
    own = named;
  }
  size_ = static_cast<std::size_t>(own.st_size);
}

void RotatingLog::put(std::string_view text) {
  follow();
  if (size_ > 0 && size_ + text.size() > file_bytes_max_) rotate();
  while (!text.empty()) {
    const ssize_t count = ::write(file_.get(), text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

void RotatingLog::rotate() {
  if (::rename(path_.c_str(), (path_.string() + ".1").c_str()) != 0) return;
  if (os::Descriptor fresh = open_file(path_)) file_ = std::move(fresh);
}

}  // namespace gangway::launch
