#include "gateway/held_effects.hpp"

#include <type_traits>
#include <utility>
#include <variant>

#include "core/controller.hpp"

namespace gangway::gateway {

namespace {

std::size_t bytes_of(const core::TaskAccepted& fact) {
  std::size_t names = 0;
  for (const std::string& name : fact.needs) names += sizeof name + name.size();
  return fact.operation.size() + fact.label.size() + fact.engines.size() * sizeof(EngineId) + names;
}

/// What a record keeps in memory until it is written, about.
std::size_t bytes_of(const core::Record& record) {
  const std::size_t large = std::visit(
      [](const auto& fact) -> std::size_t {
        using T = std::decay_t<decltype(fact)>;
        if constexpr (std::is_same_v<T, core::TaskAccepted>) {
          return bytes_of(fact);
        } else if constexpr (std::is_same_v<T, core::TaskUnparked>) {
          return bytes_of(fact.task);
        } else if constexpr (std::is_same_v<T, core::TaskSettled>) {
          return core::outcome_bytes(fact.outcome);
        } else if constexpr (std::is_same_v<T, core::ModuleStored>) {
          return fact.content.size();
        } else if constexpr (std::is_same_v<T, core::AttemptFailed>) {
          return fact.reason.size();
        } else {
          return 0;
        }
      },
      record.fact);
  return sizeof record + large;
}

}  // namespace

std::vector<core::SendToClient> take_what_need_not_wait(core::Effects& effects) {
  std::vector<core::SendToClient> taken;
  std::erase_if(effects.to_clients, [&](core::SendToClient& send) {
    const bool need_not_wait =
        std::holds_alternative<wire::Pong>(send.message) || std::holds_alternative<wire::ClusterState>(send.message);
    if (need_not_wait) taken.push_back(std::move(send));
    return need_not_wait;
  });
  return taken;
}

RecordsWeight weigh(const std::vector<core::Record>& records) {
  RecordsWeight weight;
  if (records.empty()) return weight;
  weight.last = records.back().number;
  weight.count = records.size();
  for (const core::Record& record : records) weight.bytes += bytes_of(record);
  return weight;
}

void HeldEffects::hold(core::Effects effects, const RecordsWeight& records) {
  if (records.count > 0) last_ = records.last;
  Turn turn;
  turn.last = last_;
  turn.records = records.count;
  turn.bytes = records.bytes;
  records_ += turn.records;
  bytes_ += turn.bytes;
  turn.effects = std::move(effects);
  turns_.push_back(std::move(turn));
  note_fullness();
}

std::optional<core::Effects> HeldEffects::release(std::uint64_t durable_number) {
  if (turns_.empty() || turns_.front().last > durable_number) return std::nullopt;
  Turn turn = std::move(turns_.front());
  turns_.pop_front();
  records_ -= turn.records;
  bytes_ -= turn.bytes;
  note_fullness();
  return std::move(turn.effects);
}

void HeldEffects::note_fullness() {
  if (records_ > bounds_.records_max || bytes_ > bounds_.bytes_max) is_full_ = true;
  if (records_ <= bounds_.records_max / 2 && bytes_ <= bounds_.bytes_max / 2) is_full_ = false;
}

}  // namespace gangway::gateway
