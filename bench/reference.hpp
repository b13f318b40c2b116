// The programs that measure the limits. Each reads lines of commands and answers each by one line of numbers.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace gangway::bench {

/// A reference program that runs until this object goes. For one thread.
class Reference {
 public:
  /// Starts `command`, a program and its arguments; `environment` is added to this process's own.
  explicit Reference(const std::vector<std::string>& command,
                     const std::vector<std::pair<std::string, std::string>>& environment = {});
  Reference(const Reference&) = delete;
  Reference& operator=(const Reference&) = delete;
  /// Closes its input, which ends it.
  ~Reference();

  /// Asks and waits for the answer. Throws std::runtime_error if the program has ended.
  std::vector<double> ask(const std::string& command);

  /// The first line it prints unasked.
  std::string first_line();

  [[nodiscard]] int pid() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// mpirun with the settings that Gangway starts its own jobs with, all of whose files are in `scratch`: `ranks` times
/// `program`.
struct MpiCommand {
  std::vector<std::string> command;
  std::vector<std::pair<std::string, std::string>> environment;
};
[[nodiscard]] MpiCommand mpi_command(int ranks, const std::filesystem::path& program,
                                     const std::vector<std::string>& arguments, const std::filesystem::path& scratch);

/// The same for messages_mpi, in `programs`, whose bells hang in a directory of its own in `scratch`: a directory has
/// room for the bells of one job.
[[nodiscard]] MpiCommand messages_command(int ranks, const std::filesystem::path& programs,
                                          const std::filesystem::path& scratch);

}  // namespace gangway::bench
