// The file launch: how a cluster's supervisor was started, so that one that adopts the cluster goes on in the same
// way. It holds texts that may have any bytes but zeroes, each with a zero behind it: the directory, the number of
// arguments, these, and the variables of the environment.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace gangway::launch {

/// The content of the file; a value.
struct LaunchRecord {
  std::vector<std::string> arguments;              // see supervisor_options.hpp
  std::map<std::string, std::string> environment;  // which every job of the cluster gets
  std::string directory;                           // in which every job of the cluster works
};

base::Status write_launch_record(const std::filesystem::path& file, const LaunchRecord& record);

/// A fault if the file is missing or not of this form.
base::Result<LaunchRecord> read_launch_record(const std::filesystem::path& file);

}  // namespace gangway::launch
