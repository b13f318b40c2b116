#include "client/connection_file.hpp"

#include <cstddef>
#include <sstream>
#include <string>
#include <system_error>
#include <utility>

#include <boost/property_tree/json_parser.hpp>
#include <boost/property_tree/ptree.hpp>

#include "base/limits.hpp"
#include "client/system.hpp"

namespace gangway::client {

namespace {

constexpr std::size_t file_bytes_max = 64 * base::kib;  // an address and three PEM texts take a few

base::Result<std::string> read_private_file(const std::string& path) {
  auto content = read_file(path, "the connection file", file_bytes_max, Access::owner_alone);
  if (!content) {
    std::error_code unknown;
    const bool is_missing = !std::filesystem::exists(path, unknown);
    return base::Fault{content.fault().text +
                       (is_missing ? "; does the cluster run? `gangway list` shows those of this account" : "")};
  }
  if (content.value().size() > file_bytes_max) {
    return base::Fault{path + " is not a connection file: it is larger than 64 KiB"};
  }
  const auto* const text = reinterpret_cast<const char*>(content.value().data());
  return std::string{text, content.value().size()};
}

}  // namespace

base::Result<launch::Connection> read_connection(const std::filesystem::path& path) {
  auto content = read_private_file(path.string());
  if (!content) {
    return content.fault();
  }
  boost::property_tree::ptree tree;
  try {
    std::istringstream stream{std::move(content).value()};
    boost::property_tree::read_json(stream, tree);
  } catch (const boost::property_tree::json_parser_error& error) {
    return base::Fault{path.string() + " is not a connection file: line " + std::to_string(error.line()) + ": " +
                       error.message()};
  }
  launch::Connection connection;
  const std::pair<const char*, std::string*> texts[] = {{"cluster", &connection.cluster},
                                                        {"address", &connection.address},
                                                        {"authority", &connection.identity.authority_pem},
                                                        {"certificate", &connection.identity.certificate_pem},
                                                        {"key", &connection.identity.key_pem}};
  const std::string way_out = "; copy it again from the cluster's directory";
  for (const auto& [name, text] : texts) {
    *text = tree.get<std::string>(name, "");
    if (text->empty()) {
      return base::Fault{"the connection file " + path.string() + " has no \"" + name + "\"" + way_out};
    }
  }
  const long port = tree.get<long>("port", 0);
  if (port < 1 || port > 65535) {
    return base::Fault{"the connection file " + path.string() + " has no \"port\" between 1 and 65535" + way_out};
  }
  connection.port = static_cast<std::uint16_t>(port);
  return connection;
}

}  // namespace gangway::client
