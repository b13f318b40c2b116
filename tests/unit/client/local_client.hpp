// A Client of a gateway in this process, by the way that users take: through a connection file.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>

#include <gangway/client.hpp>

#include "fake_gateway.hpp"
#include "launch/connection_file.hpp"

namespace gangway::client {

/// A directory that is removed with the object.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "gangway-test.XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// Connects to a gateway, once.
inline Client client_of(const FakeGateway& gateway) {
  const TemporaryDirectory directory;
  const std::filesystem::path file = directory.path() / "connection.json";
  if (!launch::write_connection(file, gateway.where()).ok()) {
    throw Error{"the test cannot write " + file.string()};
  }
  return Client{file.string(), reconnect_limit({})};
}

}  // namespace gangway::client
