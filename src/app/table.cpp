#include "app/table.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <iostream>
#include <utility>

#include "base/printable.hpp"

namespace gangway::app {

void print_table(std::vector<Row> rows) {
  for (Row& row : rows) std::ranges::transform(row, row.begin(), base::printable);
  std::vector<std::size_t> widths(rows.front().size(), 0);
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] + 2 - row[i].size(), ' ');
    }
    std::cout << line << '\n';
  }
}

std::string local_time(std::int64_t unix_s) {
  const auto time = static_cast<std::time_t>(unix_s);
  std::tm fields{};
  std::array<char, 32> text{};
  if (::localtime_r(&time, &fields) != nullptr) {
    std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &fields);
  }
  return text.data();
}

std::string counted(std::uint64_t count, const std::string& thing) {
  return std::to_string(count) + " " + thing + (count == 1 ? "" : "s");
}

}  // namespace gangway::app
