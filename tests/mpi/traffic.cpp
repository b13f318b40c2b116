#include "traffic.hpp"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <random>

#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "support/mpi_world.hpp"

namespace gangway::test {

base::ByteVector pattern(std::uint64_t seed, std::size_t bytes) {
  base::ByteVector result(bytes);
  std::uint64_t state = seed * 0x9e3779b97f4a7c15U + 1;
  for (std::size_t i = 0; i < bytes; i += sizeof state) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    std::memcpy(result.data() + i, &state, std::min(sizeof state, bytes - i));
  }
  return result;
}

wire::EncodedMessage traffic_message(int source, int target, std::uint32_t index, std::size_t bytes_max) {
  const std::uint64_t seed =
      (static_cast<std::uint64_t>(source) << 48) ^ (static_cast<std::uint64_t>(target) << 32) ^ index;
  std::mt19937_64 random{seed};
  const auto between = [&random](std::size_t low, std::size_t high) { return low + random() % (high - low + 1); };
  std::size_t head_bytes = between(0, 100);
  std::size_t bulk_bytes = 0;
  switch (const std::size_t dice = between(0, 99); dice) {
    case 0:
    case 1:
      bulk_bytes = between(0, bytes_max);
      break;
    case 2:
      head_bytes = between(mpi::Link::inline_bytes_max - 2, 30'000);
      bulk_bytes = between(0, 10'000);
      break;
    default:
      if (dice < 15) bulk_bytes = between(0, std::min<std::size_t>(bytes_max, 64 * base::kib));
      if (dice >= 15 && dice < 30) bulk_bytes = mpi::Link::inline_bytes_max - head_bytes + between(0, 2) - 1;
      if (dice >= 30 && dice < 70) bulk_bytes = between(0, 2000);
  }
  wire::EncodedMessage message;
  message.number = static_cast<std::uint8_t>(random());
  message.head = pattern(seed + 1, head_bytes);
  message.bulk = base::SharedBytes{pattern(seed + 2, bulk_bytes)};
  return message;
}

void TrafficCheck::expect_next(int source, std::uint8_t number, const base::SharedBytes& head,
                               const base::SharedBytes& bulk) {
  std::uint32_t& index = received_[static_cast<std::size_t>(source)];
  const wire::EncodedMessage expected = traffic_message(source, rank_, index, bytes_max_);
  EXPECT_EQ(number, expected.number) << "message " << index << " from rank " << source;
  EXPECT_TRUE(std::ranges::equal(head.view(), base::ByteView{expected.head}))
      << "head of message " << index << " from rank " << source;
  EXPECT_TRUE(bulk == expected.bulk) << "bulk of message " << index << " from rank " << source;
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(bulk.view().data()) % 64, 0U);
  ++index;
}

bool TrafficCheck::all_received(std::uint32_t count) const {
  return std::ranges::all_of(received_, [count](std::uint32_t received) { return received == count; });
}

mpi::Doorbell doorbell_of_this_test() {
  static int made = 0;  // as many on every rank
  const std::string directory = scratch_directory() + "/doorbells-" + std::to_string(++made);
  std::filesystem::create_directory(directory);
  auto doorbell = mpi::Doorbell::open(world(), directory);
  if (!doorbell) throw std::runtime_error{doorbell.fault().text};
  return std::move(doorbell).value();
}

bool poll_until(mpi::Link& link, const std::function<bool()>& done) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes{1};
  while (!done()) {
    if (!link.poll() && std::chrono::steady_clock::now() > deadline) return false;
  }
  return true;
}

}  // namespace gangway::test
