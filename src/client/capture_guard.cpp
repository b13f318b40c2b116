#include "client/capture_guard.hpp"

#include <algorithm>
#include <cstring>

#include "code/module.hpp"

namespace gangway::client {

namespace {

constexpr std::uintptr_t address_min = std::uintptr_t{1} << 32;
constexpr std::uintptr_t address_max = std::uintptr_t{1} << 47;

// Reading the list takes longer than a call; memory that was mapped since is missed for this long.
constexpr std::chrono::seconds ranges_age_max{1};

}  // namespace

std::optional<std::size_t> CaptureGuard::address_in(base::ByteView closure) {
  for (std::size_t word = 0; (word + 1) * sizeof(std::uintptr_t) <= closure.size(); ++word) {
    std::uintptr_t value = 0;
    std::memcpy(&value, closure.data() + word * sizeof value, sizeof value);
    if (value < address_min || value >= address_max) {
      continue;
    }
    if (ranges_.empty() || Clock::now() - read_ > ranges_age_max) {
      ranges_ = code::mapped_ranges();
      read_ = Clock::now();
    }
    if (is_mapped(value)) {
      return word;
    }
  }
  return std::nullopt;
}

bool CaptureGuard::is_mapped(std::uintptr_t address) const {
  const auto after = std::upper_bound(ranges_.begin(), ranges_.end(), address,
                                      [](std::uintptr_t wanted, const auto& range) { return wanted < range.first; });
  return after != ranges_.begin() && address < std::prev(after)->second;
}

}  // namespace gangway::client
