// Messages whose length and content follow from who sends them to whom and in which place, so that the receiver can
// tell whether it got all of them, whole and in order.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "mpi/doorbell.hpp"
#include "mpi/link.hpp"
#include "wire/codec.hpp"

namespace gangway::test {

/// Bytes that follow from `seed`.
base::ByteVector pattern(std::uint64_t seed, std::size_t bytes);

/// The message in place `index` from `source` to `target`: mostly small, some around the limit of what rides in a
/// head message, a few up to `bytes_max`, now and then with a large head.
wire::EncodedMessage traffic_message(int source, int target, std::uint32_t index, std::size_t bytes_max);

/// Checks what arrives at a rank against traffic_message().
class TrafficCheck {
 public:
  TrafficCheck(int rank, int ranks, std::size_t bytes_max)
      : rank_{rank}, bytes_max_{bytes_max}, received_(static_cast<std::size_t>(ranks)) {}

  /// Fails the test if this is not the next message of `source`.
  void expect_next(int source, std::uint8_t number, const base::SharedBytes& head, const base::SharedBytes& bulk);

  /// How many messages of `source` have arrived.
  [[nodiscard]] std::uint32_t received(int source) const { return received_[static_cast<std::size_t>(source)]; }
  /// True if `count` messages of every rank have arrived.
  [[nodiscard]] bool all_received(std::uint32_t count) const;

 private:
  int rank_;
  std::size_t bytes_max_;
  std::vector<std::uint32_t> received_;
};

/// A doorbell of this rank for the running test alone: page and bells are in a directory of its own.
mpi::Doorbell doorbell_of_this_test();

/// Polls until `done`. False if that takes more than a minute.
[[nodiscard]] bool poll_until(mpi::Link& link, const std::function<bool()>& done);

}  // namespace gangway::test
