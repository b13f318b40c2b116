#include "worker/worker.hpp"

#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/check.hpp"
#include "base/result.hpp"
#include "keeper/arena.hpp"
#include "keeper/channel.hpp"
#include "wire/codec.hpp"
#include "worker/call_runner.hpp"
#include "worker/death_notice.hpp"
#include "worker/engine_port.hpp"
#include "worker/loaded_modules.hpp"

namespace gangway::worker {

namespace {

/// The rank at the other end of the channel.
class ChannelPort final : public RankPort {
 public:
  ChannelPort(keeper::WorkerEnd channel, keeper::Arena arena)
      : channel_{std::move(channel)}, arena_{std::move(arena)} {}

  wire::ToWorker ask(const wire::FromWorker& request) override {
    if (send(request)) {
      if (auto answer = receive()) {
        return std::move(*answer);
      }
    }
    leave();
  }

  std::span<std::byte> arena(const wire::ArenaRange& range) override {
    const auto bytes = arena_.at(range.offset, range.bytes);
    GANGWAY_CHECK(bytes.has_value(), "the rank names only ranges that lie in the arena");
    return *bytes;
  }

  /// False if the rank is gone.
  bool send(const wire::FromWorker& message) { return channel_.send(wire::encode(message)); }

  /// Waits for a message; nothing if the rank is gone.
  std::optional<wire::ToWorker> receive() {
    const auto message = channel_.receive();
    if (!message) {
      return std::nullopt;
    }
    auto decoded = wire::decode_to_worker(message->number, message->body);
    if (!decoded) {
      std::fprintf(stderr, "gangway-worker: the rank's message makes no sense: %s\n", decoded.fault().text.c_str());
      leave();
    }
    return std::move(decoded).value();
  }

  [[nodiscard]] keeper::LastWordsArea& last_words() const { return channel_.last_words(); }

 private:
  /// Without the user's exit handlers: the rank that they could speak to is gone.
  [[noreturn]] static void leave() { ::_exit(EXIT_FAILURE); }

  keeper::WorkerEnd channel_;
  keeper::Arena arena_;
};

using Options = std::map<std::string_view, std::uint64_t>;

/// Pairs of a name and a number.
base::Result<Options> parse_options(int argc, char** argv) {
  Options options{
      {"--arena-fd", 0}, {"--arena-base", 0}, {"--arena-bytes", 0}, {"--channel-fd", 0}, {"--event-fd", 0}};
  std::size_t given = 0;
  for (int i = 1; i + 1 < argc; i += 2) {
    const auto option = options.find(argv[i]);
    const std::string_view text{argv[i + 1]};
    if (option == options.end()) {
      break;
    }
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), option->second);
    if (error != std::errc{} || end != text.data() + text.size()) {
      break;
    }
    ++given;
  }
  if (given != options.size() || argc != static_cast<int>(2 * given + 1)) {
    return base::Fault{"this program is started by gangway-keeper; to start a cluster, use `gangway start`"};
  }
  return options;
}

base::Result<os::Descriptor> adopt(const Options& options, std::string_view name) {
  return os::Descriptor::adopt(static_cast<int>(options.at(name)));
}

base::Result<ChannelPort> open_port(const Options& options) {
  auto arena_fd = adopt(options, "--arena-fd");
  if (!arena_fd) return arena_fd.fault();
  auto memory_fd = adopt(options, "--channel-fd");
  if (!memory_fd) return memory_fd.fault();
  auto event_fd = adopt(options, "--event-fd");
  if (!event_fd) return event_fd.fault();
  auto arena = keeper::Arena::map(arena_fd.value().get(), static_cast<std::uintptr_t>(options.at("--arena-base")));
  if (!arena) return arena.fault();
  if (arena.value().bytes() != options.at("--arena-bytes")) {
    return base::Fault{"the arena has another size than announced: are gangway's programs of one version?"};
  }
  auto channel = keeper::WorkerEnd::open({std::move(memory_fd).value(), std::move(event_fd).value()});
  if (!channel) return channel.fault();
  return ChannelPort{std::move(channel).value(), std::move(arena).value()};
}

/// Serves until the rank is gone.
void serve(ChannelPort& port) {
  LoadedModules modules;
  EnginePort engine{port};
  CallRunner runner{modules, engine, port};
  bool connected = port.send(wire::WorkerReady{::getpid()});
  while (connected) {
    const auto message = port.receive();
    if (!message) {
      return;
    }
    if (const auto* load = std::get_if<wire::LoadModule>(&*message)) {
      const auto loaded = modules.load(load->hash, load->path);
      connected = port.send(wire::ModuleLoaded{load->hash, loaded ? std::string{} : loaded.fault().text});
    } else if (const auto* use = std::get_if<wire::UseLibraries>(&*message)) {
      modules.use_libraries(use->hashes);
    } else {
      const auto* call = std::get_if<wire::RunCall>(&*message);
      GANGWAY_CHECK(call != nullptr, "an idle worker is told to load a module or to run a call");
      const wire::CallFinished finished = runner.run(*call);
      connected = port.send(finished);
      engine.end_call(!std::holds_alternative<wire::Failure>(finished.outcome));
    }
  }
}

int failed(const base::Fault& fault) {
  std::fprintf(stderr, "gangway-worker: %s\n", fault.text.c_str());
  return EXIT_FAILURE;
}

}  // namespace

int run(int argc, char** argv) {
  const auto options = parse_options(argc, argv);
  if (!options) return failed(options.fault());
  auto port = open_port(options.value());
  if (!port) return failed(port.fault());
  if (auto installed = install_death_notice(port.value().last_words()); !installed) return failed(installed.fault());
  serve(port.value());
  // User code may have left threads and exit handlers; the work is done and nobody waits for them.
  std::fflush(nullptr);
  ::_exit(EXIT_SUCCESS);
}

}  // namespace gangway::worker
