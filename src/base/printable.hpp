// Texts of others on their way to a terminal, which obeys some bytes in place of showing them.
#pragma once

#include <string>
#include <string_view>

namespace gangway::base {

/// The text with its control characters written out, as in \\x1b. Letters of UTF-8 and of older encodings stay as
/// they are; a text that was printable before comes back as it was.
std::string printable(std::string_view text);

/// The same, but newlines and tabs stay: for what has lines by right.
std::string printable_lines(std::string_view text);

/// True if the text has something that printable() writes out.
bool has_control_characters(std::string_view text);

}  // namespace gangway::base
