// The engine behind gangway::Engine: asks the rank, which owns the named values.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <gangway/engine.hpp>

#include "wire/worker_message.hpp"
#include "worker/rank_port.hpp"

namespace gangway::worker {

/// One for the life of the process; begin_call() and end_call() frame each call.
class EnginePort final : public detail::EngineHost {
 public:
  explicit EnginePort(RankPort& rank) : rank_{rank} {}

  void begin_call(const wire::EngineInfo& engine);

  /// After CallFinished has been sent: references that were handed out end here.
  void end_call(bool succeeded);

  [[nodiscard]] EngineId id() const override { return engine_.id; }
  [[nodiscard]] const std::string& host() const override { return engine_.host; }
  detail::OpenedValue open(std::string_view name, bool for_writing) override;
  std::span<std::byte> make_array(std::string_view name, const detail::ValueDescription& description,
                                  std::size_t bytes) override;
  std::span<std::byte> set_object(std::string_view name, const detail::ValueDescription& description,
                                  std::size_t bytes) override;
  bool erase(std::string_view name) override;
  [[nodiscard]] std::vector<std::string> names() override;
  [[nodiscard]] detail::ProcessObjects& objects() override { return objects_; }

 private:
  template <class Answer>
  Answer ask(const wire::FromWorker& request);
  std::span<std::byte> granted(std::string_view name, std::size_t bytes, const wire::BlockGranted& answer);

  RankPort& rank_;
  wire::EngineInfo engine_;
  detail::ProcessObjects objects_;
  std::set<std::string, std::less<>> claimed_;  // arrays that the running call may write
  std::set<std::string, std::less<>> made_;     // values of which the running call made a version of its own
};

}  // namespace gangway::worker
