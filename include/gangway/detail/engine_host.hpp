// What an Engine stands on: the worker process gives it one of these.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <typeinfo>
#include <utility>
#include <vector>

#include <gangway/api.hpp>
#include <gangway/ids.hpp>
#include <gangway/value.hpp>

namespace gangway::detail {

/// The C++ objects that a worker process keeps between calls: decoded named values, and what tasks cache. They end
/// with the process. Types are told apart by their std::type_info objects, not by name: two builds of a program in
/// one worker may have classes of one name and different content. Used by the thread that runs tasks.
class GANGWAY_API ProcessObjects {
 public:
  ProcessObjects();
  ~ProcessObjects();

  /// The object cached under a key by this build of the program, or null. Throws ValueError if the key holds an
  /// object of another type.
  void* find_cached(std::string_view key, const std::type_info& type) const;

  /// Keeps an object that find_cached() did not find; returns it.
  void* keep_cached(std::string_view key, const std::type_info& type, std::shared_ptr<void> object);

  /// The decoded object of exactly this version of a value, or null.
  const void* find_decoded(std::string_view name, std::uint64_t version, const std::type_info& type) const;

  /// Keeps a decoded object; returns it. One that it replaces lives until end_call().
  const void* keep_decoded(std::string_view name, std::uint64_t version, const std::type_info& type,
                           std::shared_ptr<const void> object);

  /// The value changes: the next reader decodes it anew. References that were handed out stay good until end_call().
  void forget_decoded(std::string_view name);

  /// Frees what only references of the call kept alive.
  void end_call() { replaced_.clear(); }

 private:
  struct Cached {
    const std::type_info* type;
    std::shared_ptr<void> object;
  };
  struct Decoded {
    const std::type_info* type;
    std::uint64_t version;
    std::shared_ptr<const void> object;
  };

  std::map<std::string, std::vector<Cached>, std::less<>> cached_;  // one for each build of the type
  std::map<std::string, Decoded, std::less<>> decoded_;
  std::vector<std::shared_ptr<const void>> replaced_;
};

/// A named value that was opened.
struct OpenedValue {
  bool is_array = false;
  std::string type;
  std::size_t element_bytes = 0;
  std::uint64_t version = 0;
  bool changing = false;  // this call has claimed it for writing
  std::span<std::byte> data;

  [[nodiscard]] ValueView view() const { return {is_array, type, element_bytes, data}; }
};

/// The engine as a call sees it. All members but those of ProcessObjects throw ValueError when the engine says no.
class GANGWAY_API EngineHost {
 public:
  virtual ~EngineHost();

  [[nodiscard]] virtual EngineId id() const = 0;
  [[nodiscard]] virtual const std::string& host() const = 0;

  /// Opens a value for this call. For writing it must be an array, and nobody else has it meanwhile.
  virtual OpenedValue open(std::string_view name, bool for_writing) = 0;

  /// A new array of zeros; 64-byte aligned.
  virtual std::span<std::byte> make_array(std::string_view name, const ValueDescription& description,
                                          std::size_t bytes) = 0;

  /// A new object; the caller writes its payload into the result.
  virtual std::span<std::byte> set_object(std::string_view name, const ValueDescription& description,
                                          std::size_t bytes) = 0;

  /// Whether there was one.
  virtual bool erase(std::string_view name) = 0;

  /// In alphabetical order.
  [[nodiscard]] virtual std::vector<std::string> names() = 0;

  [[nodiscard]] virtual ProcessObjects& objects() = 0;

  /// `'x' of engine 3 on node7`, for errors.
  [[nodiscard]] std::string place_of(std::string_view name) const;
};

/// A named value as a const T&, decoded at most once for each version in this process; valid until the call ends.
template <class T>
const T& decoded_value(EngineHost& host, std::string_view name) {
  const OpenedValue value = host.open(name, false);
  const std::type_info& type = typeid(T);
  ProcessObjects& objects = host.objects();
  if (!value.changing) {
    if (const void* known = objects.find_decoded(name, value.version, type)) {
      return *static_cast<const T*>(known);
    }
  }
  auto object = std::make_shared<const T>(read_value<T>(value.view(), host.place_of(name)));
  const void* kept = objects.keep_decoded(name, value.version, type, std::move(object));
  if (value.changing) {
    objects.forget_decoded(name);  // what the call writes next must be seen by the next reader
  }
  return *static_cast<const T*>(kept);
}

/// A named array in place, claimed for writing unless T is const.
template <class T>
std::span<T> opened_array(EngineHost& host, std::string_view name) {
  using Element = std::remove_const_t<T>;
  const std::string place = host.place_of(name);
  const OpenedValue value = host.open(name, !std::is_const_v<T>);
  require_type(value.view(), describe_array<Element>(), place);
  if constexpr (!std::is_const_v<T>) {
    host.objects().forget_decoded(name);
  }
  return {reinterpret_cast<T*>(value.data.data()), value.data.size() / sizeof(T)};
}

}  // namespace gangway::detail
