#include "fake_gateway.hpp"

#include <algorithm>
#include <future>

#include <boost/asio/post.hpp>

#include <gangway/engine.hpp>
#include <gangway/function.hpp>

#include "code/module.hpp"
#include "code/registry.hpp"
#include "wire/codec.hpp"
#include "wire/operation.hpp"

namespace gangway::client {

namespace {

/// An engine without named values.
class BareEngine final : public detail::EngineHost {
 public:
  explicit BareEngine(EngineId id) : id_{id} {}
  [[nodiscard]] EngineId id() const override { return id_; }
  [[nodiscard]] const std::string& host() const override { return host_; }
  detail::OpenedValue open(std::string_view, bool) override { throw ValueError{"there are no values"}; }
  std::span<std::byte> make_array(std::string_view, const detail::ValueDescription&, std::size_t) override {
    throw ValueError{"there are no values"};
  }
  std::span<std::byte> set_object(std::string_view, const detail::ValueDescription&, std::size_t) override {
    throw ValueError{"there are no values"};
  }
  bool erase(std::string_view) override { return false; }
  std::vector<std::string> names() override { return {}; }
  detail::ProcessObjects& objects() override { return objects_; }

 private:
  EngineId id_;
  std::string host_ = "fake";
  detail::ProcessObjects objects_;
};

class ResultKeeper final : public detail::CallPort {
 public:
  void started() override {}
  void returned() override {}
  void deliver(const detail::PayloadWriter& result) override {
    base::ByteVector bytes(result.bytes());
    result.write_to(bytes);
    kept = base::SharedBytes{std::move(bytes)};
  }

  base::SharedBytes kept;
};

wire::Failure failure_of(wire::FailureKind kind, std::string type, std::string text, EngineId engine) {
  return {kind, std::move(type), std::move(text), engine, "fake", 1};
}

wire::Outcome run(const wire::Call& call, EngineId engine_id) {
  static const std::uintptr_t base = code::module_of(reinterpret_cast<const void*>(&failure_of)).value().base;
  const auto stub = code::find_stub(base, call.function.offset, call.function.name, call.function.signature);
  if (!stub) {
    return failure_of(wire::FailureKind::not_run, "not run", stub.fault().text, engine_id);
  }
  BareEngine host{engine_id};
  Engine engine{host};
  ResultKeeper keeper;
  // Arguments begin on a 64-byte boundary at an engine.
  const base::ByteView arguments = call.arguments.view();
  std::vector<detail::AlignedBlock> aligned(arguments.size() / sizeof(detail::AlignedBlock) + 1);
  std::copy(arguments.begin(), arguments.end(), std::as_writable_bytes(std::span{aligned}).begin());
  try {
    stub.value().run(std::as_bytes(std::span{aligned}).first(arguments.size()), engine, keeper);
  } catch (...) {
    const detail::ExceptionText thrown = detail::describe_current_exception();
    return failure_of(wire::FailureKind::exception, thrown.type, thrown.text, engine_id);
  }
  return keeper.kept;
}

}  // namespace

FakeGateway::FakeGateway(FakeBehaviour behaviour)
    : behaviour_{std::move(behaviour)}, work_{boost::asio::make_work_guard(io_)} {
  const tls::Authority authority = tls::Authority::create("fake").value();
  listener_ = tls::Listener::open(io_, authority.issue(tls::Role::gateway).value(), {}, log_,
                                  [this](std::shared_ptr<tls::Connection> connection) { accept(connection); })
                  .value();
  where_ = {"fake", listener_->address(), listener_->port(), authority.issue(tls::Role::client_administer).value()};
  thread_ = std::thread{[this] { io_.run(); }};
}

FakeGateway::~FakeGateway() {
  kill();
  on_loop([this] { work_.reset(); });
  thread_.join();
}

void FakeGateway::on_loop(std::function<void()> action) {
  std::promise<void> done;
  boost::asio::post(io_, [&] {
    action();
    done.set_value();
  });
  done.get_future().wait();
}

void FakeGateway::accept(std::shared_ptr<tls::Connection> connection) {
  connection_ = std::move(connection);
  connection_->set_frame_bytes_max(base::frame_bytes_max);
  connection_->start(
      [this](const wire::Frame& frame) {
        if (is_deaf_) {
          return;
        }
        const wire::ClientMessage message = wire::decode_client_message(frame.number, frame.body).value();
        {
          const std::lock_guard lock{mutex_};
          received_.push_back(message);
        }
        handle(message);
      },
      [](const base::Fault&) {});
}

void FakeGateway::send(const wire::GatewayMessage& message) {
  if (connection_ && !is_deaf_) {
    connection_->send(wire::encode(message));
  }
}

void FakeGateway::handle(const wire::ClientMessage& message) {
  if (const auto* hello = std::get_if<wire::Hello>(&message)) {
    handle_hello(*hello);
  } else if (std::holds_alternative<wire::EndSession>(message)) {
    connection_->close_when_sent();
  } else if (const auto* acknowledge = std::get_if<wire::Acknowledge>(&message)) {
    for (const TaskId task : acknowledge->tasks) {
      unacknowledged_.erase(task);
    }
  } else if (const auto* offer = std::get_if<wire::OfferModule>(&message)) {
    send(wire::ModuleAnswered{offer->request, behaviour_.knows_modules});
  } else if (const auto* upload = std::get_if<wire::UploadModule>(&message)) {
    if (behaviour_.refuses_upload.empty()) {
      send(wire::ModuleAnswered{upload->request, true});
    } else {
      send(wire::Refused{upload->request, behaviour_.refuses_upload});
    }
  } else if (const auto* task = std::get_if<wire::SubmitTask>(&message)) {
    handle_task(*task);
  } else if (const auto* query = std::get_if<wire::QueryCluster>(&message)) {
    send(wire::ClusterState{query->request, {}, 1, 2, 3, 4});
  } else if (const auto* ping = std::get_if<wire::Ping>(&message)) {
    send(wire::Pong{ping->number});
  }
}

void FakeGateway::handle_hello(const wire::Hello& hello) {
  if (!behaviour_.goodbye.empty()) {
    send(wire::Goodbye{behaviour_.goodbye, true});
    connection_->close_when_sent();
  } else if (behaviour_.answers_hello) {
    const bool resumes = behaviour_.keeps_session && hello.session != SessionId{};
    const SessionId session = resumes ? hello.session : SessionId{++sessions_};
    wire::Welcome welcome{session, "fake", behaviour_.tasks_credit, behaviour_.bytes_credit, {}, resumes};
    for (std::uint32_t i = 0; i < behaviour_.engines; ++i) {
      welcome.engines.push_back({EngineId{i}, 1, "host" + std::to_string(i), 100 + i});
    }
    send(welcome);
    if (resumes) {
      name_again();
    }
  }
}

void FakeGateway::name_again() {
  std::map<wire::RequestId, std::uint32_t> parts_left;
  for (const Held& held : held_) {
    ++parts_left[held.task.request];
  }
  for (const auto& [task, answer] : unacknowledged_) {
    ++parts_left[answer.request];
  }
  for (const auto& [request, parts] : parts_left) {
    wire::TaskAccepted again = accepted_.at(request);
    again.parts_left = parts;
    send(again);
  }
  send(wire::SessionResumed{});
  for (const auto& [task, answer] : unacknowledged_) {
    send(answer);
  }
}

void FakeGateway::handle_task(const wire::SubmitTask& task) {
  if (!behaviour_.refuses_tasks.empty()) {
    send(wire::Refused{task.request, behaviour_.refuses_tasks});
    return;
  }
  const auto parts = static_cast<std::uint32_t>(std::max<std::size_t>(task.engines.size(), 1));
  const TaskId first{last_task_ + 1};
  last_task_ += parts;
  wire::TaskAccepted accepted;
  accepted.request = task.request;
  accepted.first_task = first;
  accepted.parts = parts;
  accepted.credit_bytes = wire::credit_bytes(task.operation.size(), task.label, task.needs, wire::parts_awaited(task.after));
  accepted_[task.request] = accepted;
  send(accepted);
  for (std::uint32_t part = 0; part < parts; ++part) {
    const Held held{task, part, TaskId{first.value() + part}};
    if (behaviour_.holds_tasks) {
      held_.push_back(held);
    } else {
      finish(held);
    }
  }
}

void FakeGateway::finish(const Held& held) {
  const EngineId engine = held.task.engines.empty()
                              ? EngineId{static_cast<std::uint32_t>(held.id.value() % behaviour_.engines)}
                              : held.task.engines[held.part];
  std::optional<wire::Outcome> outcome;
  if (behaviour_.answer) {
    outcome = behaviour_.answer(held.task, held.part);
  }
  if (!outcome) {
    outcome = carry_out(held.task, engine);
  }
  const wire::TaskFinished answer{
      held.task.request, held.part, held.id, {engine, 1, 1'000, 3'000, 9'000, 5'000}, *outcome};
  unacknowledged_.emplace(held.id, answer);
  send(answer);
}

wire::Outcome FakeGateway::carry_out(const wire::SubmitTask& task, EngineId engine) {
  const wire::Operation operation = wire::decode_operation(task.operation).value();
  if (const auto* push = std::get_if<wire::Push>(&operation)) {
    values_[{engine, push->name}] = push->value;
    return base::SharedBytes{};
  }
  if (const auto* pull = std::get_if<wire::Pull>(&operation)) {
    const auto found = values_.find({engine, pull->name});
    if (found == values_.end()) {
      return failure_of(wire::FailureKind::not_run, "no such value", "there is no '" + pull->name + "'", engine);
    }
    return found->second;
  }
  return run(std::get<wire::Call>(operation), engine);
}

void FakeGateway::release() {
  on_loop([this] {
    for (const Held& held : std::exchange(held_, {})) {
      finish(held);
    }
  });
}

void FakeGateway::release_reversed() {
  on_loop([this] {
    std::reverse(held_.begin(), held_.end());
    for (const Held& held : std::exchange(held_, {})) {
      finish(held);
    }
  });
}

void FakeGateway::release_one() {
  on_loop([this] {
    if (!held_.empty()) {
      const Held held = std::move(held_.front());
      held_.pop_front();
      finish(held);
    }
  });
}

void FakeGateway::kill() {
  on_loop([this] {
    listener_.reset();
    if (connection_) {
      connection_->close();
      connection_.reset();
    }
  });
}

void FakeGateway::drop() {
  on_loop([this] {
    is_deaf_ = false;
    if (connection_) {
      connection_->close();
      connection_.reset();
    }
  });
}

void FakeGateway::turn_deaf() {
  on_loop([this] { is_deaf_ = true; });
}

void FakeGateway::forget_tasks() {
  on_loop([this] {
    held_.clear();
    unacknowledged_.clear();
  });
}

void FakeGateway::stall() {
  on_loop([this] { connection_->pause_reading(); });
}

void FakeGateway::say(const wire::GatewayMessage& message) {
  on_loop([this, &message] { send(message); });
}

}  // namespace gangway::client
