// The messages between an engine's rank and its worker, through the channel that they share (src/keeper/channel.hpp).
// The rank owns the arena: it alone allocates, and it keeps the named values. The worker asks.
//
//   worker                          rank
//   WorkerReady             ->
//                           <-      LoadModule      before the first call into the module; a standby too
//   ModuleLoaded            ->
//                           <-      UseLibraries    before the first call by name, and when they have changed
//                           <-      RunCall         one at a time
//   OpenValue, MakeArray, SetObject, EraseValue, ListNames, GrantBlock
//                           ->                      only between RunCall and CallFinished, one at a time
//                           <-      the answer of the same name
//   CallFinished            ->
//
// Values made or set by a call are published when CallFinished says that it succeeded; otherwise they are dropped.
#pragma once

#include <cstdint>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "wire/failure.hpp"
#include "wire/link_message.hpp"
#include "wire/operation.hpp"

namespace gangway::wire {

/// A range of the engine's arena, from its first byte.
struct ArenaRange {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.offset, m.bytes);
  }
  friend bool operator==(const ArenaRange&, const ArenaRange&) = default;
};

/// Small bytes ride in the message, larger ones lie in the arena.
using Placed = std::variant<base::SharedBytes, ArenaRange>;

enum class ValueAccess : std::uint8_t { read = 1, write = 2 };

/// What is said about a named value besides its data.
struct ValueHead {
  bool is_array = false;            // elements in place, or an encoded object
  std::string type;                 // mangled type name, of the element or of the object
  std::uint64_t element_bytes = 0;  // of an array

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.is_array, m.type, m.element_bytes);
  }
  friend bool operator==(const ValueHead&, const ValueHead&) = default;
};

// ---------------------------------------------------------------- rank -> worker

struct LoadModule {
  ModuleHash hash{};
  std::string path;

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.hash, m.path);
  }
  friend bool operator==(const LoadModule&, const LoadModule&) = default;
};

struct RunCall {
  AttemptRef attempt;
  EngineInfo engine;
  FunctionRef function;
  Placed arguments;

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.attempt, m.engine, m.function, m.arguments);
  }
  friend bool operator==(const RunCall&, const RunCall&) = default;
};

/// The answer to OpenValue: where the data is, or why not.
struct ValueOpened {
  ValueHead head;
  std::uint64_t version = 0;  // rises with every change: a decoded copy of the same version is still good
  ArenaRange data;
  FailureKind failure = FailureKind::not_run;  // not_run or torn; meaningful if the reason is not empty
  std::string reason;

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.head, m.version, m.data, m.failure, m.reason);
  }
  friend bool operator==(const ValueOpened&, const ValueOpened&) = default;
};

/// The answer to MakeArray, SetObject (where to write the data) and GrantBlock; empty reason means granted.
struct BlockGranted {
  ArenaRange block;
  std::string reason;

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.block, m.reason);
  }
  friend bool operator==(const BlockGranted&, const BlockGranted&) = default;
};

struct ValueErased {
  bool existed = false;

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.existed);
  }
  friend bool operator==(const ValueErased&, const ValueErased&) = default;
};

struct NamesListed {
  std::vector<std::string> names;

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.names);
  }
  friend bool operator==(const NamesListed&, const NamesListed&) = default;
};

/// Where calls by name look, the last first: modules that are loaded.
struct UseLibraries {
  std::vector<ModuleHash> hashes;

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.hashes);
  }
  friend bool operator==(const UseLibraries&, const UseLibraries&) = default;
};

using ToWorker = std::variant<LoadModule, RunCall, ValueOpened, BlockGranted, ValueErased, NamesListed, UseLibraries>;

// ---------------------------------------------------------------- worker -> rank

struct WorkerReady {
  std::int64_t pid = 0;

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.pid);
  }
  friend bool operator==(const WorkerReady&, const WorkerReady&) = default;
};

/// An empty reason means that it is loaded.
struct ModuleLoaded {
  ModuleHash hash{};
  std::string reason;

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.hash, m.reason);
  }
  friend bool operator==(const ModuleLoaded&, const ModuleLoaded&) = default;
};

/// `write` claims an array for this call alone: if the call's worker dies, the value is torn.
struct OpenValue {
  std::string name;
  ValueAccess access = ValueAccess::read;

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.name, m.access);
  }
  friend bool operator==(const OpenValue&, const OpenValue&) = default;
};

/// A new version of an array, zeroed, of `bytes` bytes.
struct MakeArray {
  std::string name;
  ValueHead head;
  std::uint64_t bytes = 0;

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.name, m.head, m.bytes);
  }
  friend bool operator==(const MakeArray&, const MakeArray&) = default;
};

/// A new version of an object whose encoding takes `bytes` bytes; the worker writes it into the granted block.
struct SetObject {
  std::string name;
  ValueHead head;
  std::uint64_t bytes = 0;

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.name, m.head, m.bytes);
  }
  friend bool operator==(const SetObject&, const SetObject&) = default;
};

struct EraseValue {
  std::string name;

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.name);
  }
  friend bool operator==(const EraseValue&, const EraseValue&) = default;
};

struct ListNames {
  template <class Self>
  static auto fields(Self&) {
    return std::tie();
  }
  friend bool operator==(const ListNames&, const ListNames&) = default;
};

/// Room in the arena for a result that is too large for the channel.
struct GrantBlock {
  std::uint64_t bytes = 0;

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.bytes);
  }
  friend bool operator==(const GrantBlock&, const GrantBlock&) = default;
};

/// `run_ns` is the time inside the user's function.
struct CallFinished {
  AttemptRef attempt;
  std::int64_t run_ns = 0;
  std::variant<base::SharedBytes, ArenaRange, Failure> outcome;

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.attempt, m.run_ns, m.outcome);
  }
  friend bool operator==(const CallFinished&, const CallFinished&) = default;
};

using FromWorker = std::variant<WorkerReady, ModuleLoaded, OpenValue, MakeArray, SetObject, EraseValue, ListNames,
                                GrantBlock, CallFinished>;

}  // namespace gangway::wire
