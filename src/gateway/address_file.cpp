#include "gateway/address_file.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

#include <boost/property_tree/json_parser.hpp>
#include <boost/property_tree/ptree.hpp>

namespace gangway::gateway {

base::Status write_address_file(const std::string& cluster_directory, std::uint32_t number, const GatewayNote& note) {
  boost::property_tree::ptree tree;
  tree.put("address", note.address);
  tree.put("port", note.port);
  tree.put("host", note.host);
  tree.put("bells", note.bells);
  tree.put("engines", note.engines);
  const std::string path = cluster_directory + "/gateway-" + std::to_string(number) + ".json";
  const std::string temporary = path + ".new";
  {
    std::ofstream file{temporary};
    boost::property_tree::write_json(file, tree);
    if (!file.flush()) return base::Fault{"cannot write " + temporary + ": " + std::strerror(errno)};
  }
  if (::chmod(temporary.c_str(), 0600) != 0 || std::rename(temporary.c_str(), path.c_str()) != 0) {
    return base::Fault{"cannot write " + path + ": " + std::strerror(errno)};
  }
  return base::Done{};
}

}  // namespace gangway::gateway
