// How a reference program is spoken to: a line is a command, the answer a line of numbers.
#pragma once

#include <chrono>
#include <functional>
#include <iostream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace gangway::bench {

/// Calls `answer` for each line of the standard input until it ends, with the words of the line, and prints what it
/// returns.
inline void serve_commands(const std::function<std::vector<double>(std::istringstream& words)>& answer) {
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words{line};
    for (const double value : answer(words)) std::cout << value << ' ';
    std::cout << std::endl;
  }
}

/// Calls `round_trip` so many times, after a pause each time, and returns how long each call took in microseconds.
inline std::vector<double> time_round_trips(int count, std::chrono::microseconds pause,
                                            const std::function<void()>& round_trip) {
  using Clock = std::chrono::steady_clock;
  std::vector<double> times;
  for (int i = 0; i < count; ++i) {
    if (pause.count() > 0) std::this_thread::sleep_for(pause);
    const Clock::time_point start = Clock::now();
    round_trip();
    times.push_back(std::chrono::duration<double, std::micro>(Clock::now() - start).count());
  }
  return times;
}

}  // namespace gangway::bench
