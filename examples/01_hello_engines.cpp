// The first program: start a cluster, call a function on all of its engines, print what they answer.
//
// gangway_add_program() in CMakeLists.txt puts this program's code where the engines can load it. No function needs
// to be registered, and no second program has to be built for the engines.
#include <gangway/gangway.hpp>

#include <iostream>

using gangway::fn;

// An ordinary function. The engine it runs on comes first if it wants to know it; the caller passes the rest.
std::string greet(gangway::Engine& engine, const std::string& name) {
  return "Hello, " + name + ", from engine " + std::to_string(engine.id().value()) + " on " + engine.host();
}

int main() {
  // One gateway and four engines on this host. They end with the object `cluster`, also when this program crashes.
  gangway::Cluster cluster{gangway::Profile::local(4)};

  // The client speaks TLS to the gateway. It needs no MPI, and could be anywhere.
  gangway::Client client = cluster.connect();

  // A DirectView acts on the engines it names, here all of them. apply() returns a Future at once, get() waits.
  gangway::DirectView all = client.all();
  gangway::Future<std::vector<std::string>> greetings = all.apply(fn<greet>, "world");
  for (const std::string& greeting : greetings.get()) std::cout << greeting << '\n';

  // A lambda works as well, with captures that can be copied byte by byte.
  int factor = 3;
  std::cout << "7 times 3 is " << client.balanced().apply([factor](int x) { return factor * x; }, 7).get() << '\n';
}
