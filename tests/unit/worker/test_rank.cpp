#include "unit/worker/test_rank.hpp"

#include <dlfcn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstring>
#include <thread>
#include <utility>

#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "keeper/spawn.hpp"
#include "unit/worker/module.hpp"

namespace gangway::test {

namespace {

constexpr std::uint64_t arena_bytes = 256 * base::mib;
constexpr std::chrono::seconds deadline{60};

template <class T>
T take(base::Result<T> result) {
  if (!result) {
    throw std::runtime_error{result.fault().text};
  }
  return std::move(result).value();
}

std::string number(int fd) {
  return std::to_string(fd);
}

}  // namespace

TestRank::TestRank() {
  module.fill(0xAB);
  const os::Descriptor arena_fd = take(keeper::Arena::create(arena_bytes));
  arena_ = take(keeper::Arena::map(arena_fd.get(), keeper::arena_base));
  keeper::ChannelDescriptors ours = take(keeper::ChannelDescriptors::create());
  keeper::SpawnRequest request;
  request.program = GANGWAY_TEST_WORKER;
  request.arguments = {
      "--arena-fd",    number(arena_fd.get()),      "--arena-base", std::to_string(keeper::arena_base),
      "--arena-bytes", std::to_string(arena_bytes), "--channel-fd", number(ours.memory.get()),
      "--event-fd",    number(ours.event.get())};
  request.descriptors = {arena_fd.get(), ours.memory.get(), ours.event.get()};
  sigemptyset(&request.signal_mask);
  request.is_worker = true;
  worker_ = take(keeper::spawn(request));
  channel_ = take(keeper::RankEnd::open(std::move(ours)));
  const auto ready = next();
  if (!ready || !std::holds_alternative<wire::WorkerReady>(*ready)) {
    throw std::runtime_error{"the worker did not become ready"};
  }
  EXPECT_EQ(std::get<wire::WorkerReady>(*ready).pid, worker_);
}

TestRank::~TestRank() {
  if (!status_) {
    ::kill(worker_, SIGKILL);
    ::waitpid(worker_, nullptr, 0);
  }
}

bool TestRank::worker_ended() {
  int status = 0;
  if (!status_ && ::waitpid(worker_, &status, WNOHANG) == worker_) {
    status_ = status;
  }
  return status_.has_value();
}

std::optional<wire::FromWorker> TestRank::next() {
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (std::chrono::steady_clock::now() < end) {
    const bool ended = worker_ended();  // asked first: what it sent before it ended is still read
    if (auto message = channel_->receive()) {
      return take(wire::decode_from_worker(message->number, message->body));
    }
    if (ended) {
      return std::nullopt;
    }
    std::this_thread::sleep_for(std::chrono::microseconds{200});
  }
  throw std::runtime_error{"the worker says nothing"};
}

void TestRank::send(const wire::ToWorker& message) {
  EXPECT_TRUE(channel_->send(wire::encode(message)));
}

std::string TestRank::load(const wire::ModuleHash& hash, const std::string& path) {
  send(wire::LoadModule{hash, path});
  const auto answer = next();
  if (!answer) {
    return "the worker died";
  }
  EXPECT_EQ(std::get<wire::ModuleLoaded>(*answer).hash, hash);
  return std::get<wire::ModuleLoaded>(*answer).reason;
}

void TestRank::load_test_module() {
  ASSERT_EQ(load(module, GANGWAY_TEST_MODULE), "");
}

void TestRank::start(const std::string& function, detail::PayloadWriter arguments, bool through_arena) {
  const detail::StubInfo stub = worker_module::stub(function);
  Dl_info info{};
  ASSERT_NE(::dladdr(stub.address, &info), 0);
  wire::RunCall call;
  call.attempt = {TaskId{7}, 1};
  call.engine = {EngineId{3}, 1, "node7", 1};
  call.function = {
      module, static_cast<std::uint64_t>(static_cast<const char*>(stub.address) - static_cast<char*>(info.dli_fbase)),
      stub.name, stub.signature};
  if (through_arena) {
    const wire::ArenaRange range = allocate(arguments.bytes());
    arguments.write_to(at(range));
    call.arguments = range;
  } else {
    base::ByteVector bytes(arguments.bytes());
    arguments.write_to(bytes);
    call.arguments = base::SharedBytes{std::move(bytes)};
  }
  send(call);
}

std::optional<wire::CallFinished> TestRank::finish() {
  while (const auto message = next()) {
    if (const auto* finished = std::get_if<wire::CallFinished>(&*message)) {
      EXPECT_EQ(finished->attempt, (wire::AttemptRef{TaskId{7}, 1}));
      return *finished;
    }
    send(answer(*message));
  }
  return std::nullopt;
}

int TestRank::wait_status() {
  channel_.reset();
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (!worker_ended() && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  return status_.value_or(-1);
}

wire::ArenaRange TestRank::allocate(std::uint64_t bytes) {
  const wire::ArenaRange range{used_, bytes};
  used_ += (bytes + 63) / 64 * 64;
  return range;
}

void TestRank::add_array(const std::string& name, const std::vector<double>& elements) {
  const std::size_t bytes = elements.size() * sizeof(double);
  const auto granted = set(name, {true, typeid(double).name(), sizeof(double)}, bytes);
  std::memcpy(at(granted.block).data(), elements.data(), bytes);
}

std::vector<double> TestRank::array(const std::string& name) {
  const auto bytes = at(values.at(name).data);
  std::vector<double> elements(bytes.size() / sizeof(double));
  std::memcpy(elements.data(), bytes.data(), bytes.size());
  return elements;
}

wire::BlockGranted TestRank::set(const std::string& name, const wire::ValueHead& head, std::uint64_t bytes) {
  values[name] = {head, ++versions_, allocate(bytes)};
  return {values[name].data, ""};
}

wire::ToWorker TestRank::answer(const wire::FromWorker& request) {
  if (const auto* open = std::get_if<wire::OpenValue>(&request)) {
    if (torn.contains(open->name)) {
      return wire::ValueOpened{{}, 0, {}, wire::FailureKind::torn, torn[open->name]};
    }
    if (!values.contains(open->name)) {
      return wire::ValueOpened{{}, 0, {}, wire::FailureKind::not_run, "there is no value '" + open->name + "'"};
    }
    const Value& value = values[open->name];
    return wire::ValueOpened{value.head, value.version, value.data, wire::FailureKind::not_run, ""};
  }
  if (const auto* make = std::get_if<wire::MakeArray>(&request)) {
    return set(make->name, make->head, make->bytes);
  }
  if (const auto* object = std::get_if<wire::SetObject>(&request)) {
    return set(object->name, object->head, object->bytes);
  }
  if (const auto* erase = std::get_if<wire::EraseValue>(&request)) {
    return wire::ValueErased{values.erase(erase->name) > 0};
  }
  if (std::holds_alternative<wire::ListNames>(request)) {
    wire::NamesListed listed;
    for (const auto& [name, value] : values) {
      listed.names.push_back(name);
    }
    return listed;
  }
  return wire::BlockGranted{allocate(std::get<wire::GrantBlock>(request).bytes), ""};
}

}  // namespace gangway::test
