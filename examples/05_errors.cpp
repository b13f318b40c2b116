// What goes wrong on an engine arrives as an exception that says what, where and why; the engine lives on.
#include <gangway/gangway.hpp>

#include <csignal>
#include <iostream>

using gangway::fn;

double cost(double mass) {
  if (mass < 0) throw std::domain_error{"negative mass"};
  return 2 * mass;
}

void refuse(gangway::Engine& engine) {
  throw std::runtime_error{"not on engine " + std::to_string(engine.id().value())};
}

// A bug of the worst kind, in the middle of a task.
void crash() {
  std::raise(SIGSEGV);
}

int main() {
  gangway::Cluster cluster{gangway::Profile::local(4)};
  gangway::Client client = cluster.connect();
  gangway::BalancedView any = client.balanced();
  gangway::DirectView all = client.all();

  // An exception of the function is thrown by get(), with its type, its text and its place.
  try {
    any.apply(fn<cost>, -1.0).get();
  } catch (const gangway::RemoteError& error) {
    std::cout << "one call: " << error.type() << " (" << error.text() << ") on engine " << error.engine()->value()
              << '\n';
  }

  // A map goes on after a failed element; the error says which one it was.
  try {
    any.map(fn<cost>, std::vector<double>{1, 2, -3, 4}).get();
  } catch (const gangway::RemoteError& error) {
    std::cout << "a map: element " << error.index().value() << ": " << error.text() << '\n';
  }

  // When several engines fail, one exception holds all of them.
  try {
    all.apply(fn<refuse>).get();
  } catch (const gangway::CompositeError& error) {
    std::cout << error.errors().size() << " of " << error.parts() << " engines: " << error.what() << '\n';
  }

  // A crash costs the worker process that ran the task. The engine gets a new one and keeps its named values.
  all.push("precious", 42).get();
  try {
    all.apply(fn<crash>).get();
  } catch (const gangway::CompositeError& error) {
    std::cout << "a crash: " << error.errors().front().text() << '\n';
  }
  std::cout << "still there: " << all.pull<int>("precious").get().at(0) << '\n';
}
