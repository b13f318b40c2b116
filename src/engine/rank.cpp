#include "engine/rank.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "base/check.hpp"
#include "mpi/link.hpp"
#include "mpi/loop.hpp"
#include "os/clock.hpp"
#include "wire/codec.hpp"

namespace gangway::engine {

namespace {

namespace asio = boost::asio;

/// Wakes the loop when one of the watched descriptors, which stay their owners', becomes readable. It does so once,
/// until rearm(): a handler that watched on at once, while what makes the descriptor readable has not been taken yet,
/// would be called for ever without the loop getting another turn.
class Watch {
 public:
  explicit Watch(asio::io_context& io) : io_{io} {}
  ~Watch() {
    while (!watched_.empty()) forget(watched_.begin()->first);
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  void add(int fd) {
    const auto [place, is_new] = watched_.try_emplace(fd, io_, fd);
    if (is_new) arm(place->second);
  }

  void forget(int fd) {
    const auto found = watched_.find(fd);
    if (found == watched_.end()) return;
    found->second.release();
    watched_.erase(found);
    fired_.erase(fd);
  }

  /// Whether a descriptor has become readable since the last rearm(): any, or this one.
  [[nodiscard]] bool fired() const { return !fired_.empty(); }
  [[nodiscard]] bool fired(int fd) const { return fired_.contains(fd); }

  /// After all that made them readable was taken.
  void rearm() {
    for (const int fd : std::exchange(fired_, {})) arm(watched_.at(fd));
  }

 private:
  void arm(asio::posix::stream_descriptor& descriptor) {
    // That the handler ran is all that is wanted: the loop then takes a turn.
    descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                          [this, fd = descriptor.native_handle()](boost::system::error_code error) {
                            if (!error && watched_.contains(fd)) fired_.insert(fd);
                          });
  }

  asio::io_context& io_;
  std::map<int, asio::posix::stream_descriptor> watched_;
  std::set<int> fired_;  // of those watched
};

/// The rank's parts, wired. One object, so that the callbacks have one thing to refer to.
class Rank {
 public:
  Rank(const RankSettings& settings, const mpi::World& world, const mpi::Doorbell& doorbell, keeper::Arena& arena,
       keeper::LinkToKeeper& keeper_link, const HashFunction& hash, base::Log& log)
      : settings_{settings},
        world_{world},
        keeper_link_{keeper_link},
        log_{log},
        watch_{io_},
        engine_{settings.self, arena, settings.module_directory, hash, ports()},
        link_{world, doorbell, link_events()},
        loop_{world, doorbell, link_, io_, loop_events()} {
    watch_.add(keeper_link_.fd());
  }

  /// A fault if a module that the engine should start with cannot be read.
  base::Status start_with(const std::vector<std::string>& modules) {
    for (const std::string& module : modules) {
      if (base::Status read = engine_.start_with(module); !read) return read;
    }
    return base::Done{};
  }

  RankEnd run() {
    loop_.run();
    return end_;
  }

 private:
  EnginePorts ports() {
    return {[this](const wire::FromEngine& message) { link_.send(settings_.gateway_rank, wire::encode(message)); },
            [this](const keeper::RankRequest& request) {
              if (const base::Status sent = keeper_link_.send(request); !sent) keeper_gone(sent.fault());
            },
            {[this](int fd) { watch_.add(fd); }, [this](int fd) { watch_.forget(fd); }},
            [this](const std::string& reason) { give_up(reason); }};
  }

  void give_up(const std::string& reason) {
    log_.error("engine " + std::to_string(settings_.self.id.value()) + " cannot start: " + reason);
    end_.anybody_died = true;
    loop_.stop();
  }

  mpi::LinkEvents link_events() {
    return {[this](int source, std::uint8_t number, const base::SharedBytes& head, const base::SharedBytes& bulk) {
              base::Result<wire::ToEngine> message = wire::decode_to_engine(number, head, bulk);
              GANGWAY_CHECK(message.ok(), "the gateway speaks the protocol of its own cluster");
              GANGWAY_CHECK(source == settings_.gateway_rank, "only the engine's gateway gives it work");
              engine_.receive(std::move(message).value());
            },
            [this](int, std::size_t bytes) {
              if (const BlockPtr block = engine_.take_block(bytes)) return mpi::Landing{block->bytes(), block};
              // The arena is full: what needs to lie there will be refused with a reason, so the message must arrive.
              return mpi::heap_landing(bytes);
            }};
  }

  mpi::LoopEvents loop_events() {
    return {[this] { return turn(); }, [this] { return engine_.sleep_max(os::now()).value_or(base::seconds(3600)); },
            [this](bool asleep) { engine_.set_sleeping(asleep); },
            [this](int rank, int status) { on_rank_died(rank, status); }};
  }

  void on_rank_died(int rank, int status) {
    end_.anybody_died = true;
    if (rank == settings_.gateway_rank) {
      log_.error("engine " + std::to_string(settings_.self.id.value()) +
                 ": its gateway's rank is gone; the engine ends");
      loop_.stop();
    } else if (!world_.on_this_node(settings_.gateway_rank)) {
      // Nobody else there sees it at once.
      link_.tell_death(settings_.gateway_rank, rank, status);
    }
  }

  bool turn() {
    bool any = watch_.fired();
    if (any) engine_.silence_bells();
    while (watch_.fired(keeper_link_.fd())) {
      base::Result<std::optional<keeper::KeeperReport>> report = keeper_link_.receive();
      if (!report) {
        keeper_gone(report.fault());
        break;
      }
      if (!report.value()) break;
      engine_.report(std::move(*report.value()), os::now());
      any = true;
    }
    any |= engine_.turn(os::now());
    watch_.rearm();
    if (engine_.has_left() && link_.idle()) {
      end_.in_order = true;
      loop_.stop();
    }
    return any;
  }

  void keeper_gone(const base::Fault& fault) {
    if (engine_.has_left()) return;
    log_.error("engine " + std::to_string(settings_.self.id.value()) + ": " + fault.text + "; the engine ends");
    end_.anybody_died = true;
    loop_.stop();
  }

  const RankSettings& settings_;
  const mpi::World& world_;
  keeper::LinkToKeeper& keeper_link_;
  base::Log& log_;
  RankEnd end_;
  asio::io_context io_;
  Watch watch_;
  Engine engine_;
  mpi::Link link_;  // after the engine: what it still holds lies in the engine's arena
  mpi::Loop loop_;
};

}  // namespace

RankEnd run_rank(const RankSettings& settings, const mpi::World& world, const mpi::Doorbell& doorbell,
                 keeper::Arena& arena, keeper::LinkToKeeper& keeper_link, const HashFunction& hash, base::Log& log) {
  Rank rank{settings, world, doorbell, arena, keeper_link, hash, log};
  if (const base::Status started = rank.start_with(settings.modules); !started) {
    log.error("engine " + std::to_string(settings.self.id.value()) + " cannot start: " + started.fault().text);
    return {.in_order = false, .anybody_died = true};
  }
  return rank.run();
}

}  // namespace gangway::engine
