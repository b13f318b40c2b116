// All of Gangway's public face. A tour in twenty lines:
//
//   double cost(double x, int order);                        // any function of a gangway_add_program()
//
//   gangway::Cluster cluster{gangway::Profile::local(4)};    // four engines on this host, stopped with the object
//   gangway::Client client = cluster.connect();              // or Client{"big"}, or Client{"connection.json"}
//
//   auto any = client.balanced();                                    // whichever engine is free
//   double y = any.apply(fn<cost>, 2.0, 3).get();                    // a Future; get() throws what went wrong
//   std::vector<double> ys = any.map(fn<cost>, xs, 3).get();         // over a range, in chunks, in order
//   for (auto [i, y] : any.map(fn<cost>, xs, 3).as_completed()) ...  // or as they come
//   for (auto [i, y] : any.as_completed(fn<cost>, source, 3)) ...    // and never more of it than fits in memory
//   auto zs = any.map([k](double x) { return k * x; }, xs).get();    // a lambda
//
//   auto two = any.apply(fn<cost>, 2.0, 3).then([](double y) { return y + 1; });  // and co_await, when_all, when_any
//
//   auto all = client.all();                                 // or client.engine(id), client.engines({ids})
//   all.push("a", 5);                                        // named values live on the engines between tasks
//   std::vector<int> as = all.pull<int>("a").get();          // one from each engine
//   all.scatter("x", xs);                                    // contiguous blocks, in engine order
//   auto norms = all.apply(fn<norm>, named("x")).get();      // each engine's own x, as a std::span<const double>
//   std::vector<double> back = all.gather<double>("x").get();
//
// A function whose first parameter is a gangway::Engine& gets the engine it runs on.
//
// Threads. A Client, its views and its Futures may be used by all threads together. A Cluster and what as_completed()
// gives are for one thread at a time, an Engine for the thread that runs the task. Everything else is a plain value.
#pragma once

#include <gangway/api.hpp>
#include <gangway/archive.hpp>
#include <gangway/array.hpp>
#include <gangway/client.hpp>
#include <gangway/cluster.hpp>
#include <gangway/coroutine.hpp>
#include <gangway/engine.hpp>
#include <gangway/error.hpp>
#include <gangway/function.hpp>
#include <gangway/future.hpp>
#include <gangway/ids.hpp>
#include <gangway/map_future.hpp>
#include <gangway/options.hpp>
#include <gangway/profile.hpp>
#include <gangway/progress.hpp>
#include <gangway/task_info.hpp>
#include <gangway/task_query.hpp>
#include <gangway/view.hpp>
#include <gangway/when.hpp>
