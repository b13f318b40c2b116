// From encoded arguments and values to requests.
#include <gangway/detail/view_core.hpp>

#include <algorithm>
#include <utility>

#include <gangway/error.hpp>
#include <gangway/function.hpp>

#include "base/check.hpp"
#include "base/limits.hpp"
#include "base/printable.hpp"
#include "client/outgoing.hpp"
#include "client/pending_task.hpp"
#include "client/session.hpp"
#include "wire/codec.hpp"
#include "wire/worker_message.hpp"

namespace gangway::detail {

namespace {

client::Submission push_of(std::string_view name, const ValueDescription& description, const ByteSource& data) {
  if (data.bytes() > base::object_bytes_max) {
    throw Error{"the value '" + std::string{name} + "' takes " + client::size_text(data.bytes()) +
                "; at most 64 MiB travel in one piece: scatter it, or push it in parts"};
  }
  const wire::ValueHead head{description.is_array, description.type, description.element_bytes};
  const base::ByteVector prefix = wire::encode_value(head, 0);
  base::ByteVector bytes = wire::encode_operation(wire::Push{std::string{name}, {}}, prefix.size() + data.bytes());
  const std::span<std::byte> value = std::span{bytes}.last(prefix.size() + data.bytes());
  std::copy(prefix.begin(), prefix.end(), value.begin());
  data.write_to(value.last(data.bytes()));

  client::Submission submission;
  submission.label = "push " + std::string{name};
  submission.operation = base::SharedBytes{std::move(bytes)};
  return submission;
}

void check_length(const char* what, std::string_view text) {
  if (text.size() > base::name_bytes_max) {
    throw Error{std::string{"the "} + what + " '" + std::string{text.substr(0, 40)} + "...' has " +
                std::to_string(text.size()) + " bytes; at most " + std::to_string(base::name_bytes_max) +
                " are possible"};
  }
}

TaskHandle submit(const ViewCore& core, client::Submission submission) {
  client::set_options(submission, core);
  auto task = std::make_shared<PendingTask>(submission.label, core.session().continuations());
  submission.engines = core.engines();
  submission.task = task;
  submission.first_part = task->add_parts(submission.parts(), 1);
  task->seal();
  core.session().submit(std::move(submission));
  return TaskHandle{std::move(task)};
}

}  // namespace

void check_text(const char* what, std::string_view text) {
  if (text.empty()) {
    throw Error{std::string{"a "} + what + " cannot be empty"};
  }
  check_length(what, text);
  if (base::has_control_characters(text)) {
    throw Error{std::string{"the "} + what + " '" + base::printable(text) +
                "' has control characters; leave them out"};
  }
}

void check_name(std::string_view name) {
  if (name.empty()) {
    throw Error{"a value cannot have an empty name"};
  }
  check_length("value's name", name);
}

const TaskOptions& ViewCore::options() const {
  static const TaskOptions none;
  return options_ ? *options_ : none;
}

ViewCore ViewCore::with(TaskOptions options) const {
  if (options.at_most_once && options.retries > 0) {
    throw Error{"retries(" + std::to_string(options.retries) +
                ") and at_most_once() contradict each other; leave one of them out"};
  }
  ViewCore core = *this;
  core.options_ = std::make_shared<const TaskOptions>(std::move(options));
  return core;
}

ViewCore ViewCore::with(Label label) const {
  check_length("label", label.text);
  // It is shown to people as it is, in errors and before a map's progress.
  if (base::has_control_characters(label.text)) {
    throw Error{"the label '" + base::printable(label.text) + "' has control characters; leave them out"};
  }
  TaskOptions options = this->options();
  options.label = std::move(label.text);
  return with(std::move(options));
}

ViewCore ViewCore::with(Retries retries) const {
  if (retries.count > base::retries_max) {
    throw Error{"retries(" + std::to_string(retries.count) + "): at most " + std::to_string(base::retries_max) +
                " are possible"};
  }
  TaskOptions options = this->options();
  options.retries = retries.count;
  return with(std::move(options));
}

ViewCore ViewCore::with(AtMostOnce) const {
  TaskOptions options = this->options();
  options.at_most_once = true;
  return with(std::move(options));
}

ViewCore ViewCore::with(Key key) const {
  check_text("key", key.text);
  if (!session().has_name()) {
    throw Error{"the key '" + key.text +
                "' would be of no use: only a session with a name is there for the next process; connect with "
                "gangway::session(\"...\")"};
  }
  TaskOptions options = this->options();
  options.key = std::move(key.text);
  return with(std::move(options));
}

ViewCore ViewCore::with(Follows how, std::vector<TaskHandle> tasks) const {
  TaskOptions options = this->options();
  std::erase_if(options.after, [how](const auto& one) { return one.first == how; });
  for (TaskHandle& task : tasks) {
    if (!task.pending().is_of(session().continuations())) {
      throw Error{
          "only tasks of the same client can be followed; what then(), when_all() or a coroutine makes, and an empty "
          "map, is made in this process: attach with then() there"};
    }
    options.after.emplace_back(how, std::move(task));
  }
  return with(std::move(options));
}

TaskHandle ViewCore::call(const Callee& callee, std::vector<std::string> needs, const ByteSource& arguments) const {
  for (const std::string& name : needs) {
    check_name(name);
  }
  return submit(*this, client::call_of(*client::find_function(session(), callee), std::move(needs), arguments));
}

TaskHandle ViewCore::push(std::string_view name, const ValueDescription& description, const ByteSource& data) const {
  check_name(name);
  return submit(*this, push_of(name, description, data));
}

TaskHandle ViewCore::pull(std::string_view name) const {
  check_name(name);
  client::Submission submission;
  submission.label = "pull " + std::string{name};
  submission.operation = base::SharedBytes{wire::encode_operation(wire::Pull{std::string{name}}, 0)};
  return submit(*this, std::move(submission));
}

ScatterBuilder::ScatterBuilder(ViewCore core, std::string_view name)
    : core_{std::move(core)},
      name_{name},
      task_{
          std::make_shared<PendingTask>(client::labelled(core_, "push " + name_), core_.session().continuations())} {
  check_name(name);
}

ScatterBuilder::~ScatterBuilder() = default;

void ScatterBuilder::add(const ValueDescription& description, const ByteSource& data) {
  GANGWAY_CHECK(next_ < core_.engines().size(), "a scatter has one block for each engine");
  client::Submission submission = push_of(name_, description, data);
  client::set_options(submission, core_);
  submission.engines = {core_.engines()[next_++]};
  submission.task = task_;
  submission.first_part = task_->add_parts(1, 1);
  core_.session().submit(std::move(submission));
}

TaskHandle ScatterBuilder::finish() {
  GANGWAY_CHECK(next_ == core_.engines().size(), "a scatter has one block for each engine");
  task_->seal();
  return TaskHandle{task_};
}

PulledValue pulled_value(const TaskHandle& task, std::size_t part) {
  const RemoteError::Details known = task.details(part);
  PulledValue value;
  value.what = "what `" + known.label + "` got from engine " +
               (known.engine ? std::to_string(known.engine->value()) : "?") + " on " + known.host;
  auto decoded = wire::decode_value(task.pending().result(part));
  if (!decoded) {
    throw Error{value.what + " is no value: " + decoded.fault().text};
  }
  const wire::ValueHead& head = decoded.value().head;
  value.is_array = head.is_array;
  value.type = head.type;
  value.element_bytes = head.element_bytes;
  value.data = decoded.value().data.view();
  return value;
}

}  // namespace gangway::detail
