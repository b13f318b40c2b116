// job.log: the output of a whole cluster, bounded by rotation.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/limits.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "os/descriptor.hpp"

namespace gangway::launch {

/// A file that is renamed to <file>.1 (replacing the one before) when it is full, and begun anew. A full disk costs
/// lines, nothing else. Several processes may write it.
class RotatingLog final : public base::Log {
 public:
  static constexpr std::size_t default_file_bytes_max = 16 * base::mib;

  /// Opens or creates the file (0600). `writer` is who its lines are of.
  static base::Result<RotatingLog> open(std::filesystem::path file,
                                        std::size_t file_bytes_max = default_file_bytes_max,
                                        std::string writer = "supervisor");

  /// Appends output as it came.
  void append(std::string_view output);

  /// One line of the writer itself, with the time of day (UTC).
  void write(base::LogLevel level, std::string_view text) override;

  /// What explains a failure best: of what came last through append() (some 16 KiB), the first lines in which a part
  /// of Gangway reports an error, or else the last lines, without empty ones and rulers. Joined by " | ", at most
  /// `bytes_max` and three dots.
  [[nodiscard]] std::string excerpt(std::size_t bytes_max = 600) const;

  /// Where the lines go now.
  [[nodiscard]] int descriptor() const { return file_.get(); }

 private:
  RotatingLog(std::filesystem::path path, os::Descriptor file, std::size_t file_bytes_max, std::string writer);

  void put(std::string_view text);
  void follow();
  void rotate();

  std::filesystem::path path_;
  os::Descriptor file_;
  std::size_t size_ = 0;
  std::size_t file_bytes_max_;
  std::string writer_;
  std::string tail_;
};

}  // namespace gangway::launch
