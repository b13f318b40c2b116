// gangway-supervisor: owns one cluster. It is started by the library and by `gangway start`, never by hand.
#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>

#include "launch/cluster_directory.hpp"
#include "launch/daemon.hpp"
#include "launch/supervisor.hpp"
#include "launch/supervisor_options.hpp"

namespace gangway::app {
namespace {

int run(int argc, const char* const* argv) {
  const base::Result<launch::SupervisorOptions> options = launch::parse_supervisor_options(argc, argv);
  if (!options) {
    std::cerr << options.fault().text << '\n';
    return EXIT_FAILURE;
  }
  if (const base::Status daemon = launch::become_daemon({options.value().report_fd}); !daemon) {
    std::cerr << "gangway-supervisor: " << daemon.fault().text << '\n';
    return EXIT_FAILURE;
  }
  launch::Supervisor supervisor{launch::ClusterHome{options.value().home}, options.value()};
  supervisor.run();
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace gangway::app

int main(int argc, char** argv) {
  try {
    return gangway::app::run(argc, argv);
  } catch (const std::exception& error) {
    // Standard error is the cluster's log by now, if there is one.
    std::cerr << "gangway-supervisor: " << error.what() << '\n';
    return EXIT_FAILURE;
  }
}
