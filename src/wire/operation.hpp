// What an engine is asked to do. The client library writes an Operation, the engine's rank reads it; a gateway and
// the controller carry it as opaque bytes.
//
// The bulk of a Call are the encoded arguments, of a Push the value: see include/gangway/archive.hpp for the layout,
// which begins on a 64-byte boundary when it reaches the arena so that arrays in it can be used in place.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "base/bytes.hpp"

namespace gangway::wire {

/// SHA-256 of a module's file: its identity.
using ModuleHash = std::array<std::uint8_t, 32>;

/// Names a function inside a module. All of it must agree before anything is called. A function that the client's
/// program does not define has no module: it is looked up by name and signature in the engine's libraries.
struct FunctionRef {
  ModuleHash module{};       // all zeros: by name; no file has that hash
  std::uint64_t offset = 0;  // of the stub from the module's load base; looked up among registered stubs, never added
  std::string name;          // the stub's mangled type name
  std::string signature;     // mangled types of result and parameters

  [[nodiscard]] bool by_name() const { return module == ModuleHash{}; }

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.module, m.offset, m.name, m.signature);
  }
  friend bool operator==(const FunctionRef&, const FunctionRef&) = default;
};

/// Run a function in the engine's worker.
struct Call {
  FunctionRef function;
  base::SharedBytes arguments;

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.function, m.arguments);
  }
  friend bool operator==(const Call&, const Call&) = default;
};

/// Set a named value. The result is empty.
struct Push {
  std::string name;
  base::SharedBytes value;

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.name, m.value);
  }
  friend bool operator==(const Push&, const Push&) = default;
};

/// Read a named value. The result is the encoded value as it was pushed, made or set.
struct Pull {
  std::string name;

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.name);
  }
  friend bool operator==(const Pull&, const Pull&) = default;
};

/// Load a stored module as a library: its functions can be called by name from then on. The result is empty.
struct Load {
  ModuleHash module{};

  template <class Self>
  static auto fields(Self& m) {
    return std::tie(m.module);
  }
  friend bool operator==(const Load&, const Load&) = default;
};

/// The order of the alternatives travels: append only.
using Operation = std::variant<Call, Push, Pull, Load>;

}  // namespace gangway::wire
