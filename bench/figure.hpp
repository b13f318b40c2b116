// One figure of a benchmark, and how figures are printed.
#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace gangway::bench {

/// What a figure has to keep: a value is compared with `limit` in the sense that `relation` says.
struct Bound {
  enum class Subject { value, ratio };
  enum class Relation { at_most, at_least };

  Subject subject = Subject::value;
  Relation relation = Relation::at_most;
  double limit = 0;
};

[[nodiscard]] Bound ratio_at_most(double limit);
[[nodiscard]] Bound ratio_at_least(double limit);
[[nodiscard]] Bound value_at_most(double limit);
[[nodiscard]] Bound value_at_least(double limit);

/// A value beside its reference, both measured in the same run and in the same unit.
struct Figure {
  std::string metric;
  double value = 0;
  std::string unit;
  std::string reference;  // what it is compared with; empty: with nothing
  double reference_value = 0;
  std::optional<Bound> bound;

  /// Of the value to the reference; nothing if there is none.
  [[nodiscard]] std::optional<double> ratio() const;
  /// Whether the bound holds; nothing if there is none.
  [[nodiscard]] std::optional<bool> holds() const;
};

enum class Format { table, json };

/// Prints figures as they come: tab-separated rows under one header, or one JSON list. For one thread.
class Printer {
 public:
  /// `out` outlives the printer.
  Printer(std::ostream& out, Format format);
  Printer(const Printer&) = delete;
  Printer& operator=(const Printer&) = delete;
  /// Ends the list.
  ~Printer();

  void print(const Figure& figure);

  /// Whether every bound of what was printed holds.
  [[nodiscard]] bool all_hold() const { return all_hold_; }

 private:
  std::ostream& out_;
  Format format_;
  bool first_ = true;
  bool all_hold_ = true;
};

}  // namespace gangway::bench
