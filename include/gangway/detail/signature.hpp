// What a callable takes and gives, and whether arguments fit it. All mistakes are told here, in words.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <gangway/detail/archive_traits.hpp>
#include <gangway/engine.hpp>
#include <gangway/value.hpp>

namespace gangway {

/// The type of fn<f>.
template <auto function>
struct Function {};

/// The type of named(): an argument that is looked up at the engine.
class Named {
 public:
  explicit Named(std::string name) : name_{std::move(name)} {}
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  std::string name_;
};

namespace detail {

/// A list of types.
template <class... T>
struct Types {
  static constexpr std::size_t count = sizeof...(T);
};
template <class Head, class... Tail>
struct Types<Head, Tail...> {
  static constexpr std::size_t count = 1 + sizeof...(Tail);
  using First = Head;
  using Rest = Types<Tail...>;
};

// ---------------------------------------------------------------- from callable to signature

/// Of R(P...): whether an Engine& comes first, and what comes after it.
template <class R, class... P>
struct Signature {
  using Result = R;
  using Parameters = Types<P...>;
  using FunctionType = R(P...);
  static constexpr bool takes_engine = false;
};
template <class R, class... P>
struct Signature<R, Engine&, P...> {
  using Result = R;
  using FunctionType = R(Engine&, P...);
  using Parameters = Types<P...>;
  static constexpr bool takes_engine = true;
};

/// Of a function pointer: `type`; of a member function pointer also `object_type`, with the object as first
/// parameter.
template <class Pointer>
struct PointerSignature;
template <class R, class... P>
struct PointerSignature<R (*)(P...)> {
  using Type = Signature<R, P...>;
};
template <class R, class... P>
struct PointerSignature<R (*)(P...) noexcept> : PointerSignature<R (*)(P...)> {};
template <class R, class C, class... P>
struct PointerSignature<R (C::*)(P...)> {
  using Type = Signature<R, C, P...>;
  using WithoutObject = Signature<R, P...>;
};
template <class R, class C, class... P>
struct PointerSignature<R (C::*)(P...) const> {
  using Type = Signature<R, const C&, P...>;
  using WithoutObject = Signature<R, P...>;
};
template <class R, class C, class... P>
struct PointerSignature<R (C::*)(P...) noexcept> : PointerSignature<R (C::*)(P...)> {};
template <class R, class C, class... P>
struct PointerSignature<R (C::*)(P...) const noexcept> : PointerSignature<R (C::*)(P...) const> {};

/// A type without a signature: nothing that can be called, or a plain pointer.
struct NoSignature {
  using Result = void;
  using Parameters = Types<>;
  static constexpr bool takes_engine = false;
};

template <class Callable>
inline constexpr bool is_function = false;
template <auto function>
inline constexpr bool is_function<Function<function>> = true;

template <class Callable>
inline constexpr bool has_one_signature = requires {
  &Callable::operator();
};

/// The signature of a callable for these (decayed) arguments. Those of a generic one are its parameters.
template <class Callable, class... Args>
consteval auto signature_of() {
  if constexpr (has_one_signature<Callable>) {
    return std::type_identity<typename PointerSignature<decltype(&Callable::operator())>::WithoutObject>{};
  } else if constexpr (std::is_class_v<Callable> && std::is_invocable_v<Callable&, Storable<Args>...>) {
    using R = std::invoke_result_t<Callable&, Storable<Args>...>;
    return std::type_identity<Signature<R, Storable<Args>...>>{};
  } else if constexpr (std::is_class_v<Callable> && std::is_invocable_v<Callable&, Engine&, Storable<Args>...>) {
    using R = std::invoke_result_t<Callable&, Engine&, Storable<Args>...>;
    return std::type_identity<Signature<R, Engine&, Storable<Args>...>>{};
  } else {
    return std::type_identity<NoSignature>{};
  }
}

template <class Callable, class... Args>
struct SignatureOf {
  using Type = typename decltype(signature_of<Callable, Args...>())::type;
};
template <auto function, class... Args>
struct SignatureOf<Function<function>, Args...> : PointerSignature<decltype(function)> {};

template <class R>
consteval auto result_type() {
  if constexpr (std::is_void_v<R>) {
    return std::type_identity<void>{};
  } else {
    return std::type_identity<Storable<R>>{};
  }
}

/// Everything that the stub of a call is made from.
template <class Callable, class... Args>
struct CallTypes {
  using Signature = typename SignatureOf<Callable, Args...>::Type;
  using Result = typename decltype(result_type<typename Signature::Result>())::type;
  using Parameters = typename Signature::Parameters;
};

// ---------------------------------------------------------------- parameters

/// A parameter that views contiguous elements.
template <class P>
inline constexpr bool is_view_parameter = is_view<std::remove_cvref_t<P>>;

/// What a by-value argument for the parameter travels as.
template <class P>
using ArgumentType = Storable<std::remove_cvref_t<P>>;

template <class P>
using ViewElement = typename std::remove_cvref_t<P>::element_type;

template <class P, class Arg>
consteval bool argument_fits() {
  if constexpr (std::is_same_v<Arg, Named>) {
    return true;
  } else if constexpr (is_view_parameter<P>) {
    return std::is_convertible_v<const Arg&, std::span<const ViewElement<P>>>;
  } else {
    return std::is_convertible_v<const Arg&, std::remove_cvref_t<P>> ||
           std::is_convertible_v<const Arg&, ArgumentType<P>>;
  }
}

template <class T>
inline constexpr bool is_fixed_span = false;
template <class T, std::size_t n>
inline constexpr bool is_fixed_span<std::span<T, n>> = n != std::dynamic_extent;

template <class P>
consteval bool check_parameter() {
  using D = std::remove_cvref_t<P>;
  constexpr bool reference = std::is_lvalue_reference_v<P> && !std::is_const_v<std::remove_reference_t<P>>;
  constexpr bool pointer = std::is_pointer_v<D> && !is_text<D>;
  constexpr bool fixed = is_fixed_span<D>;
  static_assert(!reference,
                "gangway: a parameter cannot be a non-const reference: the caller's object is in another process; "
                "return the result, or take std::span<T> with a named array");
  static_assert(!pointer, "gangway: a parameter cannot be a pointer; take std::span<const T>");
  static_assert(!fixed, "gangway: a span parameter cannot have a fixed size; take std::span<T>");
  return !reference && !pointer && !fixed;
}

template <class... P, class... Args>
consteval bool arguments_fit(Types<P...>, Types<Args...>) {
  if constexpr (sizeof...(P) == sizeof...(Args)) {
    return (argument_fits<P, Args>() && ...);
  } else {
    return false;
  }
}

template <class... P>
consteval bool check_parameters(Types<P...>) {
  return (check_parameter<P>() && ...);
}

/// True if the callable itself can be sent.
template <class Callable>
inline constexpr bool sendable = is_function<Callable> || ByteCopied<Callable> ||
                                 (std::is_class_v<Callable> && has_public_serialize<Callable> &&
                                  std::is_default_constructible_v<Callable>);

/// Whether `callable(args...)` can be run at an engine; tells what is wrong otherwise. All types are decayed.
template <class Callable, class... Args>
consteval bool check_call() {
  constexpr bool plain = std::is_pointer_v<Callable> || std::is_member_pointer_v<Callable>;
  static_assert(!plain, "gangway: name the function by fn<f>: its address means nothing in another process");
  constexpr bool sent = plain || sendable<Callable>;
  static_assert(sent,
                "gangway: a lambda's captures must be trivially copyable; pass vectors and strings as arguments");
  if constexpr (plain || !sent) {
    return false;
  } else {
    constexpr bool one = is_function<Callable> || has_one_signature<Callable>;
    constexpr bool known = one || !(std::is_same_v<Args, Named> || ...);
    static_assert(known, "gangway: named() needs a function whose parameters have types; replace `auto`");
    if constexpr (!known) {
      return false;
    } else {
      using Call = CallTypes<Callable, Args...>;
      constexpr bool no_pointer = !std::is_pointer_v<typename Call::Result>;
      static_assert(no_pointer,
                    "gangway: a result cannot be a pointer; return the object, or a vector of the elements");
      constexpr bool fits = (one || !std::is_same_v<typename Call::Signature, NoSignature>)&&arguments_fit(
          typename Call::Parameters{}, Types<Args...>{});
      if constexpr (no_pointer && check_parameters(typename Call::Parameters{})) {
        static_assert(fits, "gangway: the arguments do not match the function's parameters");
        return fits;
      } else {
        return false;
      }
    }
  }
}

}  // namespace detail
}  // namespace gangway
