// SQLite as this folder uses it: an open file and prepared statements, each with one owner. Internal to src/journal.
#pragma once

#include <sqlite3.h>

#include <concepts>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <gangway/ids.hpp>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace gangway::journal {

/// What SQLite said when something did not work. `text` names the file.
struct DatabaseError {
  int code = SQLITE_ERROR;  // its extended result code
  std::string text;
};

/// Thrown inside this folder, where a fault can come from any statement; Journal turns it into a state that it tells.
class DatabaseFailure : public std::exception {
 public:
  explicit DatabaseFailure(DatabaseError error) : error_{std::move(error)} {}
  [[nodiscard]] const DatabaseError& error() const { return error_; }
  [[nodiscard]] const char* what() const noexcept override { return error_.text.c_str(); }

 private:
  DatabaseError error_;
};

enum class OpenMode {
  create,  // made if it is missing
  read     // neither the file nor its log are changed, also in a directory that cannot be written
};

/// One connection to a database file. One thread at a time.
class Database {
 public:
  /// Throws DatabaseFailure.
  Database(const std::filesystem::path& file, OpenMode mode);

  /// Runs statements that give no rows. Throws DatabaseFailure.
  void run(const char* sql);

  /// The only value of the only row. Throws DatabaseFailure.
  [[nodiscard]] std::int64_t number(const char* sql);
  [[nodiscard]] std::string text(const char* sql);

  [[nodiscard]] sqlite3* handle() const { return handle_.get(); }

  /// What the last call on `handle` failed with, as an exception to throw; `what` was being done.
  [[nodiscard]] DatabaseFailure failure(std::string_view what) const;

 private:
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
  };
  std::string file_;
  std::unique_ptr<sqlite3, Close> handle_;
};

/// A prepared statement of a database that outlives it. What is bound is borrowed until the statement was run.
class Statement {
 public:
  /// Throws DatabaseFailure.
  Statement(const Database& database, const char* sql);

  /// Binds its arguments to the parameters in order and runs the statement to its end. Arguments are integers,
  /// enumerations, ids, texts, bytes, or empty optionals of these (NULL). Throws DatabaseFailure.
  template <class... T>
  void run(const T&... values) {
    start(values...);
    while (next()) continue;
  }

  /// Binds and is ready for next().
  template <class... T>
  void start(const T&... values) {
    reset();
    int index = 0;
    (bind(++index, values), ...);
  }

  /// Ends it before its last row: until then it holds up those who empty the log.
  void stop() { reset(); }

  /// Goes to the next row; false after the last. Throws DatabaseFailure.
  bool next();

  [[nodiscard]] bool is_null(int column) const;
  [[nodiscard]] std::int64_t integer(int column) const;
  template <class Id>
  [[nodiscard]] Id id(int column) const {
    return Id{static_cast<decltype(Id{}.value())>(integer(column))};
  }
  [[nodiscard]] std::string text(int column) const;
  /// A copy.
  [[nodiscard]] base::SharedBytes bytes(int column) const;

 private:
  template <std::integral T>
  void bind(int index, T value) {
    check(sqlite3_bind_int64(handle_.get(), index, static_cast<sqlite3_int64>(value)));
  }
  template <class T>
  requires std::is_enum_v<T>
  void bind(int index, T value) { bind(index, static_cast<std::underlying_type_t<T>>(value)); }
  template <class Tag, class Rep>
  void bind(int index, StrongId<Tag, Rep> id) {
    bind(index, id.value());
  }
  void bind(int index, std::string_view text);
  void bind(int index, base::ByteView bytes);
  void bind(int index, const base::SharedBytes& bytes) { bind(index, bytes.view()); }
  template <class T>
  void bind(int index, const std::optional<T>& value) {
    if (value) bind(index, *value);
    // else it is NULL, as after every reset
  }
  void reset();
  void check(int code) const;

  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  const Database* database_;
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

/// A transaction that is undone unless commit() was reached.
class Transaction {
 public:
  explicit Transaction(Database& database) : database_{database} { database_.run("BEGIN IMMEDIATE"); }
  ~Transaction() {
    // After some errors SQLite has undone it already; then this fails, and that is as good.
    if (!committed_) sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  void commit() {
    database_.run("COMMIT");
    committed_ = true;
  }

 private:
  Database& database_;
  bool committed_ = false;
};

}  // namespace gangway::journal
