// How commands print what people read.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace gangway::app {

using Row = std::vector<std::string>;

/// Columns as wide as their widest entry, two spaces between them. At least one row, of the titles.
void print_table(std::vector<Row> rows);

/// "2026-11-27 09:30:00", by this host's time zone.
std::string local_time(std::int64_t unix_s);

/// "1 engine", "2 engines".
std::string counted(std::uint64_t count, const std::string& thing);

}  // namespace gangway::app
