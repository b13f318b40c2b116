// Functions that engines can call. `fn<f>` names an ordinary function by its type; a lambda or another function
// object whose captures are trivially copyable is passed as it is. Nothing is registered by hand: using a function in
// a call makes a stub for it in the program, which registers itself when the program's library is loaded.
#pragma once

#include <cstddef>
#include <iterator>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <gangway/api.hpp>
#include <gangway/archive.hpp>
#include <gangway/detail/call_stub.hpp>
#include <gangway/detail/map_stub.hpp>
#include <gangway/detail/signature.hpp>
#include <gangway/engine.hpp>

namespace gangway {

/// A function as a value: `view.apply(fn<cost>, 2.0, 3)`. It is enough that the function is declared; a member
/// function's object travels as the first argument. The function takes values, const references, `std::span<const
/// T>`, `std::span<T>` or array<T>, after an optional `Engine&`; it returns void or anything that travels.
template <auto function>
inline constexpr Function<function> fn{};

/// Picks one of several functions of a name: `fn<overload<double(double)>(over)>`.
template <class Signature>
constexpr Signature* overload(Signature* function) {
  return function;
}

/// Stands for the engine's own value of that name as an argument: `view.apply(fn<norm>, named("x"))`. A span
/// parameter has the array in place, a `const T&` parameter the decoded object.
[[nodiscard]] inline Named named(std::string name) {
  return Named{std::move(name)};
}

namespace detail {

/// The function as a reader knows it, from a stub's name: `cost(double, int)`, `main::{lambda(double)#1}`.
GANGWAY_API std::string readable_function(const char* stub_name);

/// What a call gives: decayed, with views turned into vectors.
template <class Callable, class... Args>
using CallResult = typename CallTypes<std::decay_t<Callable>, std::remove_cvref_t<Args>...>::Result;

/// What a call of a map gives for one element.
template <class Callable, class Element, class... Args>
using MapResultOf = CallResult<Callable, Element, Args...>;

/// The stub that runs `callable(args...)` at an engine; registers it. The arguments are checked here, in words.
template <class Callable, class... Args>
StubInfo call_stub() {
  if constexpr (check_call<std::decay_t<Callable>, std::remove_cvref_t<Args>...>()) {
    using Types = CallTypes<std::decay_t<Callable>, std::remove_cvref_t<Args>...>;
    return registered_stub<CallStub<std::decay_t<Callable>, typename Types::Signature>>();
  } else {
    return {};
  }
}

/// The stub that runs `callable(element, args...)` for each element of a chunk.
template <class Callable, class Element, class... Args>
StubInfo map_stub() {
  if constexpr (check_call<std::decay_t<Callable>, std::remove_cvref_t<Element>, std::remove_cvref_t<Args>...>()) {
    using Types = CallTypes<std::decay_t<Callable>, std::remove_cvref_t<Element>, std::remove_cvref_t<Args>...>;
    return registered_stub<MapStub<std::decay_t<Callable>, typename Types::Signature>>();
  } else {
    return {};
  }
}

/// Writes the callable and its arguments, converted to the parameters' types. The arguments must live until
/// write_to().
template <class Callable, class... Args>
void encode_call(PayloadWriter& out, const Callable& callable, const Args&... args) {
  if constexpr (check_call<std::decay_t<Callable>, std::remove_cvref_t<Args>...>()) {
    using Types = CallTypes<std::decay_t<Callable>, std::remove_cvref_t<Args>...>;
    encode_callable(out, callable);
    encode_arguments(out, typename Types::Parameters{}, args...);
  }
}

/// Writes the callable, its other arguments and the chunk's elements [first, last) of a forward range.
/// Elements and arguments must live until write_to().
template <class Callable, std::forward_iterator Iterator, class... Args>
void encode_map_call(PayloadWriter& out, const Callable& callable, Iterator first, Iterator last,
                     const Args&... args) {
  using Element = std::iter_value_t<Iterator>;
  if constexpr (check_call<std::decay_t<Callable>, Element, std::remove_cvref_t<Args>...>()) {
    using Types = CallTypes<std::decay_t<Callable>, Element, std::remove_cvref_t<Args>...>;
    encode_callable(out, callable);
    encode_arguments(out, typename Types::Parameters::Rest{}, args...);
    encode_map_elements<typename Types::Parameters::First>(out, first, last);
  }
}

template <class Callable, class Element, class... Args>
void encode_map_call(PayloadWriter& out, const Callable& callable, std::span<const Element> elements,
                     const Args&... args) {
  encode_map_call(out, callable, elements.data(), elements.data() + elements.size(), args...);
}

/// Reads what a call gave. Throws ArchiveError if the bytes are not an R.
template <class R>
R decode_call_result(std::span<const std::byte> payload) {
  PayloadReader in{payload};
  if constexpr (std::is_void_v<R>) {
    in.expect_end();
  } else {
    R result = decode<R>(in);
    in.expect_end();
    return result;
  }
}

/// The names of the named() arguments among `args`, in their order.
template <class... Args>
std::vector<std::string> names_of(const Args&... args) {
  std::vector<std::string> names;
  [[maybe_unused]] const auto add = [&names](const auto& argument) {
    if constexpr (std::is_same_v<std::decay_t<decltype(argument)>, Named>) {
      names.push_back(argument.name());
    }
  };
  (add(args), ...);
  return names;
}

}  // namespace detail
}  // namespace gangway
