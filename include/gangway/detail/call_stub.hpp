// What an engine runs: a stub reads the arguments from their payload, calls the function and delivers the result
// while it is alive. Stubs register themselves when the library they are in is loaded; an engine finds them by their
// place in it.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include <gangway/detail/argument.hpp>
#include <gangway/detail/signature.hpp>
#include <gangway/engine.hpp>

namespace gangway::detail {

/// What a stub tells the worker that runs it.
class GANGWAY_API CallPort {
 public:
  virtual ~CallPort();

  /// The arguments are there; the function is about to run.
  virtual void started() = 0;

  /// The function has returned.
  virtual void returned() = 0;

  /// The result, which is alive until this returns.
  virtual void deliver(const PayloadWriter& result) = 0;
};

/// Runs a function with encoded arguments, which begin on a 64-byte boundary. Throws what the function throws,
/// ArchiveError if the arguments are not its, ValueError if a named one does not fit.
using StubRun = void (*)(std::span<const std::byte> arguments, Engine& engine, CallPort& port);

/// A stub as the client names it to an engine. All pointers are valid as long as the program's library is loaded.
struct StubInfo {
  const void* address = nullptr;
  const char* name = "";       // mangled type of the callable
  const char* signature = "";  // mangled type that holds the kind of stub, result and parameters
  bool is_defined = true;      // false: the function is only declared here; a library at the engine has it
};

/// A stub that is about to be called.
struct Callee {
  StubInfo stub;
  std::span<const std::byte> captures;  // bytes that travel as they are; empty if it holds none
};

/// A function's address behind 16 bytes by which gangway-finish finds, in the finished library, the functions that
/// are only declared: it lets them stay undefined, so that their address is null (src/code/declared.hpp).
template <class Pointer>
struct MarkedAddress {
  char mark[16];
  Pointer pointer;
};
template <auto function>
inline constinit const volatile MarkedAddress<decltype(function)> marked_address{
    {'g', 'a', 'n', 'g', 'w', 'a', 'y', ' ', 'f', 'u', 'n', 'c', 't', 'i', 'o', 'n'}, function};

/// Whether a callable can be called in this process: false for a function that is only declared.
template <class Callable>
struct Defined {
  static bool value() { return true; }
};
template <auto function>
struct Defined<Function<function>> {
  // Read from memory: a compiler takes for granted that a function has an address.
  static bool value() { return marked_address<function>.pointer != nullptr; }
};

/// Makes a stub known in this process. Called by static initialisers; safe from any thread. Returns true.
GANGWAY_API bool register_stub(const StubInfo& stub, StubRun run);

/// Instantiated for each stub that a program mentions: its initialiser runs when the library is loaded.
template <class Stub>
struct StubRegistrar {
  static StubInfo info() {
    return {reinterpret_cast<const void*>(&Stub::run), typeid(typename Stub::CallableType).name(),
            typeid(typename Stub::SignatureTag).name(), Defined<typename Stub::CallableType>::value()};
  }
  static inline const bool done = Defined<typename Stub::CallableType>::value() && register_stub(info(), &Stub::run);
};

/// A stub's description; mentioning it is what registers it.
template <class Stub>
StubInfo registered_stub() {
  static_cast<void>(&StubRegistrar<Stub>::done);
  return StubRegistrar<Stub>::info();
}

/// An exception as it is reported.
struct ExceptionText {
  std::string type;
  std::string text;
};

/// Describes the exception that is being handled, of whatever type; both texts are cut to what may travel.
GANGWAY_API ExceptionText describe_current_exception();

/// Calls a callable; a function gets its arguments, a function object too, as const where it can be called so.
template <class Callable, class... Args>
decltype(auto) invoke_callable(const Callable& callable, Args&&... args) {
  if constexpr (std::is_invocable_v<const Callable&, Args...>) {
    return callable(std::forward<Args>(args)...);
  } else {
    Callable changing{callable};
    return changing(std::forward<Args>(args)...);
  }
}
template <auto function, class... Args>
decltype(auto) invoke_callable(const Function<function>&, Args&&... args) {
  return std::invoke(function, std::forward<Args>(args)...);
}

/// Puts the engine in front where the function wants it.
template <class Signature, class Callable, class... Args>
decltype(auto) call_with(const Callable& callable, [[maybe_unused]] Engine& engine, Args&&... args) {
  if constexpr (Signature::takes_engine) {
    return invoke_callable(callable, engine, std::forward<Args>(args)...);
  } else {
    return invoke_callable(callable, std::forward<Args>(args)...);
  }
}

template <class R>
void encode_result(PayloadWriter& out, const R& result) {
  if constexpr (is_text<R>) {
    encode_item(out, std::string_view{result}, true);
  } else {
    encode(out, result);
  }
}

template <class FunctionType>
struct CallOf {};

/// The stub of one call.
template <class Callable, class Signature>
struct CallStub {
  using CallableType = Callable;
  using SignatureTag = CallOf<typename Signature::FunctionType>;

  static void run(std::span<const std::byte> arguments, Engine& engine, CallPort& port) {
    PayloadReader in{arguments};
    const Callable callable = decode_callable<Callable>(in);
    Slots<typename Signature::Parameters> slots{in, engine.port()};
    in.expect_end();
    port.started();
    PayloadWriter out;
    std::apply(
        [&](auto&... slot) {
          if constexpr (std::is_void_v<typename Signature::Result>) {
            call_with<Signature>(callable, engine, slot.pass()...);
            port.returned();
            port.deliver(out);
          } else {
            auto&& result = call_with<Signature>(callable, engine, slot.pass()...);
            port.returned();
            encode_result(out, result);
            port.deliver(out);
          }
        },
        slots.all);
  }
};

}  // namespace gangway::detail
