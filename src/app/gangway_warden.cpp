// gangway-warden: what a supervisor starts in place of mpirun, with its own arguments and then mpirun's:
//
//   gangway-warden SUPERVISOR'S ARGUMENTS -- MPIRUN ARGUMENT...
#include <algorithm>
#include <cstdlib>
#include <exception>
#include <iostream>

#include "launch/supervisor_options.hpp"
#include "launch/warden.hpp"

namespace gangway::app {
namespace {

int run(int argc, const char* const* argv) {
  const char* const* const end = argv + argc;
  const char* const* const dashes = std::find(argv, end, std::string{"--"});
  const base::Result<launch::SupervisorOptions> options =
      launch::parse_supervisor_options(static_cast<int>(dashes - argv), argv);
  if (!options || end - dashes < 2) {
    std::cerr << (options ? "gangway-warden is not told what to start" : options.fault().text) << '\n';
    return EXIT_FAILURE;
  }
  launch::Warden warden{options.value(), {{dashes + 1, end}, launch::own_environment()}};
  const base::Status ended = warden.run();
  if (ended) return EXIT_SUCCESS;
  std::cerr << "gangway-warden: " << ended.fault().text << '\n';
  return EXIT_FAILURE;
}

}  // namespace
}  // namespace gangway::app

int main(int argc, char** argv) {
  try {
    return gangway::app::run(argc, argv);
  } catch (const std::exception& error) {
    // Standard error is the cluster's log by now, if there is one.
    std::cerr << "gangway-warden: " << error.what() << '\n';
    return EXIT_FAILURE;
  }
}
