// One cluster for all tests of a program, started by the first that needs it: a start takes a second or more.
#pragma once

#include <memory>
#include <stdexcept>

#include <gtest/gtest.h>

#include <gangway/gangway.hpp>

namespace gangway::e2e {

inline constexpr std::uint32_t shared_engines = 3;

/// A test with a client of its own on the shared cluster, and with names of values that no other test uses.
class SharedClusterTest : public testing::Test {
 protected:
  static Cluster& cluster() { return *holder(); }

  /// The shared cluster's end, before the program's: a static's destructor would come too late for a message.
  class Keeper : public testing::Environment {
   public:
    void TearDown() override {
      EXPECT_NO_THROW(holder()->stop());
      holder().reset();
    }
  };

  Client client = cluster().connect();
  DirectView all = client.all();
  BalancedView any = client.balanced();

  /// A view of the engine at this place in the list of engines.
  [[nodiscard]] EngineView engine(std::size_t place) const { return client.engine(client.engines().at(place).id); }

 private:
  static bool& started() {
    static bool is_started = false;
    return is_started;
  }
  static std::unique_ptr<Cluster>& holder() {
    static std::unique_ptr<Cluster> cluster;
    if (!started()) {
      started() = true;
      cluster = std::make_unique<Cluster>(Profile::local(shared_engines));
      testing::AddGlobalTestEnvironment(new Keeper);
    }
    if (!cluster) throw std::runtime_error{"the shared cluster could not be started"};
    return cluster;
  }
};

/// The RemoteError that `get` throws. Fails the test and throws if it throws none.
template <class Get>
RemoteError remote_error_of(const Get& get) {
  try {
    static_cast<void>(get());
  } catch (const RemoteError& error) {
    return error;
  }
  throw std::runtime_error{"the task succeeded"};
}

}  // namespace gangway::e2e
