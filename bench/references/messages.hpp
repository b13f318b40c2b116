// The messages of one no-op task, as large as Gangway's own, so that references move the same bytes.
#pragma once

#include <string>

#include "wire/codec.hpp"

namespace gangway::bench {

/// The operation of a no-op task: a call without arguments.
inline base::SharedBytes no_op_operation() {
  wire::Call call;
  call.function.name = std::string(80, 'f');  // as long as mangled names of stubs are
  call.function.signature = "FvvE";
  return base::SharedBytes{wire::encode_operation(call, 8)};
}

/// What a client sends for a task, and what it gets.
inline wire::EncodedMessage submission() {
  wire::SubmitTask task;
  task.label = "gangway::bench::no_op()";
  task.operation = no_op_operation();
  return wire::encode(wire::ClientMessage{task});
}
inline wire::EncodedMessage acceptance() {
  return wire::encode(wire::GatewayMessage{wire::TaskAccepted{}});
}
inline wire::EncodedMessage client_answer() {
  return wire::encode(wire::GatewayMessage{wire::TaskFinished{}});
}

/// What a gateway sends to an engine, and what it gets.
inline wire::EncodedMessage task_for_engine() {
  wire::RunTask task;
  task.operation = no_op_operation();
  return wire::encode(wire::ToEngine{task});
}
inline wire::EncodedMessage engine_answer() {
  return wire::encode(wire::FromEngine{wire::AttemptFinished{}});
}

/// What a rank hands to its worker, and what it gets.
inline wire::EncodedMessage task_for_worker() {
  wire::RunCall call;
  call.function.name = std::string(80, 'f');
  call.function.signature = "FvvE";
  call.engine.host = "host";
  return wire::encode(wire::ToWorker{call});
}
inline wire::EncodedMessage worker_answer() {
  return wire::encode(wire::FromWorker{wire::CallFinished{}});
}

}  // namespace gangway::bench
