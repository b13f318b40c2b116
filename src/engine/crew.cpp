#include "engine/crew.hpp"

#include "base/limits.hpp"

namespace gangway::engine {

namespace {

// What a worker may hold of forgotten modules. Each costs memory; each replacement costs the state of its globals.
constexpr std::size_t forgotten_modules_max = 32;
constexpr std::uint64_t forgotten_bytes_max = 256 * base::mib;

}  // namespace

void Crew::add(keeper::WorkerStarted started) {
  base::Result<keeper::RankEnd> channel = keeper::RankEnd::open(std::move(started.channel));
  if (!channel) {
    broken_.push_back(started.number);
    return;
  }
  const int fd = channel.value().event_fd();
  workers_.emplace(started.number, Worker{std::move(channel).value(), false, false, {}, {}, {}, {}, 0});
  wakeups_.watch(fd);
}

void Crew::remove(std::uint64_t number) {
  const auto found = workers_.find(number);
  if (found == workers_.end()) return;
  wakeups_.forget(found->second.channel.event_fd());
  workers_.erase(found);
}

std::optional<std::uint64_t> Crew::active() const {
  for (const auto& [number, worker] : workers_) {
    if (worker.is_ready && !worker.is_broken) return number;
  }
  return std::nullopt;
}

std::vector<std::uint64_t> Crew::ready() const {
  std::vector<std::uint64_t> numbers;
  for (const auto& [number, worker] : workers_) {
    if (worker.is_ready && !worker.is_broken) numbers.push_back(number);
  }
  return numbers;
}

void Crew::send(std::uint64_t number, const wire::ToWorker& message) {
  const auto found = workers_.find(number);
  if (found == workers_.end()) return;
  Worker& worker = found->second;
  wire::EncodedMessage encoded = wire::encode(message);
  if (!worker.waiting.empty() || !worker.channel.send(encoded)) worker.waiting.push_back(std::move(encoded));
}

bool Crew::flush() {
  bool any = false;
  for (auto& [number, worker] : workers_) {
    while (!worker.waiting.empty() && worker.channel.send(worker.waiting.front())) {
      worker.waiting.pop_front();
      any = true;
    }
  }
  return any;
}

std::optional<WorkerSpoke> Crew::receive() {
  for (auto& [number, worker] : workers_) {
    if (std::optional<wire::FromWorker> message = receive_from(worker, number)) {
      return WorkerSpoke{number, std::move(*message)};
    }
  }
  return std::nullopt;
}

std::optional<wire::FromWorker> Crew::receive_from(std::uint64_t number) {
  const auto found = workers_.find(number);
  return found == workers_.end() ? std::nullopt : receive_from(found->second, number);
}

std::optional<wire::FromWorker> Crew::receive_from(Worker& worker, std::uint64_t number) {
  if (worker.is_broken) return std::nullopt;
  if (const std::optional<keeper::ChannelMessage> received = worker.channel.receive()) {
    base::Result<wire::FromWorker> message = wire::decode_from_worker(received->number, received->body);
    if (message) {
      if (std::holds_alternative<wire::WorkerReady>(message.value())) worker.is_ready = true;
      return std::move(message).value();
    }
    worker.is_broken = true;
  }
  if (worker.channel.broken()) worker.is_broken = true;
  if (worker.is_broken) broken_.push_back(number);
  return std::nullopt;
}

std::vector<std::uint64_t> Crew::take_broken() {
  return std::exchange(broken_, {});
}

bool Crew::has_loaded(std::uint64_t number, const wire::ModuleHash& module) const {
  const auto found = workers_.find(number);
  return found != workers_.end() && found->second.modules.contains(module);
}

void Crew::load(std::uint64_t number, const wire::ModuleHash& module, const std::string& path) {
  const auto found = workers_.find(number);
  if (found == workers_.end() || !found->second.loading.insert(module).second) return;
  send(number, wire::LoadModule{module, path});
}

void Crew::note_answered(std::uint64_t number, const wire::ModuleLoaded& loaded) {
  const auto found = workers_.find(number);
  if (found == workers_.end()) return;
  found->second.loading.erase(loaded.hash);
  if (loaded.reason.empty()) found->second.modules.insert(loaded.hash);
}

void Crew::note_forgotten(const wire::ModuleHash& module, std::uint64_t bytes, std::optional<std::uint64_t> busy) {
  for (auto& [number, worker] : workers_) {
    if (worker.modules.contains(module)) worker.forgotten.emplace(module, bytes);
    // A standby that was to load it may find no file now; that answer might be taken for one to a later request. Of a
    // worker that has a call it comes before that call is done.
    if (!worker.loading.contains(module) || number == busy || std::exchange(worker.is_broken, true)) continue;
    broken_.push_back(number);
  }
}

void Crew::note_stored(const wire::ModuleHash& module) {
  for (auto& [number, worker] : workers_) worker.forgotten.erase(module);
}

std::optional<std::uint64_t> Crew::take_full() {
  const std::vector<std::uint64_t> numbers = ready();
  if (numbers.size() < 2) return std::nullopt;
  // Standbys first: what users keep in the active one is lost only once, to one that is good for long.
  for (auto next = numbers.rbegin(); next != numbers.rend(); ++next) {
    const std::uint64_t number = *next;
    Worker& worker = workers_.at(number);
    std::uint64_t bytes = 0;
    for (const auto& [module, size] : worker.forgotten) bytes += size;
    if (worker.forgotten.size() <= forgotten_modules_max && bytes <= forgotten_bytes_max) continue;
    worker.is_broken = true;
    return number;
  }
  return std::nullopt;
}

void Crew::tell_libraries(std::uint64_t number, const std::vector<wire::ModuleHash>& libraries,
                          std::uint64_t version) {
  const auto found = workers_.find(number);
  if (found == workers_.end() || std::exchange(found->second.libraries_version, version) == version) return;
  send(number, wire::UseLibraries{libraries});
}

std::optional<keeper::LastWords> Crew::last_words(std::uint64_t number) const {
  const auto found = workers_.find(number);
  return found == workers_.end() ? std::nullopt : found->second.channel.last_words();
}

void Crew::set_sleeping(bool sleeping) {
  for (auto& [number, worker] : workers_) worker.channel.set_sleeping(sleeping);
}

void Crew::silence_bells() {
  for (auto& [number, worker] : workers_) worker.channel.silence_bell();
}

}  // namespace gangway::engine
