#include "gateway/gateway.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "base/check.hpp"
#include "core/controller.hpp"
#include "gateway/address_file.hpp"
#include "gateway/bells_text.hpp"
#include "gateway/clients.hpp"
#include "gateway/far_silence.hpp"
#include "gateway/held_effects.hpp"
#include "gateway/obituaries.hpp"
#include "gateway/store_lookups.hpp"
#include "gateway/store_questions.hpp"
#include "gateway/stored_answers.hpp"
#include "keeper/wait_status.hpp"
#include "mpi/link.hpp"
#include "mpi/loop.hpp"
#include "os/clock.hpp"
#include "wire/codec.hpp"

namespace gangway::gateway {

namespace {

namespace asio = boost::asio;

// How long the last words to clients may take when the cluster ends.
constexpr base::Duration farewell_max = base::seconds(2);

// How often clients are told that the journal cannot be written: they give up after 20 s without a word.
constexpr base::Duration trouble_interval = base::seconds(5);

/// The gateway's parts, wired. One object, so that the callbacks have one thing to refer to.
class Gateway {
 public:
  Gateway(const GatewaySettings& settings, const mpi::World& world, const mpi::Doorbell& doorbell,
          const StoreAccess& store, base::Log& log)
      : settings_{settings},
        doorbell_{doorbell},
        store_{store.store},
        log_{log},
        far_silence_{settings.far_silence_max},
        controller_{{settings.cluster, settings.number}, settings.limits},
        store_watch_{io_, store, log},
        clients_{io_, log, [this](core::Event event) { hear(std::move(event)); }},
        stored_answers_{answer_ports()},
        questions_{store_, question_ports()},
        link_{world, doorbell, link_events()},
        loop_{world, doorbell, link_, io_, loop_events()} {
    for (const auto& [engine, rank] : settings.engine_ranks) engine_of_rank_.emplace(rank, engine);
  }

  GatewayEnd run() {
    if (read_back()) loop_.run();
    return end_;
  }

 private:
  /// What a gateway before this one has left. False if that cannot be read.
  bool read_back() {
    std::uint64_t records = 0;
    try {
      store_.replay([&](const core::Record& record) {
        ++records;
        controller_.apply(record);
      });
    } catch (const std::exception& error) {
      fail(std::string{"the journal cannot be read back: "} + error.what());
      return false;
    }
    if (records == 0) return true;
    const core::Status found = controller_.status();
    log_.info("the journal has brought back " + std::to_string(controller_.durable_state().sessions.size()) +
              " sessions, " + std::to_string(found.tasks_waiting) + " tasks that wait and " +
              std::to_string(found.tasks_running) + " that ran");
    handle(core::Restarted{});
    return true;
  }

  // ------------------------------------------------------------ what happens becomes events

  mpi::LinkEvents link_events() {
    return {[this](int source, std::uint8_t number, const base::SharedBytes& head, const base::SharedBytes& bulk) {
              const auto engine = engine_of_rank_.find(source);
              GANGWAY_CHECK(engine != engine_of_rank_.end(), "only this gateway's engines send to it");
              base::Result<wire::FromEngine> message = wire::decode_from_engine(number, head, bulk);
              GANGWAY_CHECK(message.ok(), "an engine speaks the protocol of its own cluster");
              const bool is_ready = std::holds_alternative<wire::EngineReady>(message.value());
              if (is_ready) host_of_rank_[source] = std::get<wire::EngineReady>(message.value()).engine.host;
              if (const auto* refused = std::get_if<wire::EnvironmentRefused>(&message.value())) {
                log_.warning("engine " + std::to_string(engine->second.value()) + " does not hold \"" +
                             refused->name + "\", which was pushed to all engines: " + refused->reason);
              }
              handle(core::EngineSpoke{engine->second, std::move(message).value()});
              if (is_ready) on_engine_ready(engine->second);
            },
            {},
            [this](int rank, int status) { on_far_death(rank, status); }};
  }

  mpi::LoopEvents loop_events() {
    return {[this] { return turn(); },
            [this] { return sleep_max(); },
            {},
            [this](int rank, int status) { on_rank_died(rank, status); }};
  }

  void on_engine_ready(EngineId engine) {
    ready_.insert(engine);
    if (ready_.size() != settings_.engine_ranks.size() || is_announced_) return;
    is_announced_ = true;
    // Of those that tasks from before a restart still wait for none can come any more.
    for (const EngineId missing : std::set<EngineId>{controller_.awaited()}) {
      handle(core::EngineLost{missing, "it did not come back when the cluster was started again"});
    }
    if (const base::Status listening = clients_.listen(settings_.identity, settings_.listener); !listening)
      return fail(listening.fault().text);
    if (const base::Status written = write_note(); !written) return fail(written.fault().text);
    log_.info("listening on " + clients_.address() + " port " + std::to_string(clients_.port()) + " for " +
              std::to_string(ready_.size()) + " engines");
  }

  base::Status write_note() {
    std::vector<HostWay> ways;
    if (const mpi::NetworkBells* const network = doorbell_.network()) {
      ways_told_ = network->changes();
      for (const mpi::BellWay& way : network->ways()) ways.push_back({host_of_rank_[way.rank], way.open()});
    }
    return write_address_file(settings_.cluster_directory, settings_.number,
                              {clients_.address(), clients_.port(), settings_.host, ::getpid(),
                               bells_text(settings_.host, ways), ready_.size(), trouble_told_.value_or("")});
  }

  void tell_ways() {
    const mpi::NetworkBells* const network = doorbell_.network();
    if (network == nullptr || !is_announced_ || network->changes() == ways_told_) return;
    keep_note_true();
  }

  /// A full disk now is no reason to stop.
  void keep_note_true() {
    if (const base::Status written = write_note(); !written) log_.warning(written.fault().text);
  }

  /// Ranks on other nodes; those of this one are told of by the loop.
  void look_for_deaths() {
    if (doorbell_.world().one_node() || os::now() < next_look_) return;
    next_look_ = os::now() + FarSilence::look_interval;
    for (const auto& [rank, status] : read_obituaries(settings_.cluster_directory, settings_.scratch_directory)) {
      on_far_death(rank, status);
    }
    if (is_announced_) look_for_silence();
  }

  /// Told by a rank on its node, or by its keeper.
  void on_far_death(int rank, int status) {
    if (rank < 0 || rank >= doorbell_.world().size() || doorbell_.world().on_this_node(rank)) return;
    if (!dead_afar_.insert(rank).second) return;
    link_.forget(rank);
    if (mpi::NetworkBells* const network = doorbell_.network()) network->forget(rank);
    far_silence_.forget(rank);
    on_rank_died(rank, status);
  }

  /// Engines on other nodes of which nobody tells anything. Whether they live is not known, and what they may still
  /// do ends with the job alone.
  void look_for_silence() {
    for (const EngineId engine : ready_) {
      const int rank = settings_.engine_ranks.at(engine);
      if (doorbell_.world().on_this_node(rank)) continue;
      const FarSilence::Next next = far_silence_.look(rank, link_.received_from(rank));
      if (next == FarSilence::Next::ask) link_.ask(rank);
      if (next != FarSilence::Next::give_up) continue;
      return fail("engine " + std::to_string(engine.value()) + " on " + host_of_rank_[rank] +
                  " does not answer, and nobody there tells that it is dead: the job has to end");
    }
  }

  void on_rank_died(int rank, int status) {
    end_.anybody_died = true;
    const auto engine = engine_of_rank_.find(rank);
    if (engine == engine_of_rank_.end()) return;
    const std::string reason = "its rank " + keeper::describe_wait_status(status);
    log_.error("engine " + std::to_string(engine->second.value()) + " is lost: " + reason);
    if (!is_announced_)
      return fail("engine " + std::to_string(engine->second.value()) + " ended before it was ready: " + reason);
    ready_.erase(engine->second);
    keep_note_true();
    handle(core::EngineLost{engine->second, reason});
  }

  /// Of the journal: to clients, also again and again, and in the note.
  void tell_trouble() {
    const std::optional<std::string>& now = store_watch_.trouble();
    const bool is_news = now != trouble_told_;
    if (!is_announced_ || (!is_news && !(now && os::now() >= next_word_))) return;
    next_word_ = os::now() + trouble_interval;
    trouble_told_ = now;
    clients_.tell_all(wire::JournalState{now.value_or("")}, is_news ? Clients::Word::news : Clients::Word::reminder);
    if (!is_news) return;
    keep_note_true();
    clients_.turn_away(now ? std::optional{"nobody is let in while its journal cannot be written: " + *now}
                           : std::nullopt);
  }

  void hear(core::Event event) {
    try {
      if (auto* const spoke = std::get_if<core::ClientSpoke>(&event)) look_up(*spoke, controller_, store_);
    } catch (const std::exception& error) {
      return fail(std::string{"the journal cannot be read: "} + error.what());
    }
    handle(event);
  }

  /// True if some tasks have been read.
  bool read_parked() {
    try {
      const std::optional<core::ParkedRead> page = parked_reads_.next(store_);
      if (page) handle(*page);
      return page.has_value();
    } catch (const std::exception& error) {
      fail(std::string{"the journal cannot be read: "} + error.what());
      return false;
    }
  }

  void handle(const core::Event& event) { controller_.handle(event, os::now(), effects_); }

  // ------------------------------------------------------------ what the controller wants is done

  bool turn() {
    const std::optional<base::Instant> deadline = controller_.next_deadline();
    if (deadline && os::now() >= *deadline) {
      for (const core::ConnectionId connection : clients_.take_stirred()) handle(core::ClientStirred{connection});
      handle(core::TimePassed{});
    }
    clients_.resume_drained();
    tell_ways();
    tell_trouble();
    look_for_deaths();
    bool any = !effects_.empty();
    if (any) commit();
    any |= release();
    any |= stored_answers_.send_some();
    any |= read_parked();
    any |= questions_.answer_some();
    clients_.hold_reading(held_.is_full());
    if (clients_.flush_wanted()) clients_.flush(os::now());
    if (controller_.stopped()) take_leave();
    return any;
  }

  void commit() {
    // Handlers of what is sent here may add effects: those are of the next turn.
    core::Effects effects;
    std::swap(effects, effects_);
    const RecordsWeight records = weigh(effects.journal);
    if (records.count > 0) store_.append(std::exchange(effects.journal, {}));
    const bool may_leave = records.count == 0 || store_.durable_number() >= records.last;
    if (held_.empty() && may_leave) return carry_out(effects);
    for (const core::SendToClient& send : take_what_need_not_wait(effects))
      clients_.send(send.connection, send.message);
    held_.hold(std::move(effects), records);
  }

  /// What has become durable since the last turn. True if something has left.
  bool release() {
    bool any = false;
    while (const std::optional<core::Effects> effects = held_.release(held_.empty() ? 0 : store_.durable_number())) {
      carry_out(*effects);
      any = true;
    }
    return any;
  }

  /// In the order that src/core/effect.hpp lays down; their records are durable.
  void carry_out(const core::Effects& effects) {
    for (const core::SendToEngines& send : effects.to_engines) {
      if (const auto* value = std::get_if<wire::SetEnvironment>(&send.message)) {
        send_environment(send.engines, *value);
        continue;
      }
      for (std::size_t i = 0; i < send.engines.size(); ++i) {
        link_.send(settings_.engine_ranks.at(send.engines[i]), wire::encode(core::message_for(send, i)));
      }
    }
    for (const core::SendToClient& send : effects.to_clients) clients_.send(send.connection, send.message);
    for (const core::SendStoredAnswer& answer : effects.stored_answers) stored_answers_.add(answer);
    for (const core::ReadParked& wanted : effects.reads) parked_reads_.add(wanted);
    for (const core::AskStore& question : effects.questions) questions_.add(question);
    for (const core::ConnectionId connection : effects.to_close) {
      stored_answers_.drop(connection);
      questions_.drop(connection);
      clients_.close(connection);
    }
  }

  void send_environment(const std::vector<EngineId>& engines, const wire::SetEnvironment& named) {
    const std::optional<wire::SetEnvironment> value = with_operation(named, store_, log_);
    if (!value) return;
    for (const EngineId engine : engines) link_.send(settings_.engine_ranks.at(engine), wire::encode(*value));
  }

  AnswerPorts answer_ports() {
    return {[this](core::ConnectionId connection) { return clients_.queued_bytes(connection); },
            [this](TaskId task) { return store_.answer(task); },
            [this](core::ConnectionId connection, const wire::GatewayMessage& message) {
              clients_.send(connection, message);
            },
            [this](core::ConnectionId connection, const std::string& reason) {
              log_.error(reason);
              clients_.send(connection, wire::Goodbye{reason});
              clients_.close(connection);
            }};
  }

  QuestionPorts question_ports() {
    return {[this](core::ConnectionId connection) { return clients_.queued_bytes(connection); },
            [this](core::ConnectionId connection, const wire::GatewayMessage& message) {
              clients_.send(connection, message);
            }};
  }

  void take_leave() {
    if (!leaving_since_) {
      leaving_since_ = os::now();
      clients_.stop_listening();
    }
    const bool is_late = os::now() - *leaving_since_ > farewell_max;
    if (!is_late && !(held_.empty() && clients_.drained() && link_.idle())) return;
    end_.in_order = true;
    remove_address_file(settings_.cluster_directory, settings_.number);
    loop_.stop();
  }

  base::Duration sleep_max() {
    base::Duration longest = base::seconds(3600);
    if (const std::optional<base::Instant> deadline = controller_.next_deadline()) longest = *deadline - os::now();
    if (!doorbell_.world().one_node()) longest = std::min(longest, FarSilence::look_interval);
    if (const std::optional<base::Instant> due = clients_.flush_due()) longest = std::min(longest, *due - os::now());
    if (trouble_told_) longest = std::min(longest, next_word_ - os::now());
    if (leaving_since_) longest = std::min(longest, base::milliseconds(10));
    return longest;
  }

  void fail(const std::string& reason) {
    log_.error("gateway " + std::to_string(settings_.number) + ": " + reason);
    loop_.stop();
  }

  const GatewaySettings& settings_;
  const mpi::Doorbell& doorbell_;
  core::Store& store_;
  base::Log& log_;
  GatewayEnd end_;
  FarSilence far_silence_;
  core::Controller controller_;
  core::Effects effects_;
  std::map<int, EngineId> engine_of_rank_;
  std::map<int, std::string> host_of_rank_;
  std::set<EngineId> ready_;
  std::uint64_t ways_told_ = 0;
  std::set<int> dead_afar_;
  base::Instant next_look_;
  bool is_announced_ = false;
  std::optional<std::string> trouble_told_;  // of the journal
  base::Instant next_word_;                  // about it
  std::optional<base::Instant> leaving_since_;
  asio::io_context io_;
  StoreWatch store_watch_;
  HeldEffects held_;
  Clients clients_;
  StoredAnswers stored_answers_;
  ParkedReads parked_reads_;
  StoreQuestions questions_;
  mpi::Link link_;
  mpi::Loop loop_;
};

}  // namespace

GatewayEnd run_gateway(const GatewaySettings& settings, const mpi::World& world, const mpi::Doorbell& doorbell,
                       const StoreAccess& store, base::Log& log) {
  return Gateway{settings, world, doorbell, store, log}.run();
}

}  // namespace gangway::gateway
