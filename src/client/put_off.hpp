// Work that brings about more of its kind, as callbacks and destructors do: in a loop, not ever deeper in the stack.
#pragma once

#include <list>
#include <utility>

namespace gangway::client {

/// Things of one kind; `Do` is done with each, in the order in which a thread adds them. It throws nothing.
///
/// Threads: each has its own.
template <class Item, void (*Do)(Item)>
class PutOff {
 public:
  /// Does it, and all that is added by that. Within another such call of this thread it is put off until that call
  /// comes to it, and this returns at once.
  static void add(Item item) {
    if (items_ != nullptr) {
      items_->push_back(std::move(item));
      return;
    }
    // On the stack: a thread's own objects end before the static ones, among which are Futures. A list takes no
    // memory while it is empty, as it mostly stays.
    std::list<Item> items;
    items_ = &items;
    Do(std::move(item));
    finish();
    items_ = nullptr;
  }

  /// Does all that this thread has put off: before it waits for what may be made by that.
  static void finish() {
    while (items_ != nullptr && !items_->empty()) {
      Item item = std::move(items_->front());
      items_->pop_front();
      Do(std::move(item));
    }
  }

 private:
  static inline thread_local std::list<Item>* items_ = nullptr;
};

}  // namespace gangway::client
