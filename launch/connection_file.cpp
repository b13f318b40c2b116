#include "launch/connection_file.hpp"

#include <sstream>

#include <boost/property_tree/json_parser.hpp>
#include <boost/property_tree/ptree.hpp>

#include "launch/json.hpp"
#include "launch/private_file.hpp"
#include "os/file.hpp"

namespace gangway::launch {

base::Status write_connection(const std::filesystem::path& file, const Connection& connection) {
  JsonObject json;
  json.text("cluster", connection.cluster)
      .text("address", connection.address)
      .number("port", connection.port)
      .text("authority", connection.identity.authority_pem)
      .text("certificate", connection.identity.certificate_pem)
      .text("key", connection.identity.key_pem);
  return write_private_file(file, json.to_string() + "\n");
}

std::optional<GatewayAddress> read_gateway_address(const std::filesystem::path& file) {
  const base::Result<std::string> content = os::read_file(file);
  if (!content) return std::nullopt;
  try {
    boost::property_tree::ptree tree;
    std::istringstream stream{content.value()};
    boost::property_tree::read_json(stream, tree);
    return GatewayAddress{tree.get<std::string>("address"),      tree.get<std::uint16_t>("port"),
                          tree.get<std::string>("host", ""),     tree.get<std::string>("bells", ""),
                          tree.get<std::uint32_t>("engines", 0), tree.get<int>("pid", 0),
                          tree.get<std::string>("journal", "")};
  } catch (const boost::property_tree::ptree_error&) {
    return std::nullopt;
  }
}

}  // namespace gangway::launch
