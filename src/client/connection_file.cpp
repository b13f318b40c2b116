#include "client/connection_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <sstream>
#include <string>
#include <utility>

#include <boost/property_tree/json_parser.hpp>
#include <boost/property_tree/ptree.hpp>

#include "base/limits.hpp"
#include "launch/descriptor.hpp"

namespace gangway::client {

namespace {

constexpr std::size_t file_bytes_max = 64 * base::kib;  // an address and three PEM texts take a few

base::Result<std::string> read_all(int file, const std::string& path) {
  std::string content(file_bytes_max + 1, '\0');
  std::size_t size = 0;
  while (size < content.size()) {
    const ssize_t count = ::read(file, content.data() + size, content.size() - size);
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      return launch::system_fault("cannot read the connection file " + path);
    }
    if (count == 0) {
      content.resize(size);
      return content;
    }
    size += static_cast<std::size_t>(count);
  }
  return base::Fault{path + " is not a connection file: it is larger than 64 KiB"};
}

// The mode is that of the file that was opened: nobody can swap it in between.
base::Result<std::string> read_private_file(const std::string& path) {
  const launch::Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (!file) {
    const bool is_missing = errno == ENOENT;
    base::Fault fault = launch::system_fault("cannot read the connection file " + path);
    if (is_missing) {
      fault.text += "; does the cluster run? `gangway list` shows those of this account";
    }
    return fault;
  }
  struct stat status {};
  if (::fstat(file.number(), &status) != 0) {
    return launch::system_fault("cannot read the connection file " + path);
  }
  if (!S_ISREG(status.st_mode)) {
    return base::Fault{"the connection file " + path + " is not a regular file"};
  }
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return base::Fault{"the connection file " + path +
                       " holds a private key, but others than its owner have rights on it; mend it with: chmod 600 " +
                       path};
  }
  return read_all(file.number(), path);
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
