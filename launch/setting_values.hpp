// The values of settings, as people write them on the command line and in profiles. Each fault is the rest of a
// sentence that begins with the setting's name: "takes ..., not '...'".
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <gangway/profile.hpp>

#include "base/limits.hpp"
#include "base/result.hpp"

namespace gangway::launch {

/// A whole number from `least` to `most`.
base::Result<std::uint32_t> parse_count(const std::string& text, std::uint32_t most, std::uint32_t least = 1);

/// How many engines a cluster can have.
inline constexpr std::uint32_t engines_max = 4096;

/// The memory that an engine's arrays may take: what every engine needs, and what there are addresses for.
inline constexpr std::uint64_t arena_bytes_min = 16 * base::mib;
inline constexpr std::uint64_t arena_bytes_max = 32 * 1024 * 1024 * base::mib;

/// Such a number of bytes: 16777216, 16384K, 512M, 4G.
base::Result<std::uint64_t> parse_arena(const std::string& text);

/// How much a cluster keeps of what is pushed to all engines, or of its history; 0 too.
base::Result<std::uint64_t> parse_environment(const std::string& text);

/// 7000-7010; 0-0.
base::Result<PortRange> parse_ports(const std::string& text);

/// A time: 500ms, 60s, 5min, at most a day.
base::Result<std::chrono::milliseconds> parse_time(const std::string& text);

/// A longer time: also 12h, 7d; at most ten years, and 0.
base::Result<std::chrono::milliseconds> parse_long_time(const std::string& text);

/// How many tasks are kept: a whole number, also 0.
base::Result<std::uint64_t> parse_tasks(const std::string& text);

/// Its numbers, as the supervisor and the ranks are given them: "604800000,100000,...".
std::string keeping_text(const Keeping& keeping);
base::Result<Keeping> parse_keeping(const std::string& text);

/// resilient or native.
base::Result<Transport> parse_transport(const std::string& text);
std::string transport_text(Transport transport);

/// memory, commit or disk.
base::Result<Durability> parse_durability(const std::string& text);
std::string durability_text(Durability durability);

/// How often a cluster can be started again in ten minutes.
inline constexpr std::uint32_t restarts_max = 100;

/// "node1:2, node2:2", or "node1, node2". A fault too if a host stands there twice or only some have a count.
base::Result<std::vector<Host>> parse_hosts(const std::string& text);
std::string hosts_text(const std::vector<Host>& hosts);

/// What commas or blanks separate.
std::vector<std::string> parse_list(const std::string& text);

}  // namespace gangway::launch
