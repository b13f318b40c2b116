#include <gangway/progress.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>

#include "client/progress.hpp"

namespace gangway::detail {

namespace {

constexpr std::size_t bar_columns = 40;
constexpr std::chrono::milliseconds redraw_interval{100};

std::string bar(const Progress& progress) {
  const std::size_t filled = progress.total == 0 ? bar_columns : progress.done * bar_columns / progress.total;
  return (progress.label.empty() ? "" : progress.label + " ") + "[" + std::string(filled, '#') +
         std::string(bar_columns - filled, '.') + "] " + std::to_string(progress.done) + "/" +
         std::to_string(progress.total);
}

std::string two_digits(std::uint64_t number) {
  return (number < 10 ? "0" : "") + std::to_string(number);
}

/// One line, whose end is overwritten if the line before was longer.
class Line {
 public:
  explicit Line(std::ostream& out) : out_{out} {}

  void draw(const std::string& text) {
    const std::size_t blanks = columns_ > text.size() ? columns_ - text.size() : 0;
    out_ << '\r' << text << std::string(blanks, ' ') << std::flush;
    columns_ = text.size();
  }

 private:
  std::ostream& out_;
  std::size_t columns_ = 0;
};

}  // namespace

std::string rate_text(double per_second) {
  if (per_second >= 100'000) {
    return std::to_string(std::llround(per_second / 1000)) + "k/s";
  }
  if (per_second >= 10) {
    return std::to_string(std::llround(per_second)) + "/s";
  }
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.2g/s", per_second);
  return text.data();
}

std::string duration_text(std::chrono::duration<double> duration) {
  constexpr double seconds_max = 3600.0 * 24 * 365 * 100;
  const auto seconds = static_cast<std::uint64_t>(std::clamp(std::ceil(duration.count()), 0.0, seconds_max));
  if (seconds < 60) {
    return std::to_string(seconds) + " s";
  }
  if (seconds < 3600) {
    return std::to_string(seconds / 60) + " min " + two_digits(seconds % 60) + " s";
  }
  if (seconds < 24 * 3600) {
    return std::to_string(seconds / 3600) + " h " + two_digits(seconds % 3600 / 60) + " min";
  }
  return std::to_string(seconds / (24 * 3600)) + " d " + two_digits(seconds % (24 * 3600) / 3600) + " h";
}

void draw_progress(const TaskHandle& task, std::ostream& out) {
  const auto start = std::chrono::steady_clock::now();
  const bool was_ready = task.ready();
  Line line{out};
  Progress progress = task.progress();
  while (!task.ready()) {
    std::string text = bar(progress);
    if (progress.left) {
      text += ", " + rate_text(progress.per_second) + ", " + duration_text(*progress.left) + " left";
    }
    line.draw(text);
    const auto next = std::chrono::steady_clock::now() + redraw_interval;
    progress = task.wait_for_progress(progress.done, std::chrono::seconds{1});
    (void)task.wait_for(next - std::chrono::steady_clock::now());
    progress = task.progress();
  }
  std::string text = bar(task.progress());
  if (!was_ready) {
    text += ", took " + duration_text(std::chrono::steady_clock::now() - start);
  }
  line.draw(text);
  out << '\n' << std::flush;
}

}  // namespace gangway::detail
