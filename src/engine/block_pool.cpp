#include "engine/block_pool.hpp"

#include "base/check.hpp"

namespace gangway::engine {

namespace {

// Two values never share a cache line, and arrays begin where vector instructions like it.
constexpr std::uint64_t granule_bytes = 64;

std::uint64_t rounded(std::uint64_t bytes) {
  return bytes == 0 ? granule_bytes : (bytes + granule_bytes - 1) / granule_bytes * granule_bytes;
}

}  // namespace

class BlockPool::Owned final : public Block {
 public:
  Owned(BlockPool& pool, std::uint64_t offset, std::uint64_t bytes) : pool_{pool}, range_{offset, bytes} {}
  ~Owned() override { pool_.give_back(range_.offset, rounded(range_.bytes)); }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;

  [[nodiscard]] wire::ArenaRange range() const override { return range_; }
  [[nodiscard]] std::span<std::byte> bytes() const override { return *pool_.arena_->at(range_.offset, range_.bytes); }

 private:
  BlockPool& pool_;
  wire::ArenaRange range_;
};

BlockPool::BlockPool(keeper::Arena& arena)
    : arena_{&arena}, total_bytes_{arena.bytes() / granule_bytes * granule_bytes} {
  add_gap(0, total_bytes_);
}

BlockPtr BlockPool::take(std::uint64_t bytes) {
  if (bytes > total_bytes_) return nullptr;
  const std::uint64_t wanted = rounded(bytes);
  const auto gap = gaps_by_size_.lower_bound({wanted, 0});
  if (gap == gaps_by_size_.end()) return nullptr;
  const auto [gap_bytes, offset] = *gap;
  remove_gap(offset, gap_bytes);
  if (gap_bytes > wanted) add_gap(offset + wanted, gap_bytes - wanted);
  used_bytes_ += wanted;
  return std::make_shared<Owned>(*this, offset, bytes);
}

void BlockPool::give_back(std::uint64_t offset, std::uint64_t bytes) {
  GANGWAY_CHECK(used_bytes_ >= bytes, "a block is given back once");
  used_bytes_ -= bytes;
  auto after = gaps_by_offset_.lower_bound(offset);
  if (after != gaps_by_offset_.begin()) {
    const auto before = std::prev(after);
    const auto [before_offset, before_bytes] = *before;
    GANGWAY_CHECK(before_offset + before_bytes <= offset, "gaps and blocks do not overlap");
    if (before_offset + before_bytes == offset) {
      remove_gap(before_offset, before_bytes);
      offset = before_offset;
      bytes += before_bytes;
    }
  }
  if (after != gaps_by_offset_.end() && after->first == offset + bytes) {
    const std::uint64_t after_bytes = after->second;
    remove_gap(offset + bytes, after_bytes);
    bytes += after_bytes;
  }
  add_gap(offset, bytes);
}

void BlockPool::add_gap(std::uint64_t offset, std::uint64_t bytes) {
  gaps_by_offset_.emplace(offset, bytes);
  gaps_by_size_.emplace(bytes, offset);
}

void BlockPool::remove_gap(std::uint64_t offset, std::uint64_t bytes) {
  gaps_by_offset_.erase(offset);
  gaps_by_size_.erase({bytes, offset});
}

}  // namespace gangway::engine
