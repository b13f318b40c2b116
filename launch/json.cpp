#include "launch/json.hpp"

#include <array>
#include <cstdio>

namespace gangway::launch {

std::string json_text(std::string_view text) {
  std::string json = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      json += '\\';
      json += c;
    } else if (c == '\n') {
      json += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      std::array<char, 8> escape{};
      std::snprintf(escape.data(), escape.size(), "\\u%04x", static_cast<unsigned>(c));
      json += escape.data();
    } else {
      json += c;
    }
  }
  return json + "\"";
}

JsonObject& JsonObject::raw(std::string_view name, const std::string& json) {
  if (!entries_.empty()) entries_ += ", ";
  entries_ += json_text(name) + ": " + json;
  return *this;
}

std::string json_list(const std::vector<std::string>& values) {
  std::string json;
  for (const std::string& value : values) {
    if (!json.empty()) json += ", ";
    json += value;
  }
  return "[" + json + "]";
}

}  // namespace gangway::launch
