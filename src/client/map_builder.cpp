// Cutting maps into chunks.
#include <algorithm>
#include <string>
#include <utility>

#include <gangway/detail/view_core.hpp>
#include <gangway/error.hpp>

#include "base/limits.hpp"
#include "client/outgoing.hpp"
#include "client/pending_task.hpp"
#include "client/session.hpp"

namespace gangway::detail {

namespace {

// Engines get some chunks ahead of need, and at the end of a map the last chunks should even out between them: with
// 32 for each engine the slowest one is late by a few per cent at most.
constexpr std::size_t chunks_per_engine = 32;

constexpr std::size_t chunk_bytes_max = 8 * base::mib;

// The pieces of a map with a key have to be the same in each process, however many engines there are then.
constexpr std::size_t chunks_of_key = 1024;

std::size_t chosen_chunk(std::size_t elements, std::size_t engines, bool has_key) {
  const std::size_t chunks = has_key ? chunks_of_key : std::max<std::size_t>(engines, 1) * chunks_per_engine;
  return std::clamp<std::size_t>((elements + chunks - 1) / chunks, 1, client::chunk_elements_max);
}

}  // namespace

class MapBuilder::State {
 public:
  State(ViewCore core, const Callee& callee, std::vector<std::string> needs, std::size_t elements,
        std::size_t chunk_elements)
      : core_{std::move(core)},
        function_{client::find_function(core_.session(), callee)},
        needs_{std::move(needs)},
        elements_left_{elements},
        is_fixed_{chunk_elements != 0},
        chunk_elements_{is_fixed_
                            ? chunk_elements
                            : chosen_chunk(elements, core_.session().engines().size(), !core_.options().key.empty())},
        label_{client::labelled(core_, function_->label)},
        task_{std::make_shared<PendingTask>(label_, core_.session().continuations())} {
    for (const std::string& name : needs_) {
      check_name(name);
    }
    task_->count_elements(0, core_.options().label);
  }

  [[nodiscard]] std::size_t next_elements() const { return std::min(chunk_elements_, elements_left_); }

  bool add(const ByteSource& arguments) {
    const std::size_t elements = next_elements();
    if (!is_fixed_ && elements > 1 && arguments.bytes() > chunk_bytes_max) {
      chunk_elements_ = std::clamp<std::size_t>(elements * chunk_bytes_max / arguments.bytes(), 1, elements - 1);
      return false;
    }
    client::Submission submission = client::call_of(*function_, needs_, arguments);
    client::set_options(submission, core_);
    submission.key = client::chunk_key(core_, elements_sent_, elements);
    submission.engines = core_.engines();
    submission.task = task_;
    submission.first_part = task_->add_parts(1, elements);
    core_.session().submit(std::move(submission));
    elements_left_ -= elements;
    elements_sent_ += elements;
    return true;
  }

  TaskHandle finish() {
    task_->seal();
    return TaskHandle{task_};
  }

 private:
  ViewCore core_;
  std::shared_ptr<const client::KnownFunction> function_;
  std::vector<std::string> needs_;
  std::size_t elements_left_;
  std::size_t elements_sent_ = 0;
  bool is_fixed_;
  std::size_t chunk_elements_;
  std::string label_;
  std::shared_ptr<PendingTask> task_;
};

MapBuilder::MapBuilder(ViewCore core, const Callee& callee, std::vector<std::string> needs, std::size_t elements,
                       std::size_t chunk_elements)
    : state_{std::make_unique<State>(std::move(core), callee, std::move(needs), elements, chunk_elements)} {}

MapBuilder::~MapBuilder() = default;

std::size_t MapBuilder::next_elements() const {
  return state_->next_elements();
}
bool MapBuilder::add(const ByteSource& arguments) {
  return state_->add(arguments);
}
TaskHandle MapBuilder::finish() {
  return state_->finish();
}

}  // namespace gangway::detail
