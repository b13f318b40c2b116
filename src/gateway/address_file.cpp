#include "gateway/address_file.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

#include <boost/property_tree/json_parser.hpp>
#include <boost/property_tree/ptree.hpp>

namespace gangway::gateway {

namespace {

std::string address_file(const std::string& cluster_directory, std::uint32_t number) {
  return cluster_directory + "/gateway-" + std::to_string(number) + ".json";
}

}  // namespace

base::Status write_address_file(const std::string& cluster_directory, std::uint32_t number, const GatewayNote& note) {
  boost::property_tree::ptree tree;
  tree.put("address", note.address);
  tree.put("port", note.port);
  tree.put("host", note.host);
  tree.put("pid", note.pid);
  tree.put("bells", note.bells);
  tree.put("engines", note.engines);
  const std::string path = address_file(cluster_directory, number);
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

void remove_address_file(const std::string& cluster_directory, std::uint32_t number) {
  // What cannot be removed has gone with the directory, or stays as it would after a crash.
  std::remove(address_file(cluster_directory, number).c_str());
}

}  // namespace gangway::gateway
