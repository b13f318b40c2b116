#include "code/names.hpp"

#include <cxxabi.h>

#include <cstdlib>
#include <memory>
#include <string_view>

#include <gangway/detail/payload.hpp>
#include <gangway/function.hpp>

namespace gangway {

namespace {

/// What stands between a prefix and the closing bracket; the whole text if it does not begin so.
std::string without_wrapping(std::string text, std::string_view prefix, std::string_view suffix) {
  if (text.starts_with(prefix) && text.ends_with(suffix)) {
    text.erase(text.size() - suffix.size());
    text.erase(0, prefix.size());
    while (text.ends_with(' ')) {
      text.pop_back();
    }
  }
  return text;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != text.npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

/// Removes each ", std::less<...>" or the like: template arguments that nobody writes.
void remove_argument(std::string& text, std::string_view begin) {
  for (std::size_t at = text.find(begin); at != text.npos; at = text.find(begin, at)) {
    std::size_t end = at + begin.size();
    for (int depth = 1; depth > 0 && end < text.size(); ++end) {
      depth += text[end] == '<' ? 1 : text[end] == '>' ? -1 : 0;
    }
    text.erase(at, end - at);
  }
}

/// Library types as they are written in programs.
std::string shortened(std::string text) {
  replace_all(text, "std::__cxx11::", "std::");
  replace_all(text, "std::basic_string<char, std::char_traits<char>, std::allocator<char> >", "std::string");
  replace_all(text, "std::basic_string_view<char, std::char_traits<char> >", "std::string_view");
  replace_all(text, ", 18446744073709551615ul>", ">");  // a span's dynamic extent
  for (const std::string_view argument :
       {", std::allocator<", ", std::less<", ", std::hash<", ", std::equal_to<", ", std::char_traits<"}) {
    remove_argument(text, argument);
  }
  replace_all(text, " >", ">");
  return text;
}

}  // namespace

std::string detail::demangle(const char* mangled) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text{abi::__cxa_demangle(mangled, nullptr, nullptr, &status),
                                                         &std::free};
  return status == 0 ? shortened(text.get()) : mangled;
}

std::string detail::readable_function(const char* stub_name) {
  // Function<f> in mangled form holds the mangled f, which alone reads better than inside: with its parameters.
  constexpr std::string_view before = "N7gangway8FunctionIXadL";
  constexpr std::string_view behind = "EEEE";
  const std::string_view name{stub_name};
  if (!name.starts_with(before) || !name.ends_with(behind)) {
    return demangle(stub_name);
  }
  std::string inner{name.substr(before.size(), name.size() - before.size() - behind.size())};
  // Alone, a function of namespace gangway lacks what the shorthand S_ stood for.
  constexpr std::string_view shorthand = "_ZNS_";
  if (inner.starts_with(shorthand)) inner.replace(0, shorthand.size(), "_ZN7gangway");
  const std::string text = demangle(inner.c_str());
  return text == inner ? demangle(stub_name) : text;
}

std::string code::readable_signature(const char* signature) {
  std::string text = detail::demangle(signature);
  text = without_wrapping(std::move(text), "gangway::detail::CallOf<", ">");
  return without_wrapping(std::move(text), "gangway::detail::MapOf<", ">");
}

bool code::is_local_name(const char* name) {
  const std::string_view mangled{name};
  if (mangled.find("L_ZL") != mangled.npos || mangled.find("_GLOBAL__N_") != mangled.npos) {
    return true;
  }
  const std::string readable = detail::demangle(name);
  return readable.find("{lambda(") != readable.npos || readable.find("'lambda") != readable.npos ||
         mangled.find("$_") != mangled.npos;
}

}  // namespace gangway
