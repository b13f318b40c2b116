#include "launch/job_end.hpp"

#include <sstream>

#include <boost/property_tree/json_parser.hpp>
#include <boost/property_tree/ptree.hpp>

#include "launch/json.hpp"
#include "launch/private_file.hpp"
#include "os/file.hpp"

namespace gangway::launch {

base::Status write_job_end(const std::filesystem::path& file, const JobEnd& end) {
  JsonObject json;
  json.text("cookie", end.cookie)
      .number("wait_status", end.wait_status)
      .text("reason", end.reason)
      .text("excerpt", end.excerpt);
  return write_private_file(file, json.to_string() + "\n");
}

std::optional<JobEnd> read_job_end(const std::filesystem::path& file, const std::string& cookie) {
  const base::Result<std::string> content = os::read_file(file);
  if (!content) return std::nullopt;
  try {
    boost::property_tree::ptree tree;
    std::istringstream stream{content.value()};
    boost::property_tree::read_json(stream, tree);
    JobEnd end{tree.get<std::string>("cookie"), tree.get<int>("wait_status"), tree.get<std::string>("reason"),
               tree.get<std::string>("excerpt")};
    if (end.cookie == cookie) return end;
  } catch (const boost::property_tree::ptree_error&) {
    // What cannot be read tells nothing.
  }
  return std::nullopt;
}

}  // namespace gangway::launch
