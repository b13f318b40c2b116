// What an engine keeps between calls: arrays in shared memory, objects, and things that are made once per process.
#include <gangway/gangway.hpp>

#include <iostream>
#include <map>
#include <numeric>

using gangway::fn;

// Makes an array on the engine. It lies in the engine's memory, and a worker that crashes later does not take it
// along.
void make_squares(gangway::Engine& engine, std::size_t count) {
  std::span<long> squares = engine.names().make<long>("squares", count);
  const long first = static_cast<long>(engine.id().value() * count);
  for (std::size_t i = 0; i < count; ++i)
    squares[i] = (first + static_cast<long>(i)) * (first + static_cast<long>(i));
}

// Reads an array and keeps a summary beside it: a map is no array, so it is stored as an object.
void summarise(gangway::Engine& engine) {
  const auto squares = engine.names().array<const long>("squares");
  std::map<std::string, long> summary;
  summary["sum"] = std::accumulate(squares.begin(), squares.end(), 0L);
  summary["last"] = squares.back();
  engine.names().set("summary", summary);
}

long sum_of_summary(gangway::Engine& engine) {
  const auto& summary = engine.names().get<std::map<std::string, long>>("summary");
  return summary.at("sum");
}

// Something that is dear to make and cannot be sent: made at the first call in each worker, found again by later
// ones.
struct Model {
  std::vector<long> weights = std::vector<long>(1000, 2);
  int uses = 0;
};

int use_model(gangway::Engine& engine) {
  Model& model = engine.cached<Model>("model", [] { return Model{}; });
  return ++model.uses;
}

int main() {
  gangway::Cluster cluster{gangway::Profile::local(4)};
  gangway::Client client = cluster.connect();
  gangway::DirectView all = client.all();

  all.apply(fn<make_squares>, std::size_t{5});
  all.apply(fn<summarise>);
  for (const long sum : all.apply(fn<sum_of_summary>).get())
    std::cout << "sum of an engine's squares: " << sum << '\n';

  // The client can fetch the same values by their names.
  const std::vector<long> squares = all.gather<long>("squares").get();
  std::cout << squares.size() << " squares, the last is " << squares.back() << '\n';
  std::cout << "last of the first summary: " << all.pull<std::map<std::string, long>>("summary").get()[0].at("last")
            << '\n';

  for (int call = 0; call < 3; ++call) all.apply(fn<use_model>).get();
  std::cout << "each model was made once and is used the fourth time: " << all.apply(fn<use_model>).get()[0] << '\n';
}
