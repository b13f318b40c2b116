// Writing JSON, with numbers as numbers (Boost.PropertyTree, which reads it, would write them as texts).
#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <vector>

namespace gangway::launch {

/// A text as JSON has it, quotes included. What is no UTF-8 in it is lost: a sign stands in its place that says so.
std::string json_text(std::string_view text);

/// An object that is written entry by entry; the order is kept.
class JsonObject {
 public:
  JsonObject& text(std::string_view name, std::string_view value) { return raw(name, json_text(value)); }
  JsonObject& number(std::string_view name, std::integral auto value) { return raw(name, std::to_string(value)); }

  /// `json` is JSON already.
  JsonObject& raw(std::string_view name, const std::string& json);

  [[nodiscard]] std::string to_string() const { return "{" + entries_ + "}"; }

 private:
  std::string entries_;
};

/// A list of values that are JSON already.
std::string json_list(const std::vector<std::string>& values);

}  // namespace gangway::launch
