// What Gangway throws. An Error says in one sentence which thing, at which place, and what to do about it; the kinds
// below it exist where a program can react differently.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <gangway/api.hpp>
#include <gangway/ids.hpp>

namespace gangway {

/// The base of everything that Gangway throws.
class GANGWAY_API Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
  Error(const Error&) = default;
  Error& operator=(const Error&) = default;
  ~Error() override;
};

/// The gateway cannot be reached, refused this client, or is gone. what() names the address and the way out.
/// Tasks that were under way may have run or not.
class GANGWAY_API ConnectionError : public Error {
 public:
  using Error::Error;
  ConnectionError(const ConnectionError&) = default;
  ConnectionError& operator=(const ConnectionError&) = default;
  ~ConnectionError() override;
};

/// Why a task has no result.
enum class FailureKind : std::uint8_t {
  exception = 1,       ///< the function threw
  worker_crashed = 2,  ///< the process that ran it ended: a signal, exit(), abort()
  engine_lost = 3,     ///< its engine is gone
  not_run = 4,         ///< it could not be started: unknown function, module that does not load, no such value
  refused = 5,         ///< the controller did not accept it: no such engine, a limit, a role
  torn = 6,            ///< a value it reads was being written by a task that died
};

/// One task, or one element of a map, failed on an engine.
///
/// what() is one line: `engine 3 on node7: std::domain_error: negative mass (task 12, cost(double, int))`.
class GANGWAY_API RemoteError : public Error {
 public:
  /// All that is known about a failure.
  struct Details {
    FailureKind kind = FailureKind::exception;
    std::string type;                  ///< the exception's type, or a short name of the failure
    std::string text;                  ///< what it says
    std::optional<EngineId> engine;    ///< where it happened; none if no engine saw the task
    std::string host;                  ///< of that engine
    std::uint32_t attempt = 0;         ///< the hand-out that failed, counted from 1
    TaskId task;                       ///< 0 if the controller did not accept it
    std::string label;                 ///< the function as a reader knows it, or "push x"
    std::optional<std::size_t> index;  ///< of a map's element, or of the first one if a whole chunk failed
    std::size_t elements = 1;          ///< how many elements of the map failed by this
    std::string story;                 ///< how the attempts before ended, if there were any
  };

  explicit RemoteError(Details details);
  RemoteError(const RemoteError&) = default;
  RemoteError& operator=(const RemoteError&) = default;
  ~RemoteError() override;

  [[nodiscard]] FailureKind kind() const noexcept { return details_->kind; }
  [[nodiscard]] const std::string& type() const noexcept { return details_->type; }
  [[nodiscard]] const std::string& text() const noexcept { return details_->text; }
  [[nodiscard]] std::optional<EngineId> engine() const noexcept { return details_->engine; }
  [[nodiscard]] const std::string& host() const noexcept { return details_->host; }
  [[nodiscard]] std::uint32_t attempt() const noexcept { return details_->attempt; }
  [[nodiscard]] TaskId task() const noexcept { return details_->task; }
  [[nodiscard]] const std::string& label() const noexcept { return details_->label; }
  [[nodiscard]] std::optional<std::size_t> index() const noexcept { return details_->index; }
  [[nodiscard]] std::size_t elements() const noexcept { return details_->elements; }
  [[nodiscard]] const std::string& story() const noexcept { return details_->story; }

 private:
  std::shared_ptr<const Details> details_;  // shared, so that copying an exception cannot throw
};

/// Several engines, or several elements of a map, failed. what() shows how many, and the first few, one line each.
class GANGWAY_API CompositeError : public Error {
 public:
  /// How many errors are kept at most; the rest is counted.
  static constexpr std::size_t errors_max = 1000;

  /// `errors` are the first ones of `failed` engines or elements, of `parts` in all.
  CompositeError(std::vector<RemoteError> errors, std::size_t failed, std::size_t parts);
  CompositeError(const CompositeError&) = default;
  CompositeError& operator=(const CompositeError&) = default;
  ~CompositeError() override;

  /// The first of them, errors_max at most, in the order of the engines or elements. At least one.
  [[nodiscard]] const std::vector<RemoteError>& errors() const noexcept { return *errors_; }

  /// How many engines or elements failed.
  [[nodiscard]] std::size_t failed() const noexcept { return failed_; }

  /// How many engines or elements there were, failed or not.
  [[nodiscard]] std::size_t parts() const noexcept { return parts_; }

 private:
  std::shared_ptr<const std::vector<RemoteError>> errors_;
  std::size_t failed_ = 0;
  std::size_t parts_ = 0;
};

}  // namespace gangway
