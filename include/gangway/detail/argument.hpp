// Arguments on their way: written by the client in the form of the function's parameters, and held at the engine
// while the function runs. An argument is one byte that tells its form, then a value or the name of the engine's own
// one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <gangway/detail/engine_host.hpp>
#include <gangway/detail/signature.hpp>

namespace gangway::detail {

/// The numbers travel.
enum class ArgumentForm : std::uint8_t { value = 0, named = 1 };

/// Throws ArchiveError if the next byte is not a form.
GANGWAY_API ArgumentForm take_argument_form(PayloadReader& in);

// ---------------------------------------------------------------- writing

/// A value in the form of parameter P. `lasting`: it stays where it is until the payload is written.
template <class P, class Arg>
void encode_for_parameter(PayloadWriter& out, const Arg& argument, bool lasting) {
  using Travels = ArgumentType<P>;
  if constexpr (is_view_parameter<P>) {
    encode_contiguous(out, std::span<const ViewElement<P>>{argument}, lasting);
  } else if constexpr (std::is_same_v<Arg, Travels>) {
    encode_item(out, argument, lasting);
  } else if constexpr (std::is_same_v<Travels, std::string> && is_text<Arg>) {
    encode_item(out, std::string_view{argument}, lasting);
  } else {
    const auto converted = static_cast<Travels>(argument);
    encode_item(out, converted, false);
  }
}

template <class P, class Arg>
void encode_argument(PayloadWriter& out, const Arg& argument) {
  if constexpr (std::is_same_v<Arg, Named>) {
    out.put_number(ArgumentForm::named);
    encode_item(out, argument.name(), true);
  } else {
    out.put_number(ArgumentForm::value);
    encode_for_parameter<P>(out, argument, true);
  }
}

template <class... P, class... Args>
void encode_arguments(PayloadWriter& out, Types<P...>, const Args&... args) {
  (encode_argument<P>(out, args), ...);
}

/// fn<f> is known by its type; other callables send what they hold.
template <class Callable>
void encode_callable(PayloadWriter& out, const Callable& callable) {
  if constexpr (!std::is_empty_v<Callable>) {
    encode_item(out, callable, true);
  }
}

template <class Callable>
Callable decode_callable(PayloadReader& in) {
  if constexpr (is_function<Callable>) {
    return {};
  } else if constexpr (std::is_empty_v<Callable> && ByteCopied<Callable>) {
    return object_from<Callable>(std::as_bytes(std::span{"", sizeof(Callable)}));
  } else if constexpr (std::is_empty_v<Callable>) {
    return Callable();
  } else {
    return decode_item<Callable>(in);
  }
}

// ---------------------------------------------------------------- holding

/// Memory that is aligned like the arena.
struct alignas(segment_alignment_bytes) AlignedBlock {
  std::byte bytes[segment_alignment_bytes];
};

/// One argument at the engine, for a parameter that is an object.
template <class P>
class Slot {
 public:
  using Held = ArgumentType<P>;
  static_assert(!std::is_rvalue_reference_v<P> || std::is_same_v<P, std::remove_cvref_t<P>&&>,
                "gangway: a parameter cannot be a const rvalue reference");

  /// Reads an argument. Throws ArchiveError; ValueError if it is a name and the engine's value does not fit.
  Slot(PayloadReader& in, EngineHost& host) {
    if (take_argument_form(in) == ArgumentForm::value) {
      own_.emplace(decode_item<Held>(in));
      return;
    }
    const auto name = decode_item<std::string>(in);
    if constexpr (shares && !stored_as_array<Held>) {
      shared_ = &decoded_value<Held>(host, name);
    } else {
      const OpenedValue value = host.open(name, false);
      own_.emplace(read_value<Held>(value.view(), host.place_of(name)));
    }
  }

  explicit Slot(Held held) : own_{std::move(held)} {}

  /// Reads an element of a map.
  static Slot element(PayloadReader& in) { return Slot{decode_item<Held>(in)}; }

  /// The argument, for the only call that uses it.
  decltype(auto) pass() {
    if constexpr (shares) {
      return view();
    } else {
      return std::move(*own_);
    }
  }

  /// The argument, for one of several calls: each gets it as it arrived.
  decltype(auto) pass_again() {
    if constexpr (shares) {
      return view();
    } else {
      static_assert(std::is_copy_constructible_v<Held>,
                    "gangway: an argument that each element of a map gets anew must be copyable; take it by const&");
      return Held{*own_};
    }
  }

 private:
  static constexpr bool is_text_view = !std::is_same_v<Held, std::remove_cvref_t<P>>;
  static constexpr bool shares = std::is_lvalue_reference_v<P> || is_text_view;

  decltype(auto) view() const {
    const Held& held = shared_ != nullptr ? *shared_ : *own_;
    if constexpr (!is_text_view) {
      return static_cast<const Held&>(held);
    } else if constexpr (std::is_pointer_v<std::remove_cvref_t<P>>) {
      return held.c_str();
    } else {
      return std::string_view{held};
    }
  }

  std::optional<Held> own_;
  const Held* shared_ = nullptr;  // decoded once for each version
};

/// One argument at the engine, for a parameter that views elements: the engine's own array in place, or the ones that
/// came with the call; those are copied where the function may write them or they are not aligned.
template <class P>
requires is_view_parameter<P>
class Slot<P> {
 public:
  using T = ViewElement<P>;
  using Element = std::remove_cv_t<T>;
  static_assert(ByteCopied<Element> && alignof(Element) <= segment_alignment_bytes,
                "gangway: the elements of a span parameter must be trivially copyable, without a serialize()");

  Slot(PayloadReader& in, EngineHost& host) {
    if (take_argument_form(in) == ArgumentForm::value) {
      take_elements(in);
    } else {
      named_ = opened_array<T>(host, decode_item<std::string>(in));
    }
  }

  static Slot element(PayloadReader& in) {
    Slot slot;
    slot.take_elements(in);
    return slot;
  }

  std::remove_cvref_t<P> pass() {
    if (!named_) {
      return std::span<T>{elements(), passed_.size() / sizeof(T)};
    }
    return *named_;
  }

  std::remove_cvref_t<P> pass_again() { return pass(); }

 private:
  Slot() = default;

  void take_elements(PayloadReader& in) {
    const auto count = in.take_number<std::uint64_t>();
    passed_ = in.take_elements(count, sizeof(T));
  }

  /// The passed elements where the function may have them; a new copy each time if it may write.
  T* elements() {
    if constexpr (std::is_const_v<T>) {
      if (reinterpret_cast<std::uintptr_t>(passed_.data()) % alignof(T) == 0) {
        return reinterpret_cast<T*>(passed_.data());
      }
    }
    copy_.resize((passed_.size() + sizeof(AlignedBlock) - 1) / sizeof(AlignedBlock));
    if (!passed_.empty()) {
      std::memcpy(copy_.data(), passed_.data(), passed_.size());
    }
    return reinterpret_cast<T*>(copy_.data());
  }

  std::optional<std::span<T>> named_;
  std::span<const std::byte> passed_;
  std::vector<AlignedBlock> copy_;
};

/// The arguments of a call, in order.
template <class Parameters>
struct Slots;
template <class... P>
struct Slots<Types<P...>> {
  Slots([[maybe_unused]] PayloadReader& in, [[maybe_unused]] EngineHost& host) : all{Slot<P>(in, host)...} {}

  std::tuple<Slot<P>...> all;
};

}  // namespace gangway::detail
