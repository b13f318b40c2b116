#include "launch/launch_record.hpp"

#include <sstream>

#include <boost/property_tree/json_parser.hpp>
#include <boost/property_tree/ptree.hpp>

#include "launch/json.hpp"
#include "launch/private_file.hpp"
#include "os/file.hpp"

namespace gangway::launch {

base::Status write_launch_record(const std::filesystem::path& file, const LaunchRecord& record) {
  std::vector<std::string> arguments;
  for (const std::string& argument : record.arguments) arguments.push_back(json_text(argument));
  std::vector<std::string> variables;
  for (const auto& [name, value] : record.environment) variables.push_back(json_text(name + "=" + value));
  JsonObject json;
  json.raw("arguments", json_list(arguments))
      .raw("environment", json_list(variables))
      .text("directory", record.directory);
  return write_private_file(file, json.to_string() + "\n");
}

base::Result<LaunchRecord> read_launch_record(const std::filesystem::path& file) {
  constexpr std::size_t bytes_max = 16 * base::mib;
  const base::Result<std::string> content = os::read_file(file, bytes_max);
  if (!content) return content.fault();
  try {
    boost::property_tree::ptree tree;
    std::istringstream stream{content.value()};
    boost::property_tree::read_json(stream, tree);
    LaunchRecord record;
    for (const auto& [none, argument] : tree.get_child("arguments")) record.arguments.push_back(argument.data());
    for (const auto& [none, variable] : tree.get_child("environment")) {
      const std::string& text = variable.data();
      const std::size_t equals = text.find('=');
      if (equals != std::string::npos) record.environment[text.substr(0, equals)] = text.substr(equals + 1);
    }
    record.directory = tree.get<std::string>("directory");
    return record;
  } catch (const boost::property_tree::ptree_error& error) {
    return base::Fault{file.string() + " does not tell how a cluster was started: " + error.what()};
  }
}

}  // namespace gangway::launch
