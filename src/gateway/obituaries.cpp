#include "gateway/obituaries.hpp"

#include <charconv>
#include <filesystem>
#include <fstream>
#include <istream>
#include <string>
#include <string_view>
#include <system_error>

namespace gangway::gateway {

std::map<int, int> read_obituaries(const std::string& cluster_directory, const std::string& scratch_directory) {
  constexpr std::string_view mark = "dead-";
  std::map<int, int> dead;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator{cluster_directory, error}) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(mark)) continue;
    int rank = -1;
    const char* const name_end = name.data() + name.size();
    const auto [end, failed] = std::from_chars(name.data() + mark.size(), name_end, rank);
    if (failed != std::errc{} || end != name_end) continue;
    std::ifstream file{entry.path()};
    int status = 0;
    std::string job;
    file >> status;
    std::getline(file >> std::ws, job);
    if (file && job == scratch_directory) dead.emplace(rank, status);
  }
  return dead;
}

}  // namespace gangway::gateway
