// A list of what may become void unseen, which does not grow by that.
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>
#include <vector>

namespace gangway::client {

/// An Item's is_void() tells that nobody needs it any more. There are at most about twice as many as are needed, at a
/// constant cost for each that is added. Items that are taken out go to the caller, who destroys them without a lock.
template <class Item>
class SweptList {
 public:
  [[nodiscard]] bool empty() const { return items_.empty(); }
  [[nodiscard]] std::size_t size() const { return items_.size(); }

  void add(Item item, std::vector<Item>& swept) {
    sweep_if_long(swept);
    items_.push_back(std::move(item));
  }

  /// Adds those of another list, which is empty then; the order between the two is not kept.
  void take_from(SweptList& other, std::vector<Item>& swept) {
    if (items_.size() < other.items_.size()) {
      std::swap(*this, other);
    }
    std::move(other.items_.begin(), other.items_.end(), std::back_inserter(items_));
    other.items_.clear();
    sweep_if_long(swept);
  }

  [[nodiscard]] std::vector<Item> take_all() { return std::exchange(items_, {}); }

 private:
  static constexpr std::size_t short_max = 16;

  void sweep_if_long(std::vector<Item>& swept) {
    if (items_.size() < sweep_size_) {
      return;
    }
    // Those that are needed keep their order.
    const auto first_void =
        std::stable_partition(items_.begin(), items_.end(), [](const Item& item) { return !item.is_void(); });
    std::move(first_void, items_.end(), std::back_inserter(swept));
    items_.erase(first_void, items_.end());
    sweep_size_ = std::max(short_max, 2 * items_.size());
  }

  std::vector<Item> items_;
  std::size_t sweep_size_ = short_max;
};

}  // namespace gangway::client
