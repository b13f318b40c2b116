// What pure libraries may need from outside, judged by the names of undefined symbols.
#include <algorithm>

#include "lint/lint.hpp"

namespace lint {
namespace {

/// Parts of the C++ library that reach the world. Looked for before harmless_starts.
const std::vector<std::string> reaching = {
    "std::chrono::", "std::thread",        "std::this_thread", "std::filesystem", "std::condition_variable",
    "std::__future", "std::random_device", "fstream",          "filebuf",         "std::cout",
    "std::cin",      "std::cerr",          "std::clog",        "std::getenv",     "std::ios_base::Init",
};

/// Memory, strings, exceptions, the ways to end with a message, sanitizers, and the project itself.
const std::vector<std::string> harmless_starts = {
    "gangway::",
    "std::",
    "operator new",
    "operator delete",
    "__cxa_",
    "__gxx_personality",
    "_Unwind_",
    "__cxxabiv1",
    "mem",
    "__mem",
    "str",
    "bcmp",
    "__stack_chk",
    "__dso_handle",
    "_GLOBAL_OFFSET_TABLE_",
    "abort",
    "fprintf",
    "__fprintf_chk",
    "stderr",
    "snprintf",
    "__snprintf_chk",
    "__asan_",
    "__ubsan_",
    "__tsan_",
    "__dynamic_cast",
    "__libc_single_threaded",
    "__tls_get_addr",
    "__popcount",
    "__gcov",
    "floor",
    "ceil",
};

/// nm puts such words before the names of what the compiler makes.
const std::vector<std::string> prefixes = {"vtable for ", "typeinfo for ", "typeinfo name for ", "VTT for ",
                                           "guard variable for "};

/// The symbol in a line of nm; empty for the names of archive members and empty lines.
std::string symbol_of(const std::string& line) {
  const auto mark = line.find(" U ");
  if (mark == std::string::npos) return {};
  std::string symbol = line.substr(mark + 3);
  for (const std::string& prefix : prefixes) {
    if (symbol.starts_with(prefix)) symbol = symbol.substr(prefix.size());
  }
  return symbol.substr(0, symbol.find('@'));
}

bool is_harmless(const std::string& symbol) {
  const auto starts = [&](const std::string& start) { return symbol.starts_with(start); };
  if (symbol.starts_with("gangway::")) return true;  // also when a parameter has the type of something below
  // A template's name starts with its return type; only what is called matters, which is before the bracket.
  const std::string name = symbol.substr(0, symbol.find('('));
  const auto inside = [&](const std::string& part) { return name.find(part) != std::string::npos; };
  if (std::any_of(reaching.begin(), reaching.end(), inside)) return false;
  return std::any_of(harmless_starts.begin(), harmless_starts.end(), starts) || inside("std::") ||
         inside("gangway::");
}

}  // namespace

Findings check_symbols(const std::string& library, const std::vector<std::string>& nm_lines) {
  Findings findings;
  for (const std::string& line : nm_lines) {
    const std::string symbol = symbol_of(line);
    if (symbol.empty() || is_harmless(symbol)) continue;
    const std::string text = library + ": is pure but needs " + symbol;
    if (std::find(findings.begin(), findings.end(), text) == findings.end()) findings.push_back(text);
  }
  return findings;
}

}  // namespace lint
