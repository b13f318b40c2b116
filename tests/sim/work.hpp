// What simulated clients ask for and simulated engines do. The operations are real ones (src/wire/operation.hpp);
// only what the functions compute is made up.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/instant.hpp"
#include "sim/random.hpp"
#include "sim/scenario.hpp"
#include "wire/operation.hpp"
#include "wire/protocol.hpp"

namespace gangway::sim {

/// The arguments of every simulated function.
struct CallArguments {
  std::uint64_t run_ns = 0;
  std::uint64_t token = 0;  // the result says that it was seen
  std::uint64_t result_bytes = 0;
  std::uint64_t client = 0;
  std::uint64_t sequence = 0;  // rises with each operation of a client
};
/// So many bytes, at least what the fields take.
base::SharedBytes encode(const CallArguments& arguments, std::size_t bytes);
CallArguments decode_arguments(const base::SharedBytes& bytes);

/// What a count on an engine says.
struct Count {
  std::uint64_t incarnation = 0;
  std::uint64_t value = 0;
};
base::SharedBytes encode(const Count& count);
Count decode_count(const base::SharedBytes& bytes);

/// The result of functions that only show that they ran.
base::SharedBytes result_for(std::uint64_t token, std::size_t bytes);

/// One operation that a client wants done.
struct Work {
  enum class Kind {
    run,      // takes its time; result_for(token)
    count,    // one more on this engine's counter for this client
    push,     // a named value
    pull,     // and back
    chunk,    // runs where its named values are
    missing,  // needs a value that does not exist
    unknown,  // for an engine that does not exist
    erase,    // a named value goes
  };
  enum class Target { balanced, one, some, all };

  Kind kind = Kind::run;
  Target target = Target::balanced;
  std::vector<std::string> names;  // pushed, pulled, needed or erased
  base::Duration run{};
  std::uint64_t token = 0;
  std::uint32_t argument_bytes = 0;
  std::uint32_t result_bytes = 8;
  wire::RetryPolicy policy;  // of balanced ones
  bool after_all = false;    // begins when all before have their answer
};

/// The module that is a library, if a scenario has any.
inline constexpr wire::ModuleHash library_module{1};

/// The encoded operation; `client` and `sequence` go with it.
base::SharedBytes operation_for(const Work& work, const wire::ModuleHash& module, std::uint64_t client,
                                std::uint64_t sequence);

/// The module that it needs; all zeros: none.
wire::ModuleHash module_of(const base::SharedBytes& operation);

/// Work with the same label has results of one length; nothing is known of a pulled value.
std::string label_for(const Work& work, std::uint64_t sequence);

/// What one client does in a scenario.
std::vector<Work> make_work(const Scenario& scenario, std::uint64_t client, Random& random);

}  // namespace gangway::sim
