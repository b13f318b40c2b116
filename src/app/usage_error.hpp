// What is wrong with a command line.
#pragma once

#include <stdexcept>

namespace gangway::app {

struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace gangway::app
