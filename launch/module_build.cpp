#include "launch/module_build.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <system_error>

#include <gangway/error.hpp>
#include <gangway/function.hpp>

#include "launch/cluster_directory.hpp"
#include "launch/installation.hpp"
#include "launch/job.hpp"
#include "launch/private_file.hpp"
#include "os/file.hpp"
#include "tls/digest.hpp"

GANGWAY_REGISTER(gangway::launch::build_module);

namespace gangway::launch {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::minutes build_time_max{10};
constexpr std::chrono::seconds version_time_max{20};
constexpr std::size_t kept_builds_max = 64;

template <class T>
T take(base::Result<T> result) {
  if (!result) throw Error{result.fault().text};
  return std::move(result).value();
}

void require(const base::Status& status) {
  if (!status) throw Error{status.fault().text};
}

std::string compiler() {
  const char* const given = std::getenv("GANGWAY_CXX");
  return given != nullptr && *given != '\0' ? given : "c++";
}

/// Runs a program that is looked for in PATH, with bounds on time and memory of each process.
base::Result<CommandEnd> run_bounded(const fs::path& directory, const std::vector<std::string>& arguments,
                                     std::chrono::milliseconds time) {
  CommandLine command{{"/bin/sh", "-c", "ulimit -t 600; ulimit -v 8388608; cd \"$1\" && shift && exec \"$@\"",
                       "gangway-build", directory.string()},
                      own_environment()};
  command.arguments.insert(command.arguments.end(), arguments.begin(), arguments.end());
  return run_to_end(command, time);
}

/// Name and release, for the hash: another compiler makes another library.
std::string compiler_version() {
  const CommandEnd end = take(run_bounded("/", {compiler(), "--version"}, version_time_max));
  if (end.wait_status != 0) {
    throw Error{"the engine's host has no compiler " + compiler() + " (" + end.text.substr(0, end.text.find('\n')) +
                "); install one there with: apt install g++, or set GANGWAY_CXX before the cluster is started"};
  }
  return end.text;
}

/// Whether the result depends on what was sent, the compiler and Gangway alone: a flag that brings other directories,
/// files or libraries into play makes it depend on their content too.
bool is_reproducible(const BuildRequest& request) {
  return std::all_of(request.flags.begin(), request.flags.end(), [](const std::string& flag) {
    return flag.starts_with("-O") || flag.starts_with("-D") ||
           (flag.starts_with("-W") && flag.find(',') == std::string::npos) || flag.starts_with("-g") ||
           flag.starts_with("-m") || flag.starts_with("-std=");
  });
}

/// The request and all that the result depends on, as one name.
std::string key_of(const BuildRequest& request, const std::vector<std::string>& arguments) {
  std::string all = compiler_version();
  const auto add = [&all](const std::string& text) { all += std::to_string(text.size()) + ":" + text; };
  for (const std::string& argument : arguments) add(argument);
  std::set<fs::path> headers;
  for (const auto& entry : fs::recursive_directory_iterator{take(development_files()).include / "gangway"}) {
    if (entry.is_regular_file()) headers.insert(entry.path());
  }
  for (const fs::path& header : headers) add(take(os::read_file(header)));
  add("files");
  for (const SourceFile& file : request.files) {
    add(file.path);
    add(file.content);
  }
  std::string name;
  for (const std::uint8_t byte : tls::sha256(base::bytes_of(all))) {
    constexpr const char* digits = "0123456789abcdef";
    name += digits[byte >> 4];
    name += digits[byte & 15];
  }
  return name;
}

/// A path that stays below the directory.
bool is_inside(const fs::path& path) {
  return path.is_relative() && !path.empty() &&
         std::none_of(path.begin(), path.end(), [](const fs::path& part) { return part == ".."; });
}

void write_sources(const fs::path& directory, const BuildRequest& request) {
  for (const SourceFile& file : request.files) {
    if (!is_inside(file.path)) throw Error{"the source file " + file.path + " is not below its directory"};
    const fs::path path = directory / file.path;
    fs::create_directories(path.parent_path());
    std::ofstream out{path, std::ios::binary};
    out << file.content;
    if (!out.flush()) throw Error{"cannot write " + path.string() + " on the engine's host; is its disk full?"};
  }
}

std::vector<std::string> arguments_for(const BuildRequest& request) {
  const DevelopmentFiles gangway = take(development_files());
  std::vector<std::string> arguments{compiler(), "-std=c++20", "-O2", "-fPIC", "-shared"};
  // A second version in one process must not share the statics of the first; clang does not know the flag.
  if (compiler_version().find("clang") == std::string::npos) arguments.emplace_back("-fno-gnu-unique");
  arguments.insert(arguments.end(), {"-I.", "-I" + gangway.include.string(), "-o", "gangway-module.so"});
  for (const SourceFile& file : request.files) {
    if (is_source(file.path)) arguments.push_back("./" + file.path);  // no path is taken for an option
  }
  arguments.push_back(gangway.library.string());
  arguments.insert(arguments.end(), request.flags.begin(), request.flags.end());
  return arguments;
}

std::optional<std::vector<std::uint8_t>> content_of(const fs::path& path) {
  std::ifstream file{path, std::ios::binary | std::ios::ate};
  if (!file) return std::nullopt;
  std::vector<std::uint8_t> content(static_cast<std::size_t>(file.tellg()));
  file.seekg(0);
  file.read(reinterpret_cast<char*>(content.data()), static_cast<std::streamsize>(content.size()));
  if (!file) return std::nullopt;
  return content;
}

/// Removes the oldest libraries; others may be doing the same.
void forget_old(const fs::path& builds) {
  std::error_code error;
  std::vector<std::pair<fs::file_time_type, fs::path>> kept;
  for (fs::directory_iterator entry{builds, error}, end; !error && entry != end; entry.increment(error)) {
    if (entry->path().extension() == ".so") kept.emplace_back(entry->last_write_time(error), entry->path());
  }
  if (kept.size() <= kept_builds_max) return;
  std::sort(kept.begin(), kept.end());
  for (std::size_t i = 0; i < kept.size() - kept_builds_max; ++i) fs::remove(kept[i].second, error);
}

/// A directory that is gone with the object.
class WorkPlace {
 public:
  explicit WorkPlace(const fs::path& parent) {
    std::string pattern = (parent / "tmp.XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw Error{"cannot make a directory in " + parent.string()};
    path_ = pattern;
  }
  ~WorkPlace() { static_cast<void>(remove_directory(path_)); }
  WorkPlace(const WorkPlace&) = delete;
  WorkPlace& operator=(const WorkPlace&) = delete;

  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

}  // namespace

bool is_source(const std::string& path) {
  constexpr std::array<const char*, 3> endings{".cpp", ".cc", ".cxx"};
  const std::string extension = fs::path{path}.extension().string();
  return std::find(endings.begin(), endings.end(), extension) != endings.end();
}

std::vector<std::uint8_t> build_module(const BuildRequest& request) {
  const fs::path builds = take(ClusterHome::of_account()).path() / "builds";
  require(make_private_directory(builds));
  require(check_private_directory(builds));  // what is kept there is run
  const std::vector<std::string> arguments = arguments_for(request);
  const fs::path library = builds / (key_of(request, arguments) + ".so");
  if (is_reproducible(request)) {
    if (auto kept = content_of(library)) return std::move(*kept);
  }

  const WorkPlace place{builds};
  write_sources(place.path(), request);
  const CommandEnd end = take(run_bounded(place.path(), arguments, build_time_max));
  if (end.wait_status != 0) {
    throw Error{"the compiler " + wait_status_text(end.wait_status) + ":\n" + end.text};
  }
  const fs::path made = place.path() / "gangway-module.so";
  auto content = content_of(made);
  if (!content) throw Error{"the compiler was content, but made no library:\n" + end.text};
  std::error_code error;
  fs::rename(made, library, error);  // not kept: then it is compiled again
  forget_old(builds);
  return std::move(*content);
}

}  // namespace gangway::launch
