#include "figure.hpp"

#include <array>
#include <cmath>
#include <cstdio>
#include <ostream>

namespace gangway::bench {

namespace {

// Four digits are more than a shared machine can tell.
std::string number(double value) {
  std::array<char, 32> text{};
  if (std::abs(value) >= 1000) {
    std::snprintf(text.data(), text.size(), "%.0f", value);
  } else {
    std::snprintf(text.data(), text.size(), "%.4g", value);
  }
  return text.data();
}

std::string bound_text(const Bound& bound) {
  return (bound.relation == Bound::Relation::at_most ? "<=" : ">=") + number(bound.limit) +
         (bound.subject == Bound::Subject::ratio ? "x" : "");
}

// The texts are the benchmarks' own: no control characters.
std::string quoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') quoted += '\\';
    quoted += letter;
  }
  return quoted + '"';
}

std::string json(const Figure& figure) {
  std::string text = "{\"metric\": " + quoted(figure.metric) + ", \"value\": " + number(figure.value) +
                     ", \"unit\": " + quoted(figure.unit);
  if (!figure.reference.empty()) {
    text +=
        ", \"reference\": " + quoted(figure.reference) + ", \"reference_value\": " + number(figure.reference_value);
  }
  if (const auto ratio = figure.ratio()) text += ", \"ratio\": " + number(*ratio);
  if (figure.bound) {
    text +=
        ", \"bound\": " + quoted(bound_text(*figure.bound)) + ", \"holds\": " + (*figure.holds() ? "true" : "false");
  }
  return text + "}";
}

std::string row(const Figure& figure) {
  const auto ratio = figure.ratio();
  const bool compared = !figure.reference.empty();
  return figure.metric + '\t' + number(figure.value) + '\t' + figure.unit + '\t' +
         (compared ? figure.reference : "-") + '\t' + (compared ? number(figure.reference_value) : "-") + '\t' +
         (ratio ? number(*ratio) : "-") + '\t' + (figure.bound ? bound_text(*figure.bound) : "-") + '\t' +
         (figure.bound ? (*figure.holds() ? "yes" : "no") : "-");
}

}  // namespace

Bound ratio_at_most(double limit) {
  return {Bound::Subject::ratio, Bound::Relation::at_most, limit};
}

Bound ratio_at_least(double limit) {
  return {Bound::Subject::ratio, Bound::Relation::at_least, limit};
}

Bound value_at_most(double limit) {
  return {Bound::Subject::value, Bound::Relation::at_most, limit};
}

Bound value_at_least(double limit) {
  return {Bound::Subject::value, Bound::Relation::at_least, limit};
}

std::optional<double> Figure::ratio() const {
  if (reference.empty() || reference_value <= 0) return std::nullopt;
  return value / reference_value;
}

std::optional<bool> Figure::holds() const {
  if (!bound) return std::nullopt;
  const std::optional<double> measured = bound->subject == Bound::Subject::value ? value : ratio();
  if (!measured) return false;
  return bound->relation == Bound::Relation::at_most ? *measured <= bound->limit : *measured >= bound->limit;
}

Printer::Printer(std::ostream& out, Format format) : out_{out}, format_{format} {
  out_ << (format_ == Format::json ? "[" : "metric\tvalue\tunit\treference\treference_value\tratio\tbound\tholds\n")
       << std::flush;
}

Printer::~Printer() {
  if (format_ == Format::json) out_ << "\n]\n" << std::flush;
}

void Printer::print(const Figure& figure) {
  if (format_ == Format::json) {
    out_ << (first_ ? "\n  " : ",\n  ") << json(figure) << std::flush;
  } else {
    out_ << row(figure) << '\n' << std::flush;
  }
  first_ = false;
  all_hold_ = all_hold_ && figure.holds().value_or(true);
}

}  // namespace gangway::bench
