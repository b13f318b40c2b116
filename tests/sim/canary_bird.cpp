#include "sim/canary_bird.hpp"

#include <algorithm>
#include <iterator>
#include <utility>
#include <variant>
#include <vector>

#include "sim/work.hpp"

namespace gangway::sim {

namespace {

// The flaw shows at the n-th occasion, when something is going on.
constexpr std::uint64_t occasion = 3;

}  // namespace

base::Limits CanaryBird::limits(base::Limits limits) const {
  if (canary_ == Canary::exceed_window) limits.engine_attempts_max += 1;
  if (canary_ == Canary::trust_results) limits.result_bytes_guess = 0;
  return limits;
}

bool CanaryBird::lets_in(const core::Event& event) const {
  if (canary_ == Canary::forget_returned) {
    const auto* spoke = std::get_if<core::EngineSpoke>(&event);
    return spoke == nullptr || !std::holds_alternative<wire::AttemptsReturned>(spoke->message);
  }
  if (canary_ == Canary::keep_forgotten) {
    const auto* spoke = std::get_if<core::ClientSpoke>(&event);
    return spoke == nullptr || !std::holds_alternative<wire::Acknowledge>(spoke->message);
  }
  return true;
}

void CanaryBird::tamper_with_page(core::ParkedRead& page) const {
  if (canary_ == Canary::lose_parked && page.listed_for && !page.tasks.empty()) page.tasks.pop_back();
}

void CanaryBird::tamper(const core::Event& last_event, core::Effects& effects) {
  if (canary_ == Canary::none) return;
  if (std::holds_alternative<core::Restarted>(last_event)) {
    last_runs_.clear();
    held_.reset();
  }
  tamper_with_answers(effects);
  tamper_with_resumes(effects);
  tamper_with_runs(effects);
  if (canary_ == Canary::forgive_overdraft) {
    std::erase_if(effects.to_clients, [&](const core::SendToClient& send) {
      const auto* goodbye = std::get_if<wire::Goodbye>(&send.message);
      if (goodbye == nullptr || goodbye->reason.find("exceeds the credit") == std::string::npos) return false;
      std::erase(effects.to_close, send.connection);
      return true;
    });
  }
  const auto* lost = std::get_if<core::EngineLost>(&last_event);
  if (canary_ == Canary::send_to_lost && lost != nullptr && last_runs_.contains(lost->engine)) {
    effects.to_engines.push_back({{lost->engine}, last_runs_.at(lost->engine)});
  }
}

void CanaryBird::tamper_with_answers(core::Effects& effects) {
  for (auto send = effects.to_clients.begin(); send != effects.to_clients.end(); ++send) {
    if (auto* welcome = std::get_if<wire::Welcome>(&send->message)) {
      if (canary_ == Canary::overstate_credit) welcome->tasks_credit += 2;
      continue;
    }
    if (!std::holds_alternative<wire::TaskFinished>(send->message)) continue;
    if (canary_ == Canary::lose_answer && ++seen_ == occasion) {
      effects.to_clients.erase(send);
      return;
    }
    if (canary_ == Canary::duplicate_answer && ++seen_ == occasion) {
      effects.to_clients.insert(send, core::SendToClient{*send});
      return;
    }
  }
}

void CanaryBird::tamper_with_resumes(core::Effects& effects) {
  std::vector<core::SendStoredAnswer>& kept = effects.stored_answers;
  if (canary_ == Canary::lose_kept && !kept.empty()) kept.pop_back();
  if (canary_ == Canary::repeat_kept && !kept.empty()) kept.push_back(core::SendStoredAnswer{kept.back()});

  for (const core::Record& record : effects.journal) {
    if (const auto* fact = std::get_if<core::TaskKept>(&record.fact)) kept_.insert(fact->task);
  }
  if (canary_ == Canary::forget_kept) {
    std::erase_if(kept, [this](const core::SendStoredAnswer& send) { return kept_.contains(send.task); });
  }

  std::vector<core::SendToClient>& sent = effects.to_clients;
  const auto mark = std::find_if(sent.begin(), sent.end(), [](const core::SendToClient& send) {
    return std::holds_alternative<wire::SessionResumed>(send.message);
  });
  if (canary_ == Canary::forget_mark && mark != sent.end()) {
    sent.erase(mark);
    return;
  }
  if (mark == sent.end() || mark == sent.begin()) return;
  const auto last_named = std::prev(mark);
  if (!std::holds_alternative<wire::TaskAccepted>(last_named->message)) return;
  if (canary_ == Canary::forget_named) sent.erase(last_named);
  if (canary_ == Canary::mark_early) std::iter_swap(last_named, mark);
}

void CanaryBird::tamper_with_runs(core::Effects& effects) {
  if (canary_ == Canary::forget_environment) {
    std::erase_if(effects.to_engines, [](const core::SendToEngines& send) {
      return std::holds_alternative<wire::SetEnvironment>(send.message);
    });
  }
  for (auto send = effects.to_engines.begin(); send != effects.to_engines.end(); ++send) {
    const auto* run = std::get_if<wire::RunTask>(&send->message);
    if (run == nullptr) continue;
    for (const EngineId engine : send->engines) last_runs_.insert_or_assign(engine, *run);
    if (canary_ == Canary::forget_needed) {
      const wire::ModuleHash module = module_of(run->operation);
      if (module == wire::ModuleHash{} || ++seen_ != occasion) continue;
      effects.to_engines.insert(std::next(send), core::SendToEngines{send->engines, wire::ForgetModule{module}});
      return;
    }
    if (canary_ == Canary::repeat_attempt && ++seen_ == occasion) {
      effects.to_engines.push_back(core::SendToEngines{*send});
      return;
    }
    if (canary_ != Canary::swap_order || run->returnable || send->engines.size() != 1) continue;
    if (held_ && held_->engines == send->engines) {
      // The second one first; each is held no longer.
      effects.to_engines.insert(std::next(send), *std::exchange(held_, std::nullopt));
      canary_ = Canary::none;
      return;
    }
    if (!held_) {
      held_ = *send;
      effects.to_engines.erase(send);
      return;
    }
  }
}

}  // namespace gangway::sim
