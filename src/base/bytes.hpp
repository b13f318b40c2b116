// Byte ranges: borrowed (ByteView) and shared (SharedBytes).
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace gangway::base {

using ByteView = std::span<const std::byte>;
using ByteVector = std::vector<std::byte>;

/// The bytes of a text, borrowed.
inline ByteView bytes_of(std::string_view text) {
  return std::as_bytes(std::span{text.data(), text.size()});
}

/// Immutable bytes that several holders share; a value, cheap to copy and to cut. The bytes may lie in a received
/// frame, in a vector or in shared memory: the owner only keeps them alive.
class SharedBytes {
 public:
  SharedBytes() = default;

  /// Takes over a vector.
  explicit SharedBytes(ByteVector bytes) {
    auto owner = std::make_shared<const ByteVector>(std::move(bytes));
    view_ = *owner;
    owner_ = std::move(owner);
  }

  /// Bytes that `owner` keeps alive and unchanged.
  SharedBytes(std::shared_ptr<const void> owner, ByteView view) : owner_{std::move(owner)}, view_{view} {}

  /// A copy of borrowed bytes.
  static SharedBytes copy_of(ByteView view) { return SharedBytes{ByteVector(view.begin(), view.end())}; }

  [[nodiscard]] ByteView view() const { return view_; }
  [[nodiscard]] std::size_t size() const { return view_.size(); }
  [[nodiscard]] bool empty() const { return view_.empty(); }

  /// The part [offset, offset + count), sharing the owner. The range must lie inside.
  [[nodiscard]] SharedBytes cut(std::size_t offset, std::size_t count) const {
    return {owner_, view_.subspan(offset, count)};
  }

  /// Whether somebody else holds the same owner. Meaningful only where all holders live in one thread.
  [[nodiscard]] bool shared() const { return owner_.use_count() > 1; }

  /// Equal when the bytes are equal, wherever they lie.
  friend bool operator==(const SharedBytes& a, const SharedBytes& b) {
    return a.view_.size() == b.view_.size() && std::equal(a.view_.begin(), a.view_.end(), b.view_.begin());
  }

 private:
  std::shared_ptr<const void> owner_;
  ByteView view_;
};

}  // namespace gangway::base
