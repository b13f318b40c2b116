// How files look, and what they may call.
#include <algorithm>
#include <cctype>
#include <set>

#include "lint/lint.hpp"

namespace lint {
namespace {

constexpr std::size_t line_letters_max = 118;
constexpr std::size_t file_lines_max = 400;
constexpr std::size_t function_lines_max = 70;

bool is_cpp(const std::string& path) {
  return path.ends_with(".cpp") || path.ends_with(".hpp");
}

bool is_word_letter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

/// Letters, not bytes, of a line in UTF-8.
std::size_t letters(const std::string& line) {
  return static_cast<std::size_t>(
      std::count_if(line.begin(), line.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::size_t indent(const std::string& line) {
  return std::min(line.find_first_not_of(' '), line.size());
}

/// `word` in `text` with no letter of a longer word before it, and none behind it unless it ends in a bracket.
bool has_word(const std::string& text, const std::string& word) {
  for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
    const auto end = at + word.size();
    const bool starts = at == 0 || !is_word_letter(word[0]) || !is_word_letter(text[at - 1]);
    const bool ends = end == text.size() || !is_word_letter(word.back()) || !is_word_letter(text[end]);
    if (starts && ends) return true;
  }
  return false;
}

class Report {
 public:
  explicit Report(const File& file) : file_{file} {}
  void add(std::size_t index, const std::string& text) {
    findings_.push_back(file_.path + ":" + std::to_string(index + 1) + ": " + text);
  }
  void move_to(Findings& all) { all.insert(all.end(), findings_.begin(), findings_.end()); }

 private:
  const File& file_;
  Findings findings_;
};

void check_line(const std::string& line, std::size_t index, Report& report) {
  // Written in two pieces, so that this file does not find itself.
  static const std::vector<std::string> leftovers = {
      "TO"
      "DO",
      "FIX"
      "ME",
      "XX"
      "X"};
  static const std::vector<std::string> machine_paths = {
      "/wor"
      "k",
      "/roo"
      "t"};
  const bool is_table_row = line.starts_with("|");  // of a Markdown table, which cannot be broken
  if (letters(line) > line_letters_max && !is_table_row) report.add(index, "the line is longer than 118 letters");
  if (line.find('\t') != std::string::npos) report.add(index, "a tab; indent with spaces");
  if (!line.empty() && (line.back() == ' ' || line.back() == '\r')) report.add(index, "white space at the end");
  for (const std::string& word : leftovers) {
    if (has_word(line, word)) report.add(index, "a leftover: " + word + "; do it now or open an issue");
  }
  for (const std::string& path : machine_paths) {
    for (auto at = line.find(path); at != std::string::npos; at = line.find(path, at + 1)) {
      const char before = at == 0 ? ' ' : line[at - 1];
      const char after = at + path.size() < line.size() ? line[at + path.size()] : '/';
      if (!is_word_letter(before) && before != '}' && before != '.' && after == '/') {
        report.add(index, "a path of one machine");
      }
    }
  }
}

/// Whether the comment in a header of the same name, perhaps a public one, speaks for this source too.
bool belongs_to_header(const std::string& path, const std::vector<File>& files) {
  const auto name = path.substr(path.rfind('/'), path.rfind('.') - path.rfind('/')) + ".hpp";
  return path.ends_with(".cpp") &&
         std::any_of(files.begin(), files.end(), [&](const File& file) { return file.path.ends_with(name); });
}

/// A function ends at a `}` alone in columns 0 or 2; it starts at the last line before that is indented alike.
void check_functions(const File& file, Report& report) {
  for (const std::size_t column : {std::size_t{0}, std::size_t{2}}) {
    std::size_t start = 0;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      const std::string& line = file.lines[i];
      if (line.empty() || indent(line) != column) continue;
      if (line[column] == '}') {
        const bool ends_function = line.size() == column + 1;
        if (ends_function && i - start + 1 > function_lines_max) {
          report.add(start, "the function has " + std::to_string(i - start + 1) + " lines; at most 70 are allowed");
        }
      } else if (line[column] != '#') {
        start = i;
      }
    }
  }
}

/// A ban: what is not called, in which folders (all if none is named), and what to do instead.
struct Ban {
  std::string call;
  std::vector<std::string> places;
  std::string instead;
};

const std::vector<std::string> pure = {"src/base/", "src/wire/", "src/core/"};
const std::vector<std::string> own = {"src/", "launch/", "include/"};

const std::vector<Ban> bans = {
    {"_clock::now", pure, "take a base::Instant as an argument"},
    {"getenv", pure, "take the setting as an argument"},
    {"std::unordered_map", {"src/core/"}, "use std::map: the order of the core's effects may not depend on a hash"},
    {"std::unordered_set", {"src/core/"}, "use std::set: the order of the core's effects may not depend on a hash"},
    {"rand(", {}, "use a std::mt19937_64 with a known seed"},
    {"srand(", {}, "use a std::mt19937_64 with a known seed"},
    {"system(", own, "start programs in launch/, without a shell"},
    {"popen(", own, "start programs in launch/, without a shell"},
    {"assert(", own, "use GANGWAY_CHECK, which holds in every build"},
    {"sprintf(", {}, "use std::snprintf or std::to_string"},
    {"strcpy(", {}, "use std::string or std::memcpy"},
    {"strcat(", {}, "use std::string"},
    {"gethostbyname(", {}, "use getaddrinfo"},
    {"std::endl", own, "write '\\n'"},
};

bool applies(const Ban& ban, const std::string& path) {
  return ban.places.empty() || std::any_of(ban.places.begin(), ban.places.end(),
                                           [&](const std::string& place) { return path.starts_with(place); });
}

/// Like has_word, for a call: `_clock::now` is found within a word, `rand(` is not found in `operand(`.
bool calls(const std::string& code, const std::string& call) {
  return call[0] == '_' ? code.find(call) != std::string::npos : has_word(code, call);
}

}  // namespace

std::string included_by(const std::string& line) {
  const auto hash = line.find_first_not_of(' ');
  if (hash == std::string::npos || line[hash] != '#') return {};
  const auto word = line.find("include", hash);
  const auto open = line.find_first_of("<\"", hash);
  if (word == std::string::npos || open == std::string::npos || word > open) return {};
  const auto close = line.find_first_of(">\"", open + 1);
  return close == std::string::npos ? std::string{} : line.substr(open, close - open);
}

std::string code_of(const std::string& line) {
  std::string code;
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote != 0) {
      if (c == '\\') ++i;
      if (c == quote) quote = 0;
      continue;
    }
    if (c == '/' && i + 1 < line.size() && line[i + 1] == '/') break;
    const bool separates_digits = c == '\'' && i > 0 && std::isalnum(static_cast<unsigned char>(line[i - 1])) != 0;
    if (c == '"' || (c == '\'' && !separates_digits)) quote = c;
    code += c;
  }
  return code;
}

Findings check_style(const std::vector<File>& files) {
  Findings findings;
  for (const File& file : files) {
    Report report{file};
    for (std::size_t i = 0; i < file.lines.size(); ++i) check_line(file.lines[i], i, report);
    if (is_cpp(file.path)) {
      if (file.lines.size() > file_lines_max) {
        report.add(file_lines_max, "the file has more than 400 lines; a part of it deserves a file of its own");
      }
      check_functions(file, report);
      const bool has_role = !file.lines.empty() && file.lines[0].starts_with("//");
      const bool is_test = file.path.ends_with("_test.cpp");  // its name says it
      if (!has_role && !is_test && !belongs_to_header(file.path, files)) {
        report.add(0, "the first line is no comment that says what the file is for");
      }
      if (file.path.ends_with(".hpp") &&
          std::find(file.lines.begin(), file.lines.end(), "#pragma once") == file.lines.end()) {
        report.add(0, "a header without #pragma once");
      }
    }
    report.move_to(findings);
  }
  return findings;
}

Findings check_calls(const std::vector<File>& files) {
  Findings findings;
  for (const File& file : files) {
    if (!is_cpp(file.path)) continue;
    Report report{file};
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      const std::string code = code_of(file.lines[i]);
      for (const Ban& ban : bans) {
        if (applies(ban, file.path) && calls(code, ban.call)) report.add(i, ban.call + " is banned: " + ban.instead);
      }
      if (file.path.ends_with(".hpp") && has_word(code, "using namespace")) {
        report.add(i, "using namespace in a header is banned: write the names out");
      }
    }
    report.move_to(findings);
  }
  return findings;
}

}  // namespace lint
