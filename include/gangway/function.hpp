// Functions that engines can call. `fn<f>` names an ordinary function by its type; a lambda or another function
// object whose captures are trivially copyable is passed as it is. Nothing is registered by hand: using a function in
// a call makes a stub for it in the program, which registers itself when the program's library is loaded.
//
// A library that clients of other builds call says in one line which functions it offers: GANGWAY_REGISTER(f, g).
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
#include <gangway/detail/abi_stamp.hpp>
#include <gangway/detail/call_stub.hpp>
#include <gangway/detail/map_stub.hpp>
#include <gangway/detail/signature.hpp>
#include <gangway/engine.hpp>

namespace gangway {

/// A function as a value: `view.apply(fn<cost>, 2.0, 3)`. A member function's object travels as the first argument.
/// In a program of gangway_add_program() it is enough that the function is declared: what is defined nowhere in the
/// program is called in the libraries that the engines have (Client::load()). The function takes values, const
/// references, `std::span<const T>`, `std::span<T>` or array<T>, after an optional `Engine&`; it returns void or
/// anything that travels.
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

/// A stub together with what the callable holds: its bytes, if that is how it travels.
template <class Callable>
Callee callee_of(const StubInfo& stub, const Callable& callable) {
  if constexpr (!std::is_empty_v<Callable> && !is_function<Callable> && ByteCopied<Callable>) {
    return {stub, std::as_bytes(std::span{&callable, 1})};
  } else {
    return {stub, {}};
  }
}

/// Whether a map can call a function with these parameters: each element gets the others anew.
template <class... P>
consteval bool can_be_mapped(Types<P...>) {
  return false;
}
template <class First, class... Rest>
consteval bool can_be_mapped(Types<First, Rest...>) {
  return ((std::is_lvalue_reference_v<Rest> || std::is_copy_constructible_v<ArgumentType<Rest>>)&&...);
}

/// Registers the stubs of a library's function.
template <class Callable>
bool register_function() {
  using Signature = typename SignatureOf<Callable>::Type;
  static_assert(check_parameters(typename Signature::Parameters{}));
  registered_stub<CallStub<Callable, Signature>>();
  if constexpr (can_be_mapped(typename Signature::Parameters{})) {
    registered_stub<MapStub<Callable, Signature>>();
  }
  return true;
}

}  // namespace detail

/// Offers functions of a library to clients of any build; an explicit instantiation at namespace scope does it:
/// `template struct gangway::tasks<&cost, &Mesh::area, &twice<int>>;`. They are found by name and signature.
template <auto... functions>
struct tasks {
  static inline const bool registered = (detail::register_function<Function<functions>>() && ...);
};

}  // namespace gangway

/// The same in a word: `GANGWAY_REGISTER(cost, &Mesh::area, twice<int>);` outside of all namespaces.
#define GANGWAY_REGISTER(...) template struct gangway::tasks<__VA_ARGS__>
