// A map whose chunks leave only as fast as their results are consumed.
#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include <gangway/detail/view_core.hpp>
#include <gangway/function.hpp>

#include "base/instant.hpp"
#include "base/limits.hpp"
#include "client/outgoing.hpp"
#include "client/pending_task.hpp"
#include "client/session.hpp"

namespace gangway::detail {

namespace {

// Long enough to make the way to an engine and back small beside it, short enough to keep all engines busy.
constexpr base::Duration chunk_time = base::milliseconds(5);

}  // namespace

class MapStream::State {
  struct SentChunk {
    std::shared_ptr<PendingTask> task;
    std::size_t elements = 0;
    std::size_t arguments_bytes = 0;
  };

  /// The chunks that are done, from the session's thread to the user's.
  struct Finished {
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<SentChunk> chunks;
  };

 public:
  State(ViewCore core, const Callee& callee, std::vector<std::string> needs, std::size_t chunk_elements)
      : core_{std::move(core)},
        function_{client::find_function(core_.session(), callee)},
        label_{client::labelled(core_, function_->label)},
        needs_{std::move(needs)},
        is_fixed_{chunk_elements != 0},
        chunk_elements_{std::max<std::size_t>(chunk_elements, 1)} {
    for (const std::string& name : needs_) {
      check_name(name);
    }
    if (!core_.options().key.empty() && !is_fixed_) {
      throw Error{"as_completed() with the key '" + core_.options().key +
                  "' needs chunk(n) too: the pieces must be the same in each process"};
    }
  }

  [[nodiscard]] std::size_t next_elements() const {
    const std::size_t engines = std::max<std::size_t>(core_.session().engines().size(), 1);
    const bool has_room = under_way_ < engines * base::stream_chunks_per_engine &&
                          (under_way_ + 1) * chunk_bytes_ <= base::stream_bytes_max;
    return has_room || under_way_ == 0 ? chunk_elements_ : 0;
  }

  bool add(std::size_t elements, const ByteSource& arguments) {
    if (!is_fixed_ && elements > 1 && arguments.bytes() > base::stream_chunk_bytes) {
      return false;
    }
    client::Submission submission = client::call_of(*function_, needs_, arguments);
    auto task = std::make_shared<PendingTask>(label_);
    task->count_elements(elements_sent_, core_.options().label);
    client::set_options(submission, core_);
    submission.key = client::chunk_key(core_, elements_sent_, elements);
    submission.task = task;
    submission.first_part = task->add_parts(1, elements);
    task->seal();
    // The task holds this only until it is ready, then it is gone: no circle stays.
    task->when_ready(CallbackPlace::anywhere,
                     [finished = finished_, chunk = SentChunk{task, elements, arguments.bytes()}] {
                       const std::lock_guard lock{finished->mutex};
                       finished->chunks.push_back(chunk);
                       finished->changed.notify_one();
                     });
    core_.session().submit(std::move(submission));
    elements_sent_ += elements;
    ++under_way_;
    return true;
  }

  [[nodiscard]] bool has_finished() const {
    const std::lock_guard lock{finished_->mutex};
    return !finished_->chunks.empty();
  }

  std::optional<FinishedPart> take() {
    if (under_way_ == 0) {
      return std::nullopt;
    }
    const SentChunk chunk = [this] {
      std::unique_lock lock{finished_->mutex};
      finished_->changed.wait(lock, [this] { return !finished_->chunks.empty(); });
      SentChunk first = std::move(finished_->chunks.front());
      finished_->chunks.pop_front();
      return first;
    }();
    --under_way_;
    learn_from(chunk);
    return FinishedPart{TaskHandle{chunk.task}, 0};
  }

 private:
  void learn_from(const SentChunk& chunk) {
    std::size_t bytes = chunk.arguments_bytes;
    if (const auto result = chunk.task->result_bytes(0)) {
      bytes += *result;
    }
    const std::size_t element_bytes = bytes / chunk.elements + 1;
    const auto run_ns = static_cast<std::size_t>(std::max<std::int64_t>(chunk.task->info(0).ran.count(), 1));
    const std::size_t element_ns = run_ns / chunk.elements + 1;
    if (!is_fixed_) {
      const std::size_t by_time = static_cast<std::size_t>(chunk_time.ns) / element_ns;
      const std::size_t by_bytes = base::stream_chunk_bytes / element_bytes;
      chunk_elements_ =
          std::clamp<std::size_t>(std::min({by_time, by_bytes, 2 * chunk_elements_}), 1, client::chunk_elements_max);
    }
    chunk_bytes_ = element_bytes * chunk_elements_;
  }

  ViewCore core_;
  std::shared_ptr<const client::KnownFunction> function_;
  std::string label_;
  std::vector<std::string> needs_;
  bool is_fixed_;
  std::size_t chunk_elements_;
  std::size_t chunk_bytes_ = 0;  // arguments and result of the next chunk, by the last one that was taken
  std::size_t elements_sent_ = 0;
  std::size_t under_way_ = 0;  // sent and not taken
  std::shared_ptr<Finished> finished_ = std::make_shared<Finished>();
};

MapStream::MapStream(ViewCore core, const Callee& callee, std::vector<std::string> needs, std::size_t chunk_elements)
    : state_{std::make_unique<State>(std::move(core), callee, std::move(needs), chunk_elements)} {}

MapStream::~MapStream() = default;

std::size_t MapStream::next_elements() const {
  return state_->next_elements();
}
bool MapStream::add(std::size_t elements, const ByteSource& arguments) {
  return state_->add(elements, arguments);
}
bool MapStream::has_finished() const {
  return state_->has_finished();
}
std::optional<FinishedPart> MapStream::take() {
  return state_->take();
}

}  // namespace gangway::detail
