// What the command line of the read mapper says.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace read_mapper {

struct Options {
  std::string genome_path;
  std::string reads_path;
  std::string picture_path;   ///< empty: no picture
  std::string cluster;        ///< a running cluster's name or connection file; empty: start one
  std::uint32_t engines = 0;  ///< of the cluster that is started
};

/// Reads the command line. Nothing if help was asked for and printed; throws std::exception about what is wrong.
std::optional<Options> parse_options(int argc, const char* const* argv);

}  // namespace read_mapper
