// The house rules: who may include whom, what pure code may call, how files look. Each rule is a function from texts
// to findings, so that it can be tried on planted violations; tree.cpp brings the real texts.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace lint {

/// One file of the tree.
struct File {
  std::string path;  ///< from the root, with '/'
  std::vector<std::string> lines;
};

/// Broken rules, one line each: "path:line: what is wrong and what to do instead". Empty: all is well.
using Findings = std::vector<std::string>;

/// Who may include whom: the folders of src/, launch/ and include/gangway, and foreign headers.
Findings check_includes(const std::vector<File>& files);

/// USES lists of the folders' CMakeLists.txt: nobody links what it may not include.
Findings check_uses(const std::vector<File>& files);

/// Every source under src/ and launch/ is built, every header is included by somebody.
Findings check_listed(const std::vector<File>& files);

/// Lines, files and functions that are too long, tabs, leftovers, paths of one machine, headers without `#pragma
/// once`.
Findings check_style(const std::vector<File>& files);

/// Calls that are banned in general or in some folders, each with what to use instead.
Findings check_calls(const std::vector<File>& files);

/// Output of `nm -u -C`: what a pure library needs from outside must be harmless. `library` is for the findings.
Findings check_symbols(const std::string& library, const std::vector<std::string>& nm_lines);

/// A line of C++ without its comment and without the contents of its literals; good enough for rules by line.
std::string code_of(const std::string& line);

/// The path in an #include line, with its < or "; empty if the line is none.
std::string included_by(const std::string& line);

// What follows meets the real world.

/// All text files that are the project's own, in the order of their paths.
std::vector<File> read_tree(const std::filesystem::path& root);

/// What a command printed, both streams, and whether it ended with status 0. The shell runs it.
struct Output {
  bool ok = false;
  std::vector<std::string> lines;
};
Output run(const std::string& command);

}  // namespace lint
