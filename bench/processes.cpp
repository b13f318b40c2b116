#include "processes.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <string_view>
#include <system_error>

namespace gangway::bench {

namespace {

namespace fs = std::filesystem;

// In autogroup's units: as for nice.
constexpr int preferred_nice = -20;

fs::path proc(pid_t pid) {
  return fs::path{"/proc"} / std::to_string(pid);
}

// The fourth word of stat; the second is in brackets and may hold anything.
pid_t parent_of(pid_t pid) {
  std::ifstream file{proc(pid) / "stat"};
  const std::string text{std::istreambuf_iterator<char>{file}, {}};
  const std::size_t bracket = text.rfind(')');
  if (bracket == std::string::npos) return 0;
  std::istringstream rest{text.substr(bracket + 1)};
  char state = 0;
  pid_t parent = 0;
  rest >> state >> parent;
  return parent;
}

std::string program_of(pid_t pid) {
  std::error_code gone;
  return fs::read_symlink(proc(pid) / "exe", gone).filename().string();
}

std::vector<pid_t> all_pids() {
  std::vector<pid_t> pids;
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator{"/proc", ignored}) {
    const std::string name = entry.path().filename().string();
    pid_t pid = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (error == std::errc{} && end == name.data() + name.size()) pids.push_back(pid);
  }
  return pids;
}

std::uint64_t entries_of(const fs::path& directory) {
  std::error_code gone;
  fs::directory_iterator entries{directory, gone};
  if (gone) return 0;
  return static_cast<std::uint64_t>(std::distance(fs::begin(entries), fs::end(entries)));
}

// Of a line "Name:   1234 kB".
double mib_of(const std::string& line) {
  std::istringstream words{line};
  std::string name;
  double kib = 0;
  words >> name >> kib;
  return kib / 1024;
}

}  // namespace

std::vector<Process> with_descendants(pid_t root) {
  std::multimap<pid_t, pid_t> children;
  for (const pid_t pid : all_pids()) children.emplace(parent_of(pid), pid);
  std::vector<Process> found{{root, parent_of(root), program_of(root)}};
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto [begin, end] = children.equal_range(found[i].pid);
    const pid_t parent = found[i].pid;
    for (auto child = begin; child != end; ++child) {
      found.push_back({child->second, parent, program_of(child->second)});
    }
  }
  return found;
}

std::vector<Process> processes_of_cluster(pid_t rank) {
  for (pid_t pid = rank; pid > 1; pid = parent_of(pid)) {
    if (program_of(pid) == "gangway-supervisor") return with_descendants(pid);
  }
  return {};
}

double cpu_seconds(pid_t pid) {
  double nanoseconds = 0;
  std::error_code gone;
  for (const fs::directory_entry& thread : fs::directory_iterator{proc(pid) / "task", gone}) {
    std::ifstream file{thread.path() / "schedstat"};
    double on_cpu = 0;
    if (file >> on_cpu) nanoseconds += on_cpu;
  }
  return nanoseconds / 1e9;
}

double cpu_seconds(const std::vector<Process>& processes) {
  double seconds = 0;
  for (const Process& process : processes) seconds += cpu_seconds(process.pid);
  return seconds;
}

Memory& Memory::operator+=(const Memory& other) {
  resident_mib += other.resident_mib;
  proportional_mib += other.proportional_mib;
  return *this;
}

Memory memory_of(pid_t pid) {
  Memory memory;
  bool counts = true;
  std::ifstream file{proc(pid) / "smaps"};
  for (std::string line; std::getline(file, line);) {
    // A mapping begins with its addresses in lower-case hexadecimal, its properties with a capital.
    if (!line.empty() && (line[0] < 'A' || line[0] > 'Z')) {
      counts = line.find("gangway-arena") == std::string::npos;
      continue;
    }
    if (!counts) continue;
    if (line.starts_with("Rss:")) memory.resident_mib += mib_of(line);
    if (line.starts_with("Pss:")) memory.proportional_mib += mib_of(line);
  }
  return memory;
}

Footprint footprint_of(pid_t pid) {
  Footprint footprint;
  double resident_mib = 0;
  double resident_shared_mib = 0;
  std::ifstream status{proc(pid) / "status"};
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) resident_mib = mib_of(line);
    if (line.starts_with("RssShmem:")) resident_shared_mib = mib_of(line);
  }
  footprint.private_mib = resident_mib - resident_shared_mib;
  std::ifstream rollup{proc(pid) / "smaps_rollup"};
  for (std::string line; std::getline(rollup, line);) {
    if (line.starts_with("Pss_Shmem:")) footprint.shared_mib = mib_of(line);
  }
  return footprint;
}

std::uint64_t descriptors_of(pid_t pid) {
  return entries_of(proc(pid) / "fd");
}

std::uint64_t threads_of(pid_t pid) {
  return entries_of(proc(pid) / "task");
}

void prefer(const std::vector<Process>& processes) {
  for (const Process& process : processes) std::ofstream{proc(process.pid) / "autogroup"} << preferred_nice;
}

}  // namespace gangway::bench
