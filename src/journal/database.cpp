#include "journal/database.hpp"

#include <system_error>
#include <utility>

namespace gangway::journal {

namespace {

// Another connection of this process may be at work, a checkpoint above all.
constexpr int busy_timeout_ms = 10'000;

// Without a log there is nothing to add to the file, and SQLite need not make one.
bool has_log(const std::string& file) {
  std::error_code error;
  const auto bytes = std::filesystem::file_size(file + "-wal", error);
  return !error && bytes > 0;
}

std::string as_uri(const std::string& file, const char* query) {
  std::string uri = "file:";
  for (const char c : file) {
    if (c == '%' || c == '?' || c == '#') {
      uri += c == '%' ? "%25" : c == '?' ? "%3f" : "%23";
    } else {
      uri += c;
    }
  }
  return uri + query;
}

}  // namespace

Database::Database(const std::filesystem::path& file, OpenMode mode) : file_{file.string()} {
  sqlite3* handle = nullptr;
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_READWRITE;
  if (mode == OpenMode::create) flags |= SQLITE_OPEN_CREATE;
  const bool is_at_rest = mode == OpenMode::read && !has_log(file_);
  if (is_at_rest) flags |= SQLITE_OPEN_URI;
  const std::string name = is_at_rest ? as_uri(file_, "?immutable=1") : file_;
  const int code = sqlite3_open_v2(name.c_str(), &handle, flags, nullptr);
  handle_.reset(handle);
  if (code != SQLITE_OK) throw failure("cannot open it");
  sqlite3_busy_timeout(handle, busy_timeout_ms);
  if (mode == OpenMode::read) {
    sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    run("PRAGMA query_only = ON");
  }
}

void Database::run(const char* sql) {
  if (sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) throw failure(sql);
}

std::int64_t Database::number(const char* sql) {
  Statement statement{*this, sql};
  statement.start();
  return statement.next() ? statement.integer(0) : 0;
}

std::string Database::text(const char* sql) {
  Statement statement{*this, sql};
  statement.start();
  return statement.next() ? statement.text(0) : std::string{};
}

DatabaseFailure Database::failure(std::string_view what) const {
  const int code = handle_ ? sqlite3_extended_errcode(handle_.get()) : SQLITE_NOMEM;
  const char* const said = handle_ ? sqlite3_errmsg(handle_.get()) : "out of memory";
  return DatabaseFailure{{code, "journal " + file_ + ": " + said + " (" + std::string{what.substr(0, 60)} + ")"}};
}

Statement::Statement(const Database& database, const char* sql) : database_{&database} {
  sqlite3_stmt* handle = nullptr;
  const int code = sqlite3_prepare_v3(database.handle(), sql, -1, SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
  handle_.reset(handle);
  if (code != SQLITE_OK) throw database.failure(sql);
}

bool Statement::next() {
  const int code = sqlite3_step(handle_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    sqlite3_reset(handle_.get());  // lets go of what it locks
    return false;
  }
  DatabaseFailure failure = database_->failure(sqlite3_sql(handle_.get()));
  sqlite3_reset(handle_.get());
  throw failure;
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(handle_.get(), column) == SQLITE_NULL;
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(handle_.get(), column);
}

std::string Statement::text(int column) const {
  const auto* const text = reinterpret_cast<const char*>(sqlite3_column_text(handle_.get(), column));
  return {text == nullptr ? "" : text, static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column))};
}

base::SharedBytes Statement::bytes(int column) const {
  const auto* const bytes = static_cast<const std::byte*>(sqlite3_column_blob(handle_.get(), column));
  return base::SharedBytes::copy_of({bytes, static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column))});
}

void Statement::bind(int index, std::string_view text) {
  const char* const data = text.empty() ? "" : text.data();
  check(sqlite3_bind_text64(handle_.get(), index, data, text.size(), SQLITE_STATIC, SQLITE_UTF8));
}

void Statement::bind(int index, base::ByteView bytes) {
  if (bytes.empty()) {
    check(sqlite3_bind_zeroblob(handle_.get(), index, 0));  // a null pointer would be NULL
  } else {
    check(sqlite3_bind_blob64(handle_.get(), index, bytes.data(), bytes.size(), SQLITE_STATIC));
  }
}

void Statement::reset() {
  sqlite3_reset(handle_.get());
  sqlite3_clear_bindings(handle_.get());
}

void Statement::check(int code) const {
  if (code != SQLITE_OK) throw database_->failure(sqlite3_sql(handle_.get()));
}

}  // namespace gangway::journal
