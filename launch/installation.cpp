#include "launch/installation.hpp"

#include <dlfcn.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>
#include <system_error>

namespace gangway::launch {
namespace {

constexpr const char* supervisor_program = "gangway-supervisor";

// The library or program this code was linked into. The dynamic linker knows a library by its path, but the program
// itself by the name it was called by, which may be no path; then /proc tells.
std::filesystem::path own_file() {
  Dl_info info{};
  std::error_code error;
  if (::dladdr(reinterpret_cast<const void*>(&own_file), &info) != 0 && info.dli_fname != nullptr) {
    std::filesystem::path file = std::filesystem::canonical(info.dli_fname, error);
    if (!error && file.filename().string().find(".so") != std::string::npos) return file;
  }
  return std::filesystem::read_symlink("/proc/self/exe", error);
}

bool holds_helpers(const std::filesystem::path& directory) {
  return ::access((directory / supervisor_program).c_str(), X_OK) == 0;
}

}  // namespace

base::Result<std::filesystem::path> libexec_directory() {
  if (const char* given = std::getenv("GANGWAY_LIBEXEC_DIR"); given != nullptr && *given != '\0') {
    if (holds_helpers(given)) return std::filesystem::absolute(given);
    return base::Fault{std::string{"GANGWAY_LIBEXEC_DIR is "} + given + ", but there is no " + supervisor_program +
                       " in it; unset it or let it name the directory of Gangway's helper programs"};
  }
  const std::filesystem::path origin = own_file().parent_path();
  // The last one is for the supervisor, which is itself in that directory.
  for (const char* way : {GANGWAY_LIBEXEC_FROM_LIBRARY, GANGWAY_LIBEXEC_FROM_COMMAND, "."}) {
    const std::filesystem::path directory = (origin / way).lexically_normal();
    if (holds_helpers(directory)) return directory;
  }
  return base::Fault{std::string{supervisor_program} + " is not at its place beside " + own_file().string() +
                     "; install Gangway again or set GANGWAY_LIBEXEC_DIR to the directory it is in"};
}

base::Result<DevelopmentFiles> development_files() {
  const std::filesystem::path library = own_file();
  const std::filesystem::path include = (library.parent_path() / GANGWAY_INCLUDE_FROM_LIBRARY).lexically_normal();
  if (::access((include / "gangway" / "gangway.hpp").c_str(), R_OK) == 0) return DevelopmentFiles{include, library};
  return base::Fault{"Gangway's headers are not in " + include.string() + ", where they belong to " +
                     library.string() + "; install Gangway again on this host"};
}

}  // namespace gangway::launch
