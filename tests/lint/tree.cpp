// The real world of the lint: files and commands.
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>

#include "lint/lint.hpp"

namespace lint {
namespace {

namespace fs = std::filesystem;

bool is_own_text(const fs::path& path) {
  static const std::vector<std::string> endings = {".cpp", ".hpp", ".txt", ".cmake", ".in", ".json", ".sh", ".md"};
  const std::string ending = path.extension().string();
  const bool is_script = ending.empty() && path.filename() != "LICENSE";
  return is_script || std::find(endings.begin(), endings.end(), ending) != endings.end();
}

std::vector<std::string> lines_of(std::istream& stream) {
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

}  // namespace

std::vector<File> read_tree(const fs::path& root) {
  std::vector<fs::path> paths;
  for (const char* name : {"src", "launch", "include", "tests", "examples", "scripts", "cmake", "bench", ".ci"}) {
    if (!fs::exists(root / name)) continue;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator{root / name}) {
      if (entry.is_regular_file() && is_own_text(entry.path())) paths.push_back(entry.path());
    }
  }
  for (const fs::directory_entry& entry : fs::directory_iterator{root}) {
    if (entry.is_regular_file() && is_own_text(entry.path())) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<File> files;
  for (const fs::path& path : paths) {
    std::ifstream stream{path};
    files.push_back({fs::relative(path, root).generic_string(), lines_of(stream)});
  }
  return files;
}

Output run(const std::string& command) {
  Output output;
  FILE* pipe = popen(("{ " + command + "; } 2>&1").c_str(), "r");
  if (pipe == nullptr) return output;
  std::string text;
  std::array<char, 4096> piece{};
  while (const std::size_t bytes = std::fread(piece.data(), 1, piece.size(), pipe)) text.append(piece.data(), bytes);
  const int status = pclose(pipe);
  output.ok = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    output.lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return output;
}

}  // namespace lint
