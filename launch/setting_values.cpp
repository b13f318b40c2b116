#include "launch/setting_values.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/printable.hpp"

namespace gangway::launch {
namespace {

constexpr std::chrono::milliseconds time_max = std::chrono::hours{24};
constexpr std::size_t host_name_bytes_max = 255;

base::Fault fault_of(const std::string& wanted, const std::string& text) {
  return base::Fault{"takes " + wanted + ", not '" + base::printable(text) + "'"};
}

/// A whole number and what follows it; false if there is no number at the start.
bool split_number(std::string_view text, std::uint64_t& number, std::string_view& rest) {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  rest = text.substr(static_cast<std::size_t>(stop - text.data()));
  return error == std::errc{};
}

/// 16777216, 16384K, 512M, 4G; at most `most`.
std::optional<std::uint64_t> bytes_in(const std::string& text, std::uint64_t most) {
  std::uint64_t number = 0;
  std::string_view unit;
  const bool is_number = split_number(text, number, unit);
  int shift = -1;
  if (unit.empty()) shift = 0;
  if (unit == "K") shift = 10;
  if (unit == "M") shift = 20;
  if (unit == "G") shift = 30;
  if (!is_number || shift < 0 || number > (most >> shift)) return std::nullopt;
  return number << shift;
}

bool is_host_name(std::string_view text) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == '_';
  };
  // A dash in front would be an option of mpirun's agent.
  return !text.empty() && text.size() <= host_name_bytes_max && text.front() != '-' &&
         std::ranges::all_of(text, fits);
}

}  // namespace

base::Result<std::uint32_t> parse_count(const std::string& text, std::uint32_t most, std::uint32_t least) {
  std::uint64_t number = 0;
  std::string_view rest;
  if (split_number(text, number, rest) && rest.empty() && number >= least && number <= most) {
    return static_cast<std::uint32_t>(number);
  }
  return fault_of("a whole number from " + std::to_string(least) + " to " + std::to_string(most), text);
}

base::Result<std::uint64_t> parse_arena(const std::string& text) {
  const std::optional<std::uint64_t> bytes = bytes_in(text, arena_bytes_max);
  if (bytes && *bytes >= arena_bytes_min) return *bytes;
  return fault_of("a number of bytes such as 512M or 16G, from 16M to 32768G", text);
}

base::Result<std::uint64_t> parse_environment(const std::string& text) {
  if (const std::optional<std::uint64_t> bytes = bytes_in(text, arena_bytes_max)) return *bytes;
  return fault_of("a number of bytes such as 512M or 16G, at most 32768G, or 0 for none", text);
}

base::Result<PortRange> parse_ports(const std::string& text) {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  std::string_view rest;
  constexpr std::uint64_t most = 65'535;
  if (split_number(text, low, rest) && rest.starts_with('-') && split_number(rest.substr(1), high, rest) &&
      rest.empty() && low <= high && high <= most && (low > 0 || high == 0)) {
    return PortRange{static_cast<std::uint16_t>(low), static_cast<std::uint16_t>(high)};
  }
  return fault_of("a range such as 7000-7010, the lower port first", text);
}

base::Result<std::chrono::milliseconds> parse_time(const std::string& text) {
  std::uint64_t number = 0;
  std::string_view unit;
  const bool is_number = split_number(text, number, unit);
  std::uint64_t unit_ms = 0;
  if (unit == "ms") unit_ms = 1;
  if (unit == "s") unit_ms = 1000;
  if (unit == "min") unit_ms = 60'000;
  const auto most = static_cast<std::uint64_t>(time_max.count());
  if (is_number && unit_ms != 0 && number >= 1 && number <= most / unit_ms) {
    return std::chrono::milliseconds{static_cast<std::int64_t>(number * unit_ms)};
  }
  return fault_of("a time such as 500ms, 60s or 5min, at most a day", text);
}

base::Result<std::chrono::milliseconds> parse_long_time(const std::string& text) {
  using std::chrono::milliseconds;
  std::uint64_t number = 0;
  std::string_view unit;
  const bool is_number = split_number(text, number, unit);
  if (is_number && number == 0 && unit.empty()) return milliseconds{0};
  constexpr std::array<std::pair<std::string_view, std::uint64_t>, 5> units{
      {{"ms", 1}, {"s", 1000}, {"min", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
  constexpr std::uint64_t most = 10 * 365 * units.back().second;
  for (const auto& [name, unit_ms] : units) {
    if (is_number && unit == name && number <= most / unit_ms) {
      return milliseconds{static_cast<std::int64_t>(number * unit_ms)};
    }
  }
  return fault_of("a time such as 90s, 30min, 12h or 7d, at most 3650d", text);
}

base::Result<std::uint64_t> parse_tasks(const std::string& text) {
  constexpr std::uint64_t most = 1'000'000'000;
  std::uint64_t number = 0;
  std::string_view rest;
  if (split_number(text, number, rest) && rest.empty() && number <= most) return number;
  return fault_of("a whole number from 0 to " + std::to_string(most), text);
}

std::string keeping_text(const Keeping& keeping) {
  return std::to_string(keeping.history_age.count()) + "," + std::to_string(keeping.history_tasks_max) + "," +
         std::to_string(keeping.history_bytes_max) + "," + std::to_string(keeping.session_linger.count()) + "," +
         std::to_string(keeping.named_session_linger.count());
}

base::Result<Keeping> parse_keeping(const std::string& text) {
  std::array<std::uint64_t, 5> numbers{};
  std::string_view rest = text;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const bool is_next = i == 0 || rest.starts_with(',');
    if (!is_next || !split_number(rest.substr(i == 0 ? 0 : 1), numbers[i], rest)) {
      return fault_of("five numbers with commas between them", text);
    }
  }
  if (!rest.empty()) return fault_of("five numbers with commas between them", text);
  const auto time = [](std::uint64_t ms) { return std::chrono::milliseconds{static_cast<std::int64_t>(ms)}; };
  return Keeping{time(numbers[0]), numbers[1], numbers[2], time(numbers[3]), time(numbers[4])};
}

base::Result<Transport> parse_transport(const std::string& text) {
  if (text == "resilient") return Transport::resilient;
  if (text == "native") return Transport::native;
  return fault_of("resilient or native", text);
}

std::string transport_text(Transport transport) {
  return transport == Transport::native ? "native" : "resilient";
}

base::Result<Durability> parse_durability(const std::string& text) {
  for (const Durability durability : {Durability::memory, Durability::commit, Durability::disk}) {
    if (text == durability_text(durability)) return durability;
  }
  return fault_of("memory, commit or disk", text);
}

std::string durability_text(Durability durability) {
  switch (durability) {
    case Durability::memory:
      return "memory";
    case Durability::disk:
      return "disk";
    default:
      return "commit";
  }
}

base::Result<std::vector<Host>> parse_hosts(const std::string& text) {
  const std::string wanted = "hosts such as 'node1, node2', or with engines for each, 'node1:2, node2:4'";
  std::vector<Host> hosts;
  for (const std::string& entry : parse_list(text)) {
    const std::size_t colon = entry.find(':');
    Host host{entry.substr(0, colon), 0};
    if (!is_host_name(host.name)) return fault_of(wanted, entry);
    if (colon != std::string::npos) {
      const base::Result<std::uint32_t> count = parse_count(entry.substr(colon + 1), engines_max);
      if (!count) return fault_of(wanted, entry);
      host.engines = count.value();
    }
    if (std::ranges::find(hosts, host.name, &Host::name) != hosts.end()) {
      return base::Fault{"names the host " + host.name +
                         " twice; give it once, with all of its engines: " + host.name + ":N"};
    }
    hosts.push_back(std::move(host));
  }
  if (hosts.empty()) return fault_of(wanted, text);
  const auto counted = std::ranges::count_if(hosts, [](const Host& host) { return host.engines > 0; });
  if (counted != 0 && counted != static_cast<std::ptrdiff_t>(hosts.size())) {
    return base::Fault{"counts the engines of some hosts only, in '" + text + "'; count them for all or for none"};
  }
  return hosts;
}

std::string hosts_text(const std::vector<Host>& hosts) {
  std::string text;
  for (const Host& host : hosts) {
    if (!text.empty()) text += ',';
    text += host.name;
    if (host.engines > 0) text += ':' + std::to_string(host.engines);
  }
  return text;
}

std::vector<std::string> parse_list(const std::string& text) {
  constexpr std::string_view separators = ", \t";
  std::vector<std::string> entries;
  std::size_t begin = text.find_first_not_of(separators);
  while (begin != std::string::npos) {
    const std::size_t end = std::min(text.find_first_of(separators, begin), text.size());
    entries.push_back(text.substr(begin, end - begin));
    begin = text.find_first_not_of(separators, end);
  }
  return entries;
}

}  // namespace gangway::launch
