#include "e2e/support/command.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string_view>
#include <system_error>

extern char** environ;

namespace gangway::e2e {
namespace {

std::string content_of(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

std::vector<std::string> environment_with(const Variables& variables) {
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (!variables.contains(text.substr(0, text.find('=')))) environment.push_back(text);
  }
  for (const auto& [name, value] : variables) {
    if (!value.empty()) environment.push_back(name + "=" + value);
  }
  return environment;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

RunningProgram::RunningProgram(const std::vector<std::string>& arguments, const Variables& variables) {
  std::string directory = (std::filesystem::temp_directory_path() / "gangway-run-XXXXXX").string();
  if (::mkdtemp(directory.data()) == nullptr) throw std::runtime_error{"cannot make " + directory};
  directory_ = directory;
  std::vector<std::string> texts = arguments;
  std::vector<std::string> environment = environment_with(variables);
  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_addopen(&files, 1, (directory_ + "/out").c_str(), O_WRONLY | O_CREAT, S_IRUSR | S_IWUSR);
  ::posix_spawn_file_actions_addopen(&files, 2, (directory_ + "/error").c_str(), O_WRONLY | O_CREAT,
                                     S_IRUSR | S_IWUSR);
  const int failed = ::posix_spawn(&pid_, texts.front().c_str(), &files, nullptr, pointers_to(texts).data(),
                                   pointers_to(environment).data());
  ::posix_spawn_file_actions_destroy(&files);
  if (failed != 0) throw std::runtime_error{"cannot run " + arguments.front()};
}

RunningProgram::~RunningProgram() {
  if (!ended_) {
    ::kill(pid_, SIGKILL);
    static_cast<void>(wait());
  }
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

std::string RunningProgram::out() const {
  return content_of(directory_ + "/out");
}

Outcome RunningProgram::wait() {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  ended_ = true;
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), out(), content_of(directory_ + "/error")};
}

Outcome run(const std::vector<std::string>& arguments, const Variables& variables) {
  return RunningProgram{arguments, variables}.wait();
}

Outcome gangway(std::vector<std::string> arguments, const Variables& variables) {
  arguments.insert(arguments.begin(), GANGWAY_TEST_COMMAND);
  return run(arguments, variables);
}

}  // namespace gangway::e2e
