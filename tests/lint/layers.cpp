// Who may include whom, and what is built.
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <sstream>

#include "lint/lint.hpp"

namespace lint {
namespace {

using Names = std::set<std::string>;

/// The layers. `public` stands for include/gangway without ids.hpp, which everybody may include.
const std::map<std::string, Names> allowed_folders = {
    {"base", {}},
    {"wire", {"base"}},
    {"os", {"base"}},
    {"core", {"base", "wire"}},
    {"journal", {"base", "os", "wire", "core"}},
    {"tls", {"base", "os", "wire"}},
    {"mpi", {"base", "os", "wire", "keeper"}},  // the flags of sleeping ranks stand in the keeper's node page
    {"keeper", {"base", "os", "wire"}},
    {"code", {"base", "wire", "public"}},
    {"launch", {"base", "os", "wire", "tls", "public"}},
    {"engine", {"base", "os", "wire", "mpi", "keeper"}},
    {"gateway", {"base", "os", "wire", "core", "tls", "mpi", "keeper"}},  // keeper: how a rank ended, in words
    {"worker", {"base", "os", "wire", "keeper", "code", "public"}},
    {"client", {"base", "os", "wire", "tls", "code", "launch", "public"}},
    {"app",
     {"base", "os", "wire", "core", "journal", "tls", "mpi", "keeper", "code", "launch", "engine", "gateway",
      "worker", "client", "public"}},
    {"include", {"public"}},
};

/// A family of foreign headers: how their names start, and the folders that may include them.
struct Foreign {
  std::string start;
  Names folders;
};

const std::vector<Foreign> foreign_headers = {
    {"<boost/asio/ssl", {"tls"}}, {"<boost/asio", {"tls", "mpi", "gateway", "engine", "client", "launch", "app"}},
    {"<openssl/", {"tls"}},       {"<mpi.h", {"mpi"}},
    {"<boost/mpi", {}},           {"<sqlite3", {"journal"}},
};

/// Starts of headers by which pure code would reach the world.
const std::vector<std::string> impure_headers = {
    "<sys/",       "<unistd",  "<fcntl",        "<poll",       "<netinet/",
    "<arpa/",      "<pthread", "<signal",       "<csignal",    "<thread",
    "<mutex",      "<future",  "<random",       "<fstream",    "<condition_variable",
    "<filesystem", "<chrono",  "<ctime",        "<time.h",     "<iostream",
    "<boost/",     "<atomic",  "<shared_mutex", "<stop_token", "<unordered_",
};

/// Starts of headers that only some systems have; `client`, `wire` and `tls` keep them in one file, so that a client
/// for another system replaces that file alone.
const std::vector<std::string> system_headers = {"<sys/",  "<unistd", "<fcntl",   "<linux/", "<poll",  "<netinet/",
                                                 "<arpa/", "<netdb",  "<pthread", "<sched",  "<dlfcn", "<link.h",
                                                 "<elf",   "<pwd",    "<csignal", "<signal"};
constexpr const char* system_file = "src/client/system_linux.cpp";

bool is_portable(const std::string& path) {
  const Names folders = {"src/client/", "src/wire/", "src/tls/", "include/"};
  return path != system_file && std::any_of(folders.begin(), folders.end(),
                                            [&](const std::string& folder) { return path.starts_with(folder); });
}

bool is_pure(const std::string& folder) {
  return folder == "base" || folder == "wire" || folder == "core";
}

bool starts_with_any(const std::string& header, const std::vector<std::string>& starts) {
  return std::any_of(starts.begin(), starts.end(),
                     [&](const std::string& start) { return header.starts_with(start); });
}

/// The layer a file belongs to: a folder of src/, launch or include; nothing for tests and examples.
std::optional<std::string> layer_of(const std::string& path) {
  if (path.starts_with("launch/")) return "launch";
  if (path.starts_with("include/")) return "include";
  if (!path.starts_with("src/")) return std::nullopt;
  const auto end = path.find('/', 4);
  if (end == std::string::npos) return std::nullopt;
  return path.substr(4, end - 4);
}

bool is_source(const std::string& path) {
  return path.ends_with(".cpp") || path.ends_with(".hpp");
}

/// The layer an include reaches into; nothing if it is the system's or another library's.
std::optional<std::string> target_layer(const std::string& header) {
  if (header == "<gangway/ids.hpp" || header == "<gangway/api.hpp") return std::nullopt;
  if (header.starts_with("<gangway/")) return "public";
  if (!header.starts_with('"')) return std::nullopt;
  return header.substr(1, header.find('/') - 1);
}

std::string join(const Names& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "nothing" : text;
}

/// What is wrong with an include in a file of this layer; empty if nothing is.
std::string objection(const std::string& layer, const std::string& header) {
  const auto rule = allowed_folders.find(layer);
  if (rule == allowed_folders.end()) return "folder " + layer + " has no rule; add it to tests/lint/layers.cpp";
  if (layer == "include" && header.starts_with('"')) return "public headers include each other as <gangway/...>";
  const auto target = target_layer(header);
  if (target && *target != layer && !rule->second.contains(*target)) {
    return layer + " may not include " + header.substr(1) + " (it may use " + join(rule->second) + ")";
  }
  const auto family = std::find_if(foreign_headers.begin(), foreign_headers.end(),
                                   [&](const Foreign& foreign) { return header.starts_with(foreign.start); });
  if (family != foreign_headers.end() && !family->folders.contains(layer)) {
    return header.substr(1) + " may only be included in " + join(family->folders);
  }
  if (is_pure(layer) && starts_with_any(header, impure_headers)) {
    return layer + " is pure and may not include " + header.substr(1);
  }
  return {};
}

/// The words of a CMake file, without comments; a closing bracket is a word.
std::vector<std::string> words_of(const File& file) {
  std::vector<std::string> words;
  for (const std::string& line : file.lines) {
    std::string text = line.substr(0, line.find('#'));
    for (auto at = text.find_first_of("()"); at != std::string::npos; at = text.find_first_of("()", at + 3)) {
      text.replace(at, 1, text[at] == ')' ? " ) " : "   ");
    }
    std::istringstream stream{text};
    for (std::string word; stream >> word;) words.push_back(word);
  }
  return words;
}

/// Whether a word ends the list that a keyword has begun.
bool ends_list(const std::string& word) {
  const auto is_capital = [](char c) { return (c >= 'A' && c <= 'Z') || c == '_'; };
  return word == ")" || std::all_of(word.begin(), word.end(), is_capital);
}

}  // namespace

Findings check_includes(const std::vector<File>& files) {
  Findings findings;
  for (const File& file : files) {
    const auto layer = layer_of(file.path);
    if (!layer || !is_source(file.path)) continue;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      const std::string header = included_by(file.lines[i]);
      if (header.empty()) continue;
      std::string text = objection(*layer, header);
      if (text.empty() && is_portable(file.path) && starts_with_any(header, system_headers)) {
        text = header.substr(1) + " is of one operating system; what needs it belongs to " + system_file;
      }
      if (!text.empty()) findings.push_back(file.path + ":" + std::to_string(i + 1) + ": " + text);
    }
  }
  return findings;
}

Findings check_uses(const std::vector<File>& files) {
  Findings findings;
  for (const File& file : files) {
    const auto layer = layer_of(file.path);
    if (!layer || !file.path.ends_with("/CMakeLists.txt")) continue;
    const auto rule = allowed_folders.find(*layer);
    if (rule == allowed_folders.end()) continue;
    bool in_uses = false;
    for (const std::string& word : words_of(file)) {
      if (ends_list(word)) {
        in_uses = word == "USES";
      } else if (in_uses && word != *layer && !rule->second.contains(word)) {
        findings.push_back(file.path + ": " + *layer + " may not use " + word);
      }
    }
  }
  return findings;
}

Findings check_listed(const std::vector<File>& files) {
  Names listed;    // names that some CMakeLists.txt mentions, as paths from the root
  Names included;  // headers that somebody includes, as written
  for (const File& file : files) {
    if (file.path.ends_with("CMakeLists.txt")) {
      const std::string folder = file.path.substr(0, file.path.size() - std::string{"CMakeLists.txt"}.size());
      for (const std::string& word : words_of(file)) listed.insert(folder + word);
    }
    if (!is_source(file.path)) continue;
    for (const std::string& line : file.lines) {
      const std::string header = included_by(line);
      if (!header.empty()) included.insert(header.substr(1));
    }
  }
  Findings findings;
  for (const File& file : files) {
    const auto layer = layer_of(file.path);
    if (!layer || *layer == "include") continue;
    if (file.path.ends_with(".cpp") && !listed.contains(file.path)) {
      findings.push_back(file.path + ":1: the file is in no CMakeLists.txt of its folder; list it or remove it");
    }
    const std::string name = file.path.starts_with("src/") ? file.path.substr(4) : file.path;
    if (file.path.ends_with(".hpp") && !included.contains(name)) {
      findings.push_back(file.path + ":1: nobody includes this header as \"" + name + "\"; use it or remove it");
    }
  }
  return findings;
}

}  // namespace lint
