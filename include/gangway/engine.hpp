// The engine as a task sees it: a function that takes `gangway::Engine&` first gets the one that it runs on.
#pragma once

#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <typeinfo>
#include <utility>
#include <vector>

#include <gangway/detail/engine_host.hpp>
#include <gangway/ids.hpp>

namespace gangway {

/// The named values of an engine. What a task makes or sets it sees itself at once, others when the task has
/// succeeded; if it fails, they are dropped. References and spans are valid until the task ends. All members throw
/// ValueError when a value is missing, of another type, torn, or does not fit. For the thread that runs the task.
class Namespace {
 public:
  explicit Namespace(detail::EngineHost& host) : host_{&host} {}

  /// A named array in place: `array<const double>("x")` to read; `array<double>("x")` claims it for writing, alone.
  template <class T>
  [[nodiscard]] std::span<T> array(std::string_view name) {
    return detail::opened_array<T>(*host_, name);
  }

  /// A new array of `count` zeros, which replaces any value of that name.
  template <class T>
  std::span<T> make(std::string_view name, std::size_t count) {
    static_assert(!std::is_const_v<T>, "gangway: an array is made to be written; leave the const away");
    const auto description = detail::describe_array<T>();
    if (count > static_cast<std::size_t>(-1) / sizeof(T)) {
      throw ValueError{host_->place_of(name) + " cannot have that many elements"};
    }
    const auto data = host_->make_array(name, description, count * sizeof(T));
    host_->objects().forget_decoded(name);
    return {reinterpret_cast<T*>(data.data()), count};
  }

  /// A value as an object, decoded once for each version in a worker process. Of an array, `std::vector` is a copy.
  template <class T>
  [[nodiscard]] const T& get(std::string_view name) {
    return detail::decoded_value<T>(*host_, name);
  }

  /// A new version of a value: an array if it is contiguous and trivially copyable, else an object.
  template <class T>
  void set(std::string_view name, const T& value) {
    const detail::ValueWriter<T> writer{value};
    const auto description = writer.description();
    const auto data = description.is_array ? host_->make_array(name, description, writer.bytes())
                                           : host_->set_object(name, description, writer.bytes());
    writer.write_to(data);
    host_->objects().forget_decoded(name);
  }

  /// Whether there is such a value.
  [[nodiscard]] bool contains(std::string_view name) {
    for (const std::string& known : host_->names()) {
      if (known == name) {
        return true;
      }
    }
    return false;
  }

  /// Removes a value; whether there was one.
  bool erase(std::string_view name) {
    host_->objects().forget_decoded(name);
    return host_->erase(name);
  }

  /// All names, in alphabetical order.
  [[nodiscard]] std::vector<std::string> names() { return host_->names(); }

 private:
  detail::EngineHost* host_;
};

/// The engine that runs the task. For the thread that runs the task, until it ends.
class Engine {
 public:
  explicit Engine(detail::EngineHost& host) : host_{host}, names_{host} {}
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Its number in the cluster.
  [[nodiscard]] EngineId id() const { return host_.id(); }

  /// The host that it runs on.
  [[nodiscard]] const std::string& host() const { return host_.host(); }

  /// Its named values.
  [[nodiscard]] Namespace& names() { return names_; }

  /// The object under `key`, made by `factory()` the first time in this worker process, and again wherever it is
  /// missing: it dies with the process. Throws ValueError if the key holds another type, and what the factory throws.
  template <class T, class Factory>
  T& cached(std::string_view key, Factory&& factory) {
    const std::type_info& type = typeid(T);
    detail::ProcessObjects& objects = host_.objects();
    if (void* known = objects.find_cached(key, type)) {
      return *static_cast<T*>(known);
    }
    std::shared_ptr<void> made{new T(std::forward<Factory>(factory)())};
    return *static_cast<T*>(objects.keep_cached(key, type, std::move(made)));
  }

  /// For Gangway's own use.
  [[nodiscard]] detail::EngineHost& port() { return host_; }

 private:
  detail::EngineHost& host_;
  Namespace names_;
};

}  // namespace gangway
