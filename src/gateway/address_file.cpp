#include "gateway/address_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <span>
#include <sstream>

#include <boost/property_tree/json_parser.hpp>
#include <boost/property_tree/ptree.hpp>

#include "os/descriptor.hpp"
#include "os/file.hpp"

namespace gangway::gateway {

namespace {

std::string address_file(const std::string& cluster_directory, std::uint32_t number) {
  return cluster_directory + "/gateway-" + std::to_string(number) + ".json";
}

/// Whether all of it was written over what is there. Not in one step: who reads it meanwhile may see a part.
bool write_over(const std::string& path, const std::string& text) {
  const os::Descriptor file{::open(path.c_str(), O_WRONLY | O_CLOEXEC)};
  return file && os::write_all(file.get(), std::as_bytes(std::span{text})) &&
         ::ftruncate(file.get(), static_cast<off_t>(text.size())) == 0;
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
  tree.put("journal", note.journal);
  std::ostringstream json;
  boost::property_tree::write_json(json, tree);
  const std::string text = json.str();
  const std::string path = address_file(cluster_directory, number);
  const std::string temporary = path + ".new";
  const os::Descriptor file{::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR)};
  if (file && os::write_all(file.get(), std::as_bytes(std::span{text}))) {
    if (std::rename(temporary.c_str(), path.c_str()) == 0) return base::Done{};
    return os::system_fault("cannot write " + path);
  }
  const base::Fault fault = os::system_fault("cannot write " + temporary);
  std::remove(temporary.c_str());
  return write_over(path, text) ? base::Status{base::Done{}} : fault;
}

void remove_address_file(const std::string& cluster_directory, std::uint32_t number) {
  // What cannot be removed has gone with the directory, or stays as it would after a crash.
  std::remove(address_file(cluster_directory, number).c_str());
}

}  // namespace gangway::gateway
