// The words of a command line, by Boost's rules and with this program's error.
#pragma once

#include <string>
#include <vector>

#include <boost/program_options.hpp>

#include "app/usage_error.hpp"

namespace gangway::app {

/// Puts the words where `options` say. Throws UsageError if they do not fit.
inline void parse_words(const std::vector<std::string>& words,
                        const boost::program_options::options_description& options,
                        const boost::program_options::positional_options_description& positional) {
  namespace po = boost::program_options;
  try {
    po::variables_map values;
    po::store(po::command_line_parser(words).options(options).positional(positional).run(), values);
    po::notify(values);
  } catch (const po::error& error) {
    throw UsageError{error.what()};
  }
}

}  // namespace gangway::app
