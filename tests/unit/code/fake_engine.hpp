// An engine in the test's own process: named values in a map, calls without a network.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <gangway/function.hpp>

namespace gangway::test {

/// Bytes that begin on a 64-byte boundary.
class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  explicit AlignedBuffer(std::size_t bytes) : blocks_((bytes + 63) / 64), bytes_{bytes} {}
  [[nodiscard]] std::span<std::byte> span() { return {reinterpret_cast<std::byte*>(blocks_.data()), bytes_}; }

 private:
  std::vector<detail::AlignedBlock> blocks_;
  std::size_t bytes_ = 0;
};

inline AlignedBuffer written(const detail::PayloadWriter& writer) {
  AlignedBuffer buffer{writer.bytes()};
  writer.write_to(buffer.span());
  return buffer;
}

class FakeEngine final : public detail::EngineHost {
 public:
  [[nodiscard]] EngineId id() const override { return EngineId{3}; }
  [[nodiscard]] const std::string& host() const override { return host_; }

  detail::OpenedValue open(std::string_view name, bool for_writing) override {
    ++opened;
    const auto found = values_.find(name);
    if (found == values_.end()) {
      throw ValueError{place_of(name) + " does not exist"};
    }
    Value& value = *found->second;
    if (for_writing) {
      value.version = ++versions_;
      value.changing = true;
    }
    return {.is_array = value.is_array,
            .type = value.type,
            .element_bytes = value.element_bytes,
            .version = value.version,
            .changing = value.changing,
            .data = value.data.span()};
  }
  std::span<std::byte> make_array(std::string_view name, const detail::ValueDescription& description,
                                  std::size_t bytes) override {
    return make(name, description, bytes);
  }
  std::span<std::byte> set_object(std::string_view name, const detail::ValueDescription& description,
                                  std::size_t bytes) override {
    return make(name, description, bytes);
  }
  bool erase(std::string_view name) override {
    const auto found = values_.find(name);
    if (found == values_.end()) {
      return false;
    }
    values_.erase(found);
    return true;
  }
  [[nodiscard]] std::vector<std::string> names() override {
    std::vector<std::string> names;
    for (const auto& [name, value] : values_) {
      names.push_back(name);
    }
    return names;
  }
  [[nodiscard]] detail::ProcessObjects& objects() override { return objects_; }

  void end_call() {
    for (auto& [name, value] : values_) {
      value->changing = false;
    }
    objects_.end_call();
  }

  int opened = 0;

 private:
  struct Value {
    bool is_array = false;
    std::string type;
    std::size_t element_bytes = 0;
    std::uint64_t version = 0;
    bool changing = false;
    AlignedBuffer data;
  };

  std::span<std::byte> make(std::string_view name, const detail::ValueDescription& description, std::size_t bytes) {
    auto value = std::make_shared<Value>();
    *value = {description.is_array, description.type, description.element_bytes, ++versions_, false,
              AlignedBuffer{bytes}};
    const auto data = value->data.span();
    kept_.push_back(value);
    values_.insert_or_assign(std::string{name}, std::move(value));
    return data;
  }

  std::string host_ = "node7";
  std::uint64_t versions_ = 0;
  std::map<std::string, std::shared_ptr<Value>, std::less<>> values_;
  std::vector<std::shared_ptr<Value>> kept_;
  detail::ProcessObjects objects_;
};

/// Notes what a stub tells its worker.
class FakePort final : public detail::CallPort {
 public:
  void started() override { ++starts; }
  void returned() override { ++returns; }
  void deliver(const detail::PayloadWriter& writer) override { result = written(writer); }

  int starts = 0;
  int returns = 0;
  AlignedBuffer result;
};

/// Runs `callable(args...)` at the engine as a client's call would be: encoded, found among stubs, decoded.
template <class Callable, class... Args>
auto call_at(FakeEngine& host, const Callable& callable, const Args&... args) {
  using Types = detail::CallTypes<Callable, Args...>;
  static_cast<void>(detail::call_stub<Callable, Args...>());
  detail::PayloadWriter writer;
  detail::encode_call(writer, callable, args...);
  AlignedBuffer payload = written(writer);
  Engine engine{host};
  FakePort port;
  detail::CallStub<Callable, typename Types::Signature>::run(payload.span(), engine, port);
  host.end_call();
  return detail::decode_call_result<detail::CallResult<Callable, Args...>>(port.result.span());
}

template <class Callable, class... Args>
auto call(const Callable& callable, const Args&... args) {
  FakeEngine host;
  return call_at(host, callable, args...);
}

/// Runs a chunk.
template <class Callable, class Range, class... Args>
auto map_at(FakeEngine& host, const Callable& callable, const Range& elements, const Args&... args) {
  using Element = std::ranges::range_value_t<Range>;
  using Types = detail::CallTypes<Callable, Element, Args...>;
  static_cast<void>(detail::map_stub<Callable, Element, Args...>());
  detail::PayloadWriter writer;
  detail::encode_map_call(writer, callable, std::ranges::begin(elements), std::ranges::end(elements), args...);
  AlignedBuffer payload = written(writer);
  Engine engine{host};
  FakePort port;
  detail::MapStub<Callable, typename Types::Signature>::run(payload.span(), engine, port);
  host.end_call();
  return detail::decode_map_result<detail::MapResultOf<Callable, Element, Args...>>(port.result.span());
}

}  // namespace gangway::test
