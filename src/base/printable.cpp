#include "base/printable.hpp"

#include <cstddef>

namespace gangway::base {
namespace {

unsigned byte_at(std::string_view text, std::size_t place) {
  return static_cast<unsigned char>(text[place]);
}

/// How many bytes the character of UTF-8 at this place has; 0 if there is none.
std::size_t character_bytes(std::string_view text, std::size_t place) {
  const unsigned first = byte_at(text, place);
  std::size_t bytes = 0;
  if (first < 0x80) bytes = 1;
  if (first >= 0xc2 && first < 0xe0) bytes = 2;
  if (first >= 0xe0 && first < 0xf0) bytes = 3;
  if (first >= 0xf0 && first < 0xf5) bytes = 4;
  if (place + bytes > text.size()) return 0;
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte_at(text, place + i) & 0xc0) != 0x80) return 0;
  }
  return bytes;
}

/// Besides those of ASCII there are the control characters 0x80 to 0x9f, which are one byte in older encodings and
/// two in UTF-8: 0x9b is "escape [" in one. Within other characters of UTF-8 such a byte is harmless.
bool is_control(std::string_view text, std::size_t place, std::size_t bytes) {
  const unsigned first = byte_at(text, place);
  if (bytes == 0) return first >= 0x80 && first < 0xa0;
  if (bytes == 2) return first == 0xc2 && byte_at(text, place + 1) < 0xa0;
  return bytes == 1 && (first < 0x20 || first == 0x7f);
}

std::string written_out(std::string_view text, std::string_view kept) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (std::size_t place = 0; place < text.size();) {
    const std::size_t bytes = character_bytes(text, place);
    const std::string_view character = text.substr(place, bytes == 0 ? 1 : bytes);
    if (is_control(text, place, bytes) && kept.find(character) == std::string_view::npos) {
      for (const char c : character) {
        const auto value = static_cast<unsigned char>(c);
        out += "\\x";
        out += digits[value >> 4U];
        out += digits[value & 15U];
      }
    } else {
      out += character;
    }
    place += character.size();
  }
  return out;
}

}  // namespace

std::string printable(std::string_view text) {
  return written_out(text, {});
}

std::string printable_lines(std::string_view text) {
  return written_out(text, "\n\t");
}

bool has_control_characters(std::string_view text) {
  return printable(text) != text;
}

}  // namespace gangway::base
