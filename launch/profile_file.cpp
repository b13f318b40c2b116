#include "launch/profile_file.hpp"

#include <algorithm>
#include <numeric>
#include <optional>
#include <sstream>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <boost/property_tree/ini_parser.hpp>
#include <boost/property_tree/ptree.hpp>

#include "base/printable.hpp"
#include "launch/cluster_directory.hpp"
#include "launch/ports.hpp"
#include "launch/private_file.hpp"
#include "launch/setting_values.hpp"

namespace gangway::launch {
namespace {

using std::filesystem::path;

/// What is known while a file is read.
struct Reading {
  Profile profile;
  path directory;  // of the file: what relative paths start from
  bool has_engines = false;
};

/// Puts the value into what its setting is named after; a fault is the rest of a sentence as in setting_values.hpp.
using Taker = base::Status (*)(Reading& reading, const std::string& value);

struct Setting {
  std::string_view section;
  std::string_view key;
  Taker take;
};

template <class T, class U>
base::Status keep(base::Result<T> value, U& place) {
  if (!value) return value.fault();
  place = std::move(value).value();
  return base::Done{};
}

base::Status take_modules(Reading& reading, const std::string& value) {
  for (const std::string& module : parse_list(value)) {
    reading.profile.modules.push_back((reading.directory / module).lexically_normal().string());
  }
  if (reading.profile.modules.empty()) return base::Fault{"takes the paths of shared libraries, not nothing"};
  return base::Done{};
}

base::Status take_agent(Reading& reading, const std::string& value) {
  if (value.empty()) return base::Fault{"takes a program such as 'ssh -q', not nothing"};
  reading.profile.agent = value;
  return base::Done{};
}

base::Status take_engines(Reading& reading, const std::string& value) {
  reading.has_engines = true;
  return keep(parse_count(value, engines_max), reading.profile.engines);
}

base::Status take_name(Reading& reading, const std::string& value) {
  reading.profile.name = value;
  if (base::Status good = check_cluster_name(value); !good) {
    return base::Fault{"takes at most 64 letters, digits, '.', '_' and '-', beginning with a letter or digit, not '" +
                       value + "'"};
  }
  return base::Done{};
}

// All that a profile may say, in the order in which it is told to people.
constexpr Setting settings[] = {
    {"cluster", "name", take_name},
    {"cluster", "engines", take_engines},
    {"cluster", "gateways",
     [](Reading& reading, const std::string& value) {
       return keep(parse_count(value, 1), reading.profile.gateways);
     }},
    {"cluster", "start_timeout",
     [](Reading& reading, const std::string& value) {
       return keep(parse_time(value), reading.profile.start_timeout);
     }},
    {"cluster", "stall_timeout",
     [](Reading& reading, const std::string& value) {
       return keep(parse_time(value), reading.profile.stall_timeout);
     }},
    {"cluster", "orphan_timeout",
     [](Reading& reading, const std::string& value) {
       return keep(parse_time(value), reading.profile.orphan_timeout);
     }},
    {"cluster", "restarts",
     [](Reading& reading, const std::string& value) {
       return keep(parse_count(value, restarts_max, 0), reading.profile.restarts);
     }},
    {"controller", "bind",
     [](Reading& reading, const std::string& value) -> base::Status {
       reading.profile.bind_address = value;
       if (is_address(value)) return base::Done{};
       const std::string given = value.empty() ? "nothing" : "'" + value + "'";
       return base::Fault{"takes an address such as 127.0.0.1 or 0.0.0.0, not " + given};
     }},
    {"controller", "ports",
     [](Reading& reading, const std::string& value) { return keep(parse_ports(value), reading.profile.ports); }},
    {"controller", "durability",
     [](Reading& reading, const std::string& value) {
       return keep(parse_durability(value), reading.profile.durability);
     }},
    {"controller", "environment_max",
     [](Reading& reading, const std::string& value) {
       return keep(parse_environment(value), reading.profile.environment_bytes_max);
     }},
    {"controller", "history_age",
     [](Reading& reading, const std::string& value) {
       return keep(parse_long_time(value), reading.profile.keeping.history_age);
     }},
    {"controller", "history_tasks",
     [](Reading& reading, const std::string& value) {
       return keep(parse_tasks(value), reading.profile.keeping.history_tasks_max);
     }},
    {"controller", "history_bytes",
     [](Reading& reading, const std::string& value) {
       return keep(parse_environment(value), reading.profile.keeping.history_bytes_max);
     }},
    {"controller", "session_linger",
     [](Reading& reading, const std::string& value) {
       return keep(parse_long_time(value), reading.profile.keeping.session_linger);
     }},
    {"controller", "named_session_linger",
     [](Reading& reading, const std::string& value) {
       return keep(parse_long_time(value), reading.profile.keeping.named_session_linger);
     }},
    {"engine", "arena",
     [](Reading& reading, const std::string& value) {
       return keep(parse_arena(value), reading.profile.arena_bytes);
     }},
    {"engine", "modules", take_modules},
    {"mpi", "transport",
     [](Reading& reading, const std::string& value) {
       return keep(parse_transport(value), reading.profile.transport);
     }},
    {"mpi", "hosts",
     [](Reading& reading, const std::string& value) { return keep(parse_hosts(value), reading.profile.hosts); }},
    {"mpi", "agent", take_agent},
};

/// The sections there are, or the keys of one.
std::string known_names(std::optional<std::string_view> section) {
  std::string text;
  std::string_view previous;
  for (const Setting& setting : settings) {
    const std::string_view name = section ? setting.key : setting.section;
    if ((section && setting.section != *section) || name == previous) continue;
    previous = name;
    if (!text.empty()) text += ", ";
    text += section ? std::string{name} : "[" + std::string{name} + "]";
  }
  return text;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r";
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

/// The line that a section or one of its keys (empty: the section itself) stands in, from 1; 0 if it is in none. The
/// library that reads the file keeps no lines.
int line_of(const std::string& content, std::string_view section, std::string_view key) {
  std::istringstream lines{content};
  std::string line;
  std::string here;
  for (int number = 1; std::getline(lines, line); ++number) {
    const std::string_view text = trimmed(line);
    if (text.starts_with('[')) {
      here = trimmed(text.substr(1, text.find(']') - 1));
      if (key.empty() && here == section) return number;
    } else if (!key.empty() && here == section && trimmed(text.substr(0, text.find('='))) == key) {
      return number;
    }
  }
  return 0;
}

base::Fault fault_at(const path& file, int line, const std::string& what) {
  return base::Fault{base::printable(file.string() + (line > 0 ? ":" + std::to_string(line) : "") + ": " + what)};
}

using Tree = boost::property_tree::ptree;

base::Status take_section(Reading& reading, const path& file, const std::string& content, const std::string& section,
                          const Tree& keys) {
  for (const auto& [key, value] : keys) {
    const auto* const setting = std::ranges::find_if(
        settings, [&, &name = key](const Setting& known) { return known.section == section && known.key == name; });
    const int line = line_of(content, section, key);
    if (setting == std::end(settings)) {
      return fault_at(file, line,
                      "there is no key '" + key + "' in [" + section + "]; there are " + known_names(section));
    }
    if (base::Status taken = setting->take(reading, value.data()); !taken) {
      return fault_at(file, line, "'" + key + "' in [" + section + "] " + taken.fault().text);
    }
  }
  return base::Done{};
}

base::Status take_all(Reading& reading, const path& file, const std::string& content, const Tree& tree) {
  for (const auto& [section, keys] : tree) {
    if (keys.empty() && !keys.data().empty()) {
      return fault_at(file, line_of(content, "", section),
                      "'" + section + "' stands before the first section; sections are " + known_names({}));
    }
    if (known_names(section).empty()) {
      return fault_at(file, line_of(content, section, ""),
                      "there is no section [" + section + "]; there are " + known_names({}));
    }
    if (base::Status taken = take_section(reading, file, content, section, keys); !taken) return taken;
  }
  return base::Done{};
}

// How many engines there are can be said in two places.
base::Status count_engines(Reading& reading, const path& file, const std::string& content) {
  Profile& profile = reading.profile;
  const std::uint32_t counted =
      std::accumulate(profile.hosts.begin(), profile.hosts.end(), 0U,
                      [](std::uint32_t sum, const Host& host) { return sum + host.engines; });
  const auto places = static_cast<std::uint32_t>(profile.hosts.size());
  if (counted > engines_max) {
    return fault_at(file, line_of(content, "mpi", "hosts"),
                    "'hosts' in [mpi] has " + std::to_string(counted) + " engines; a cluster has at most " +
                        std::to_string(engines_max));
  }
  if (counted > 0) {
    if (reading.has_engines && profile.engines != counted) {
      return fault_at(file, line_of(content, "cluster", "engines"),
                      "'engines' in [cluster] says " + std::to_string(profile.engines) + ", 'hosts' in [mpi] " +
                          std::to_string(counted) + "; leave 'engines' out, or the numbers behind the hosts");
    }
    profile.engines = counted;
  } else if (!reading.has_engines && !profile.hosts.empty()) {
    return fault_at(file, line_of(content, "mpi", "hosts"),
                    "'hosts' in [mpi] does not say how many engines; write 'hosts = " + profile.hosts.front().name +
                        ":2, ...', or 'engines = N' in [cluster]");
  } else if (reading.has_engines && profile.engines < places) {
    return fault_at(file, line_of(content, "cluster", "engines"),
                    "'engines' in [cluster] says " + std::to_string(profile.engines) +
                        ", and 'hosts' in [mpi] names " + std::to_string(places) +
                        "; name fewer hosts, or give each an engine");
  } else if (!reading.has_engines) {
    profile.engines = std::max(std::thread::hardware_concurrency(), 1U);
  }
  return base::Done{};
}

bool is_path(const std::string& name_or_path) {
  return name_or_path.find('/') != std::string::npos || name_or_path.ends_with(".ini");
}

// A file that is given by its path may lie in any place: whoever put it there, the file itself is guarded.
base::Result<std::string> content_of(const path& file, const std::string& name_or_path) {
  if (!is_path(name_or_path)) {
    if (base::Status guarded = check_profile_directory(file.parent_path()); !guarded) return guarded.fault();
  }
  base::Result<std::string> content = read_guarded_profile(file);
  std::error_code error;
  if (content || std::filesystem::exists(file, error)) return content;
  return base::Fault{"there is no profile '" + name_or_path + "': " + content.fault().text +
                     "; write that file, or give the path of another one"};
}

}  // namespace

base::Result<path> profile_path(const std::string& name_or_path) {
  if (is_path(name_or_path)) {
    return std::filesystem::absolute(name_or_path).lexically_normal();
  }
  if (base::Status good = check_cluster_name(name_or_path); !good) {
    return base::Fault{"'" + base::printable(name_or_path) +
                       "' is neither a profile's name nor the path of an .ini file"};
  }
  const base::Result<ClusterHome> home = ClusterHome::of_account();
  if (!home) return home.fault();
  return home.value().path() / "profiles" / (name_or_path + ".ini");
}

base::Result<Profile> load_profile(const std::string& name_or_path) {
  const base::Result<path> file = profile_path(name_or_path);
  if (!file) return file.fault();
  const base::Result<std::string> content = content_of(file.value(), name_or_path);
  if (!content) return base::Fault{base::printable(content.fault().text)};
  Tree tree;
  try {
    std::istringstream stream{content.value()};
    boost::property_tree::read_ini(stream, tree);
  } catch (const boost::property_tree::ini_parser_error& error) {
    if (error.message() == "duplicate key name") {
      return fault_at(file.value(), static_cast<int>(error.line()),
                      "the key of this line stands in its section already; leave one of the two out");
    }
    return fault_at(file.value(), static_cast<int>(error.line()),
                    error.message() + "; a profile has lines '[section]', 'key = value' and '; comment'");
  }
  Reading reading;
  reading.directory = file.value().parent_path();
  if (base::Status taken = take_all(reading, file.value(), content.value(), tree); !taken) return taken.fault();
  if (base::Status counted = count_engines(reading, file.value(), content.value()); !counted) return counted.fault();
  return reading.profile;
}

}  // namespace gangway::launch
