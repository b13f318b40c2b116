#include <gangway/progress.hpp>

#include <chrono>
#include <cstddef>
#include <string>

namespace gangway::detail {

namespace {

constexpr std::size_t bar_columns = 40;
constexpr std::chrono::milliseconds redraw_interval{100};

std::string bar(Progress progress) {
  const std::size_t filled = progress.total == 0 ? bar_columns : progress.done * bar_columns / progress.total;
  return "\r[" + std::string(filled, '#') + std::string(bar_columns - filled, '.') + "] " +
         std::to_string(progress.done) + "/" + std::to_string(progress.total);
}

}  // namespace

void draw_progress(const TaskHandle& task, std::ostream& out) {
  Progress progress = task.progress();
  out << bar(progress) << std::flush;
  while (!task.ready()) {
    const auto next = std::chrono::steady_clock::now() + redraw_interval;
    const Progress now = task.wait_for_progress(progress, std::chrono::seconds{1});
    if (now != progress) {
      progress = now;
      out << bar(progress) << std::flush;
    }
    (void)task.wait_for(next - std::chrono::steady_clock::now());
  }
  out << bar(task.progress()) << '\n' << std::flush;
}

}  // namespace gangway::detail
