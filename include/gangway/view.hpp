// What a client acts through. Views are small values: copies stand for the same engines, and all threads may use one
// view, and its copies, together. They may outlive their Client, but then throw ConnectionError.
//
// All members hand a task over and return a Future at once; they wait only as long as more than 256 MiB or a million
// tasks wait in this process to be sent. They throw Error if an object is larger than 64 MiB or a name cannot be one,
// and ConnectionError if the gateway is gone. A Future may be thrown away: if what it stands for fails, later tasks
// that need it fail and say so.
#pragma once

#include <cstddef>
#include <iterator>
#include <memory>
#include <ranges>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <gangway/api.hpp>
#include <gangway/detail/lazy_map.hpp>
#include <gangway/detail/view_core.hpp>
#include <gangway/detail/view_results.hpp>
#include <gangway/function.hpp>
#include <gangway/future.hpp>
#include <gangway/ids.hpp>
#include <gangway/map_future.hpp>
#include <gangway/options.hpp>
#include <gangway/value.hpp>

namespace gangway {

/// One engine.
class EngineView {
 public:
  explicit EngineView(detail::ViewCore core) : core_{std::move(core)} {}

  [[nodiscard]] EngineId id() const { return core_.engines().front(); }

  /// The view with options: `client.engine(id).with(label("phase 2"), at_most_once())`. Throws Error if a label is
  /// too long.
  template <class... Options>
  requires(sizeof...(Options) > 0) [[nodiscard]] EngineView with(Options... options) const {
    EngineView view = *this;
    (view.set(std::move(options)), ...);
    return view;
  }

  /// Calls `callable(args...)` on the engine, after what this client asked of it before. `callable` is fn<f>, or a
  /// lambda with trivially copyable captures; named("x") as an argument stands for the engine's own x.
  template <class Callable, class... Args>
  auto apply(const Callable& callable, const Args&... args) const {
    using R = detail::CallResult<Callable, Args...>;
    return Future<R>{detail::call(core_, callable, args...), &detail::first_result<R>};
  }

  /// Sets a named value: an array if it is contiguous and trivially copyable, else an object.
  template <class T>
  Future<void> push(std::string_view name, const T& value) const {
    return {core_.push(name, detail::describe_value<T>(), detail::ByteSource{detail::ValueWriter<T>{value}}),
            &detail::no_result};
  }

  /// Reads a named value.
  template <class T>
  Future<T> pull(std::string_view name) const {
    return {core_.pull(name), &detail::first_value<T>};
  }

 private:
  void set(Label option) { core_ = core_.with(std::move(option)); }
  void set(AtMostOnce option) { core_ = core_.with(option); }

  detail::ViewCore core_;
};

/// Several engines, in an order. Each operation runs on all of them: a Future of an R of one engine is a Future of a
/// vector of them, in that order. Operations on one engine happen in the order they were asked for.
class DirectView {
 public:
  explicit DirectView(detail::ViewCore core) : core_{std::move(core)} {}

  [[nodiscard]] const std::vector<EngineId>& ids() const { return core_.engines(); }
  [[nodiscard]] std::size_t size() const { return core_.engines().size(); }

  /// The view with options: `client.all().with(label("phase 2"), at_most_once())`. Throws Error if a label is too
  /// long.
  template <class... Options>
  requires(sizeof...(Options) > 0) [[nodiscard]] DirectView with(Options... options) const {
    DirectView view = *this;
    (view.set(std::move(options)), ...);
    return view;
  }

  /// Calls `callable(args...)` on each engine; see EngineView::apply().
  template <class Callable, class... Args>
  auto apply(const Callable& callable, const Args&... args) const {
    using R = detail::CallResult<Callable, Args...>;
    return Future<detail::OfEach<R>>{detail::call(core_, callable, args...), &detail::all_results<R>};
  }

  /// Sets a named value on each engine, with one upload.
  template <class T>
  Future<void> push(std::string_view name, const T& value) const {
    return {core_.push(name, detail::describe_value<T>(), detail::ByteSource{detail::ValueWriter<T>{value}}),
            &detail::no_result};
  }

  /// Reads a named value of each engine.
  template <class T>
  Future<std::vector<T>> pull(std::string_view name) const {
    return {core_.pull(name), &detail::all_values<T>};
  }

  /// Cuts a range into contiguous blocks, whose sizes differ by one at most, and sets each engine's `name` to its
  /// block.
  template <std::ranges::forward_range Range>
  Future<void> scatter(std::string_view name, Range&& range) const {
    return {detail::scatter(core_, name, range), &detail::no_result};
  }

  /// Reads a named array, or a named list of objects, of each engine and puts them together in the engines' order.
  template <class T>
  Future<std::vector<T>> gather(std::string_view name) const {
    return {core_.pull(name), &detail::joined_values<T>};
  }

 private:
  void set(Label option) { core_ = core_.with(std::move(option)); }
  void set(AtMostOnce option) { core_ = core_.with(option); }

  detail::ViewCore core_;
};

/// Whichever engine is free.
class BalancedView {
 public:
  explicit BalancedView(detail::ViewCore core) : core_{std::move(core)} {}

  /// The view with other options: `any.with(label("phase 2"), chunk(100), retries(2))`; see options.hpp for all.
  /// Throws Error if one is not possible, or if two contradict each other.
  template <class... Options>
  requires(sizeof...(Options) > 0) [[nodiscard]] BalancedView with(Options... options) const {
    BalancedView view = *this;
    (view.set(std::move(options)), ...);
    return view;
  }

  /// Calls `callable(args...)` on an engine; see EngineView::apply(). With named("x") it runs only where there is an
  /// x.
  template <class Callable, class... Args>
  auto apply(const Callable& callable, const Args&... args) const {
    using R = detail::CallResult<Callable, Args...>;
    return Future<R>{detail::call(core_, callable, args...), &detail::first_result<R>};
  }

  /// Calls `callable(element, args...)` for each element of a range. The results are in the range's order. The range
  /// is read and sent here, as a whole; see as_completed() for one that is too large for that.
  template <class Callable, std::ranges::forward_range Range, class... Args>
  auto map(const Callable& callable, Range&& range, const Args&... args) const {
    using Element = std::ranges::range_value_t<Range>;
    using R = detail::MapResultOf<Callable, Element, Args...>;
    detail::MapBuilder builder{core_, detail::callee_of(detail::map_stub<Callable, Element, Args...>(), callable),
                               detail::names_of(args...), static_cast<std::size_t>(std::ranges::distance(range)),
                               chunk_.elements};
    auto first = std::ranges::begin(range);
    while (const std::size_t elements = builder.next_elements()) {
      const auto last = std::ranges::next(first, static_cast<std::ranges::range_difference_t<Range>>(elements));
      detail::PayloadWriter writer;
      detail::encode_map_call(writer, callable, first, last, args...);
      if (builder.add(detail::ByteSource{writer})) {
        first = last;
      }
    }
    return MapFuture<R>{builder.finish()};
  }

  /// The same for a range that may be huge, or that can be read only once: `for (auto [index, value] :
  /// any.as_completed(fn<cost>, range, 3))` gives the elements as they are done. Elements are read and sent as the
  /// results are taken, a few chunks for each engine ahead and 64 MiB at most, so memory stays flat however slowly
  /// they are taken. begin() and ++ read the range, in the thread that calls them; if reading throws, they do.
  ///
  /// An lvalue is kept by reference and has to live as long as the result; an rvalue and the arguments are kept.
  template <class Callable, std::ranges::input_range Range, class... Args>
  auto as_completed(const Callable& callable, Range&& range, const Args&... args) const {
    using R = detail::MapResultOf<Callable, std::ranges::range_value_t<Range>, detail::KeptArgument<Args>...>;
    using Map = detail::LazyMap<Callable, Range, detail::KeptArgument<Args>...>;
    auto map = std::make_shared<Map>(core_, chunk_.elements, callable, std::forward<Range>(range), args...);
    return CompletedElements<R>{[map = std::move(map)] { return map->next(); }};
  }

 private:
  void set(Chunk option) { chunk_ = option; }
  void set(Label option) { core_ = core_.with(std::move(option)); }
  void set(Retries option) { core_ = core_.with(option); }
  void set(AtMostOnce option) { core_ = core_.with(option); }
  void set(Key option) { core_ = core_.with(std::move(option)); }
  template <Follows How>
  void set(After<How> option) {
    core_ = core_.with(How, std::move(option.tasks));
  }

  detail::ViewCore core_;
  Chunk chunk_;
};

}  // namespace gangway
