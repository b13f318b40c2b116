// What a trace says about events and effects.
#include <string>
#include <type_traits>
#include <variant>

#include "sim/shell.hpp"

namespace gangway::sim {

namespace {

std::string number(std::uint64_t value) {
  return std::to_string(value);
}

std::string text_of(const wire::ClientMessage& message) {
  static constexpr const char* names[] = {
      "Hello", "OfferModule", "UploadModule", "SubmitTask",  "Acknowledge",    "QueryCluster", "Shutdown",
      "Ping",  "EndSession",  "QueryTasks",   "FetchResult", "FetchOperation", "ForgetTasks"};
  std::string text = names[message.index()];
  if (const auto* hello = std::get_if<wire::Hello>(&message)) {
    text += " session " + number(hello->session.value());
    if (!hello->name.empty()) text += " named " + hello->name + " opening " + number(hello->opening);
  }
  if (const auto* submit = std::get_if<wire::SubmitTask>(&message)) {
    text += " request " + number(submit->request.value()) + " " + submit->label + " engines";
    for (const EngineId engine : submit->engines) text.append(" ").append(number(engine.value()));
    for (const std::string& need : submit->needs) text += " needs " + need;
    text += " module " + number(submit->module[0]);
    if (!submit->key.empty()) text += " key " + submit->key;
  }
  if (const auto* offer = std::get_if<wire::OfferModule>(&message)) text += " " + number(offer->hash[0]);
  if (const auto* upload = std::get_if<wire::UploadModule>(&message)) text += " " + number(upload->hash[0]);
  if (const auto* acknowledge = std::get_if<wire::Acknowledge>(&message)) {
    for (const TaskId task : acknowledge->tasks) text.append(" ").append(number(task.value()));
  }
  return text;
}

std::string text_of(const wire::GatewayMessage& message) {
  static constexpr const char* names[] = {"Welcome",     "ModuleAnswered", "TaskAccepted",     "TaskFinished",
                                          "Refused",     "ClusterState",   "EnginesChanged",   "Pong",
                                          "Goodbye",     "TaskReturned",   "SessionResumed",   "JournalState",
                                          "TasksListed", "ResultFetched",  "OperationFetched", "TasksForgotten"};
  std::string text = names[message.index()];
  if (const auto* welcome = std::get_if<wire::Welcome>(&message)) {
    text += " session " + number(welcome->session.value()) + (welcome->resumed ? " resumed" : "");
    if (welcome->opening > 0) text += " opening " + number(welcome->opening);
  } else if (const auto* accepted = std::get_if<wire::TaskAccepted>(&message)) {
    text += " request " + number(accepted->request.value()) + " task " + number(accepted->first_task.value()) +
            " parts " + number(accepted->parts);
  } else if (const auto* finished = std::get_if<wire::TaskFinished>(&message)) {
    text += " request " + number(finished->request.value()) + " task " + number(finished->task.value());
    if (const auto* failure = std::get_if<wire::Failure>(&finished->outcome)) text += ": " + failure->text;
  } else if (const auto* goodbye = std::get_if<wire::Goodbye>(&message)) {
    text += ": " + goodbye->reason;
  } else if (const auto* refused = std::get_if<wire::Refused>(&message)) {
    text += ": " + refused->reason;
  } else if (const auto* returned = std::get_if<wire::TaskReturned>(&message)) {
    text += " request " + number(returned->request.value());
  } else if (const auto* module = std::get_if<wire::ModuleAnswered>(&message)) {
    text += " request " + number(module->request.value()) + (module->known ? " known" : " unknown");
  }
  return text;
}

std::string text_of(const wire::FromEngine& message) {
  static constexpr const char* names[] = {"EngineReady",   "AttemptFinished", "AttemptsReturned",
                                          "EngineLeaving", "LibraryLoaded",   "EnvironmentRefused"};
  std::string text = names[message.index()];
  if (const auto* finished = std::get_if<wire::AttemptFinished>(&message)) {
    text += " task " + number(finished->attempt.task.value()) + " attempt " + number(finished->attempt.attempt);
    if (std::holds_alternative<wire::Failure>(finished->outcome)) text += " failed";
    for (const std::string& name : finished->names_added) text.append(" +").append(name);
    for (const std::string& name : finished->names_removed) text.append(" -").append(name);
  } else if (const auto* returned = std::get_if<wire::AttemptsReturned>(&message)) {
    for (const wire::AttemptRef& ref : returned->attempts) text.append(" ").append(number(ref.task.value()));
  }
  return text;
}

}  // namespace

void Shell::trace(const core::Event& event) const {
  std::visit(
      [&](const auto& what) {
        using T = std::decay_t<decltype(what)>;
        if constexpr (std::is_same_v<T, core::ConnectionOpened>) {
          world_.trace("connection " + number(what.connection.value()) + " opened");
        } else if constexpr (std::is_same_v<T, core::ConnectionClosed>) {
          world_.trace("connection " + number(what.connection.value()) + " closed");
        } else if constexpr (std::is_same_v<T, core::ClientSpoke>) {
          world_.trace("client " + number(what.connection.value()) + ": " + text_of(what.message));
        } else if constexpr (std::is_same_v<T, core::EngineSpoke>) {
          world_.trace("engine " + number(what.engine.value()) + ": " + text_of(what.message));
        } else if constexpr (std::is_same_v<T, core::EngineLost>) {
          world_.trace("engine " + number(what.engine.value()) + " lost");
        } else if constexpr (std::is_same_v<T, core::ParkedRead>) {
          world_.trace("read " + number(what.tasks.size()) + " parked tasks of session " +
                       number(what.session.value()) + " behind " + number(what.after.value()));
        } else if constexpr (std::is_same_v<T, core::Restarted>) {
          world_.trace("the gateway has come back");
        } else {
          world_.trace("time passed");
        }
      },
      event);
}

void Shell::trace(const core::Effects& effects) const {
  for (const core::SendToEngines& send : effects.to_engines) {
    static constexpr const char* names[] = {"RunTask",    "StoreModule",  "LeaveCluster",
                                            "UseLibrary", "ForgetModule", "SetEnvironment"};
    for (std::size_t i = 0; i < send.engines.size(); ++i) {
      std::string text = "  -> engine " + number(send.engines[i].value()) + ": " + names[send.message.index()];
      const wire::ToEngine message = core::message_for(send, i);
      if (const auto* run = std::get_if<wire::RunTask>(&message)) {
        text += " task " + number(run->attempt.task.value()) + " attempt " + number(run->attempt.attempt);
      }
      if (const auto* store = std::get_if<wire::StoreModule>(&message)) text += " " + number(store->hash[0]);
      if (const auto* forget = std::get_if<wire::ForgetModule>(&message)) text += " " + number(forget->hash[0]);
      if (const auto* value = std::get_if<wire::SetEnvironment>(&message)) text += " " + value->name;
      world_.trace(text);
    }
  }
  for (const core::SendToClient& send : effects.to_clients) {
    world_.trace("  -> client " + number(send.connection.value()) + ": " + text_of(send.message));
  }
  for (const core::SendStoredAnswer& send : effects.stored_answers) {
    world_.trace("  -> client " + number(send.connection.value()) + ": kept answer of task " +
                 number(send.task.value()));
  }
  for (const core::ReadParked& read : effects.reads) {
    world_.trace("  -> read parked tasks of session " + number(read.session.value()) + " behind " +
                 number(read.after.value()) + (read.listed_for ? " to name them" : ""));
  }
  for (const core::ConnectionId id : effects.to_close) world_.trace("  -> close " + number(id.value()));
}

}  // namespace gangway::sim
