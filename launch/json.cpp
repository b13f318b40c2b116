#include "launch/json.hpp"

#include <array>
#include <cstdio>

namespace gangway::launch {

namespace {

// How many bytes belong to the letter that the text begins with, if it begins with one that has several.
std::size_t letter_bytes(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const std::size_t count = byte(0) >= 0xf0 ? 4 : byte(0) >= 0xe0 ? 3 : 2;
  if (byte(0) < 0xc2 || byte(0) > 0xf4) return 0;
  for (std::size_t i = 1; i < count; ++i) {
    if ((byte(i) & 0xc0U) != 0x80U) return 0;
  }
  return count;
}

}  // namespace

std::string json_text(std::string_view text) {
  std::string json = "\"";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"' || c == '\\') {
      json += '\\';
      json += c;
    } else if (c == '\n') {
      json += "\\n";
    } else if (static_cast<unsigned char>(c) >= 0x80) {
      const std::size_t count = letter_bytes(text.substr(i));
      json += count == 0 ? "\\ufffd" : text.substr(i, count);
      i += count == 0 ? 0 : count - 1;
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
