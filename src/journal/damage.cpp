#include "journal/damage.hpp"

#include <cstdint>
#include <limits>
#include <optional>

namespace gangway::journal {

namespace {

constexpr std::int64_t key_max = std::numeric_limits<std::int64_t>::max();

// About as many rows as are on one page, behind which the next one may be good: so far every key is tried.
constexpr std::int64_t keys_of_a_page = 128;

bool is_readable(Statement& rows, std::int64_t from) {
  try {
    rows.start(from);
    rows.next();
    return true;
  } catch (const DatabaseFailure& failure) {
    if (!is_damage(failure.error())) throw;
    return false;
  }
}

/// A key above `from` from which rows can be read, as low as can be found; nothing if there is none.
std::optional<std::int64_t> readable_behind(Statement& rows, std::int64_t from) {
  for (std::int64_t key = from + 1; key <= from + keys_of_a_page; ++key) {
    if (is_readable(rows, key)) return key;
  }
  std::int64_t broken = from + keys_of_a_page;
  for (std::int64_t step = keys_of_a_page; broken <= key_max - step; step *= 2) {
    if (!is_readable(rows, broken + step)) {
      broken += step;
      continue;
    }
    std::int64_t good = broken + step;
    while (good - broken > 1) {
      const std::int64_t middle = broken + (good - broken) / 2;
      (is_readable(rows, middle) ? good : broken) = middle;
    }
    return good;
  }
  return std::nullopt;
}

}  // namespace

bool is_damage(const DatabaseError& error) {
  const int kind = error.code & 0xFF;
  return kind == SQLITE_CORRUPT || kind == SQLITE_NOTADB;
}

void read_around_damage(const Database& database, const char* sql, const char* what,
                        const std::function<void(const std::string&)>& complain,
                        const std::function<void(const Statement&)>& visit) {
  std::optional<Statement> rows;
  try {
    rows.emplace(database, sql);
  } catch (const DatabaseFailure& failure) {
    const bool is_unknown = failure.error().code == SQLITE_ERROR;  // there is no such table
    if (!is_unknown && !is_damage(failure.error())) throw;
    complain("none of the " + std::string{what} + " can be read: " + failure.error().text);
    return;
  }
  std::int64_t next = 0;
  for (bool is_done = false; !is_done;) {
    try {
      rows->start(next);
      while (rows->next()) {
        next = rows->integer(0) + 1;
        try {
          visit(*rows);
        } catch (const DatabaseFailure& failure) {
          if (!is_damage(failure.error())) throw;
          complain(failure.error().text);
        }
      }
      is_done = true;
    } catch (const DatabaseFailure& failure) {
      if (!is_damage(failure.error())) throw;
      const std::optional<std::int64_t> behind = readable_behind(*rows, next);
      const std::string upto = behind ? "up to " + std::to_string(*behind - 1) : "on";
      complain(std::string{what} + " from " + std::to_string(next) + " " + upto +
               " cannot be read: " + failure.error().text);
      if (!behind) return;
      next = *behind;
    }
  }
}

}  // namespace gangway::journal
