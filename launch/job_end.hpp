// job-end.json: what a warden says of its job when that has ended.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/result.hpp"

namespace gangway::launch {

/// The content of the file; a value.
struct JobEnd {
  std::string cookie;   // of that job
  int wait_status = 0;  // mpirun's
  std::string reason;   // why the warden has ended it, if it did so by itself
  std::string excerpt;  // of what mpirun and the job said last: see RotatingLog::excerpt()
};

base::Status write_job_end(const std::filesystem::path& file, const JobEnd& end);

/// Nothing if no warden has told how the job with this cookie ended.
std::optional<JobEnd> read_job_end(const std::filesystem::path& file, const std::string& cookie);

}  // namespace gangway::launch
