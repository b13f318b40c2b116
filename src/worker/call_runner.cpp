#include "worker/call_runner.hpp"

#include <chrono>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include <gangway/function.hpp>

#include "base/check.hpp"
#include "base/limits.hpp"

namespace gangway::worker {

namespace {

using Clock = std::chrono::steady_clock;

/// Times the function and keeps its result.
class ResultPort final : public detail::CallPort {
 public:
  ResultPort(RankPort& rank, wire::CallFinished& finished) : rank_{rank}, finished_{finished} {}

  void started() override { began_ = Clock::now(); }

  void returned() override {
    if (began_) {
      finished_.run_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - *began_).count();
    }
  }

  void deliver(const detail::PayloadWriter& result) override {
    const std::size_t bytes = result.bytes();
    if (bytes > base::encoded_object_bytes_max) {
      throw ArchiveError{"the result takes " + std::to_string(bytes / base::mib) + " MiB, and at most " +
                         std::to_string(base::object_bytes_max / base::mib) +
                         " MiB travel whole: return less, or leave it at the engine as a named value"};
    }
    if (bytes <= inline_result_bytes_max) {
      base::ByteVector small(bytes);
      result.write_to(small);
      finished_.outcome = base::SharedBytes{std::move(small)};
      return;
    }
    const wire::ToWorker answer = rank_.ask(wire::GrantBlock{bytes});
    const auto* granted = std::get_if<wire::BlockGranted>(&answer);
    GANGWAY_CHECK(granted != nullptr, "the rank answers GrantBlock with BlockGranted");
    if (!granted->reason.empty()) {
      throw ValueError{granted->reason};
    }
    GANGWAY_CHECK(granted->block.bytes >= bytes, "a granted block is as long as was asked for, or longer");
    const wire::ArenaRange range{granted->block.offset, bytes};
    result.write_to(rank_.arena(range));
    finished_.outcome = range;
  }

  [[nodiscard]] bool has_started() const { return began_.has_value(); }

 private:
  RankPort& rank_;
  wire::CallFinished& finished_;
  std::optional<Clock::time_point> began_;
};

/// Bytes that begin on a 64-byte boundary: where they are, or as a copy.
class AlignedBytes {
 public:
  explicit AlignedBytes(base::ByteView bytes) : view_{bytes} {
    if (reinterpret_cast<std::uintptr_t>(bytes.data()) % detail::segment_alignment_bytes == 0 || bytes.empty()) {
      return;
    }
    copy_.resize((bytes.size() + sizeof(detail::AlignedBlock) - 1) / sizeof(detail::AlignedBlock));
    std::memcpy(copy_.data(), bytes.data(), bytes.size());
    view_ = std::as_bytes(std::span{copy_}).first(bytes.size());
  }

  [[nodiscard]] base::ByteView view() const { return view_; }

 private:
  std::vector<detail::AlignedBlock> copy_;
  base::ByteView view_;
};

wire::FailureKind kind_of(const ValueError& error, bool started) {
  if (error.kind() == FailureKind::torn) {
    return wire::FailureKind::torn;
  }
  return started ? wire::FailureKind::exception : wire::FailureKind::not_run;
}

}  // namespace

CallRunner::CallRunner(const LoadedModules& modules, EnginePort& engine, RankPort& rank)
    : modules_{modules}, port_{engine}, rank_{rank}, engine_{engine} {}

base::Result<code::FoundStub> CallRunner::find(const wire::RunCall& call) const {
  const wire::FunctionRef& function = call.function;
  if (function.by_name()) return code::find_stub_by_name(modules_.libraries(), function.name, function.signature);
  if (const auto base = modules_.base_of(function.module)) {
    return code::find_stub(*base, function.offset, function.name, function.signature);
  }
  return base::Fault{detail::readable_function(function.name.c_str()) + " belongs to module " +
                     short_hash(function.module) + ", which is not loaded in the worker of engine " +
                     std::to_string(call.engine.id.value()) + "; start the program again"};
}

wire::CallFinished CallRunner::run(const wire::RunCall& call) {
  port_.begin_call(call.engine);
  wire::CallFinished finished{.attempt = call.attempt, .run_ns = 0, .outcome = {}};
  const auto fail = [&](wire::FailureKind kind, std::string type, std::string text) {
    type.resize(std::min(type.size(), base::name_bytes_max));
    text.resize(std::min(text.size(), base::text_bytes_max));
    finished.outcome = wire::Failure{.kind = kind,
                                     .type = std::move(type),
                                     .text = std::move(text),
                                     .engine = call.engine.id,
                                     .host = call.engine.host,
                                     .attempt = call.attempt.attempt};
  };

  const auto stub = find(call);
  if (!stub) {
    fail(wire::FailureKind::not_run, "no such function", stub.fault().text);
    return finished;
  }

  ResultPort result{rank_, finished};
  try {
    const auto* in_message = std::get_if<base::SharedBytes>(&call.arguments);
    const AlignedBytes arguments{in_message != nullptr
                                     ? in_message->view()
                                     : base::ByteView{rank_.arena(std::get<wire::ArenaRange>(call.arguments))}};
    stub.value().run(arguments.view(), engine_, result);
  } catch (...) {
    if (finished.run_ns == 0) {
      result.returned();
    }
    auto [type, text] = detail::describe_current_exception();
    auto kind = result.has_started() ? wire::FailureKind::exception : wire::FailureKind::not_run;
    try {
      throw;
    } catch (const ValueError& error) {
      kind = kind_of(error, result.has_started());
    } catch (...) {
      // told by kind and type
    }
    fail(kind, std::move(type), std::move(text));
  }
  return finished;
}

}  // namespace gangway::worker
