#include "coverage.hpp"

#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <numeric>

namespace read_mapper {
namespace {

/// A text as gnuplot reads it.
std::string quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? std::string{"''"} : std::string{c};
  return result + "'";
}

/// What gnuplot is to do: a line for the settings, then one point for each window of bases.
std::string plot_script(std::span<const std::uint32_t> coverage, const std::string& title, const std::string& path) {
  constexpr std::size_t points = 1000;
  std::string script = "set terminal png size 1200,400\nset output " + quoted(path) + "\nset title " + quoted(title) +
                       " noenhanced\nset xlabel 'position in the genome (bases)'\nset ylabel 'reads over a base'\n" +
                       "set xrange [0:" + std::to_string(coverage.size()) + "]\nset yrange [0:*]\nset grid\n" +
                       "plot '-' with filledcurves y1=0 linecolor rgb '#4477aa' notitle\n";
  const std::size_t window = std::max<std::size_t>(1, coverage.size() / points);
  for (std::size_t begin = 0; begin < coverage.size(); begin += window) {
    const auto part = coverage.subspan(begin, std::min(window, coverage.size() - begin));
    script += std::to_string(begin + part.size() / 2) + " " + std::to_string(mean_coverage(part)) + "\n";
  }
  return script + "e\n";
}

}  // namespace

void add_coverage(std::span<std::uint32_t> coverage, const Placement& placement, std::size_t bases) {
  if (!placement.mapped()) return;
  for (std::uint32_t& counter : coverage.subspan(placement.position, bases)) ++counter;
}

double mean_coverage(std::span<const std::uint32_t> coverage) {
  if (coverage.empty()) return 0;
  return static_cast<double>(std::accumulate(coverage.begin(), coverage.end(), std::uint64_t{0})) /
         static_cast<double>(coverage.size());
}

std::string draw_coverage(std::span<const std::uint32_t> coverage, const std::string& title,
                          const std::string& picture_path) {
  if (coverage.empty()) return "there is nothing to draw";
  // A shell that finds no gnuplot leaves a pipe without a reader: an error of fwrite then, not a signal.
  const auto old_handler = std::signal(SIGPIPE, SIG_IGN);
  FILE* gnuplot = popen("command -v gnuplot >/dev/null || exit 127; exec gnuplot >/dev/null 2>&1", "w");
  int status = -1;
  if (gnuplot != nullptr) {
    const std::string script = plot_script(coverage, title, picture_path);
    std::fwrite(script.data(), 1, script.size(), gnuplot);
    status = pclose(gnuplot);
  }
  std::signal(SIGPIPE, old_handler);
  if (status == 0) return {};
  if (status != -1 && WIFEXITED(status) && WEXITSTATUS(status) == 127) {
    return "gnuplot is not installed (Debian's package gnuplot-nox has it)";
  }
  return "gnuplot could not write " + picture_path;
}

}  // namespace read_mapper
