#include "wire/codec.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"

namespace gangway::wire {
namespace {

using base::ByteVector;
using base::SharedBytes;

SharedBytes bytes(std::string_view text) {
  return SharedBytes::copy_of(base::bytes_of(text));
}

/// Head and bulk as they stand in a frame.
SharedBytes body_of(const EncodedMessage& message) {
  ByteVector body = message.head;
  body.insert(body.end(), message.bulk.view().begin(), message.bulk.view().end());
  return SharedBytes{std::move(body)};
}

ModuleHash some_hash() {
  ModuleHash hash{};
  for (std::size_t i = 0; i < hash.size(); ++i) hash[i] = static_cast<std::uint8_t>(7 * i);
  return hash;
}

Failure some_failure() {
  return {FailureKind::worker_crashed, "signal", "killed by SIGSEGV", EngineId{3}, "node7", 2};
}

TaskRow some_row() {
  return {TaskId{77},   TaskState::failed,
          true,         true,
          SessionId{4}, "run-17",
          "cost",       true,
          EngineId{3},  2,
          11,           12,
          13,           14,
          15,           16,
          "why"};
}

std::vector<ClientMessage> client_messages() {
  return {
      Hello{protocol_version, "laptop:17"},
      OfferModule{RequestId{1}, some_hash(), 184'320},
      UploadModule{RequestId{2}, some_hash(), bytes("ELF")},
      SubmitTask{RequestId{3}, {EngineId{0}, EngineId{9}}, "cost", {"x", "mesh"}, bytes("operation"), some_hash()},
      SubmitTask{RequestId{4}, {}, "", {}, {}},
      SubmitTask{RequestId{5},
                 {EngineId{1}},
                 "push x",
                 {},
                 bytes("operation"),
                 {},
                 {2, true},
                 {{Condition::failed, {{TaskId{3}, {}, 1}}}},
                 "key",
                 "x"},
      Acknowledge{{TaskId{1}, TaskId{0xffff'ffff'ffff}}},
      QueryCluster{RequestId{5}},
      Shutdown{RequestId{6}},
      Ping{42},
      QueryTasks{
          RequestId{7},
          {TaskState::failed, "cost", true, EngineId{3}, SessionId{4}, "run-17", 5, 6, {TaskId{7}}, TaskId{8}, 9}},
      FetchResult{RequestId{8}, TaskId{77}},
      FetchOperation{RequestId{9}, TaskId{77}},
      ForgetTasks{RequestId{10}, {TaskId{77}}, true}};
}

std::vector<GatewayMessage> gateway_messages() {
  const EngineInfo engine{EngineId{1}, 1, "node1", 4711};
  return {Welcome{SessionId{1}, "big", 100, 1'000, {engine}},
          ModuleAnswered{RequestId{1}, true},
          TaskAccepted{RequestId{2}, TaskId{77}, 4},
          TaskFinished{RequestId{2}, 3, TaskId{80}, {EngineId{1}, 2, -1, 2, 3, 4}, bytes("result")},
          TaskFinished{RequestId{2}, 3, TaskId{80}, {}, some_failure()},
          Refused{RequestId{9}, "no"},
          ClusterState{RequestId{3}, {EngineStatus{engine, 1, 2, 3}}, 1, 2, 3, 4},
          EnginesChanged{{engine}},
          Pong{42},
          Goodbye{"stopped"},
          TaskReturned{RequestId{4}},
          JournalState{"disk full"},
          TasksListed{RequestId{10}, {some_row(), {}}, TaskId{70}},
          ResultFetched{RequestId{11}, some_row(), "signature", bytes("result")},
          ResultFetched{RequestId{12}, some_row(), "", some_failure()},
          OperationFetched{
              RequestId{13}, "cost", {"x"}, some_hash(), {2, true}, {EngineId{1}}, "signature", bytes("operation")},
          TasksForgotten{RequestId{14}}};
}

TEST(Codec, GivesBackEveryClientMessage) {
  for (const ClientMessage& message : client_messages()) {
    const EncodedMessage encoded = encode(message);
    EXPECT_EQ(encoded.number, message.index());
    const auto decoded = decode_client_message(encoded.number, body_of(encoded));
    ASSERT_TRUE(decoded.ok()) << decoded.fault().text;
    EXPECT_EQ(decoded.value(), message);
  }
}

TEST(Codec, GivesBackEveryGatewayMessage) {
  for (const GatewayMessage& message : gateway_messages()) {
    const EncodedMessage encoded = encode(message);
    const auto decoded = decode_gateway_message(encoded.number, body_of(encoded));
    ASSERT_TRUE(decoded.ok()) << decoded.fault().text;
    EXPECT_EQ(decoded.value(), message);
  }
}

TEST(Codec, GivesBackMessagesBetweenRanksWhoseBulkArrivesApart) {
  const std::vector<ToEngine> down = {RunTask{{TaskId{1}, 2}, true, bytes("op")},
                                      StoreModule{some_hash(), bytes("ELF")},
                                      LeaveCluster{},
                                      UseLibrary{some_hash()},
                                      ForgetModule{some_hash()},
                                      SetEnvironment{"x", "", bytes("push")},
                                      SetEnvironment{"y", "too large", {}}};
  for (const ToEngine& message : down) {
    const EncodedMessage encoded = encode(message);
    const auto decoded = decode_to_engine(encoded.number, SharedBytes::copy_of(encoded.head), encoded.bulk);
    ASSERT_TRUE(decoded.ok()) << decoded.fault().text;
    EXPECT_EQ(decoded.value(), message);
  }
  const std::vector<FromEngine> up = {EngineReady{{EngineId{1}, 1, "n", 5}},
                                      AttemptFinished{{TaskId{1}, 2}, 17, {"a"}, {"b"}, bytes("value")},
                                      AttemptFinished{{TaskId{1}, 2}, 17, {}, {}, some_failure()},
                                      AttemptsReturned{{{TaskId{1}, 2}, {TaskId{3}, 1}}},
                                      EngineLeaving{},
                                      LibraryLoaded{some_hash()},
                                      EnvironmentRefused{"x", "no room"}};
  for (const FromEngine& message : up) {
    const EncodedMessage encoded = encode(message);
    const auto decoded = decode_from_engine(encoded.number, SharedBytes::copy_of(encoded.head), encoded.bulk);
    ASSERT_TRUE(decoded.ok()) << decoded.fault().text;
    EXPECT_EQ(decoded.value(), message);
  }
}

TEST(Codec, GivesBackMessagesBetweenRankAndWorker) {
  const FunctionRef function{some_hash(), 0x1234, "name", "signature"};
  const std::vector<ToWorker> down = {LoadModule{some_hash(), "/x.so"},
                                      RunCall{{TaskId{1}, 1}, {EngineId{2}, 1, "n", 3}, function, bytes("args")},
                                      RunCall{{TaskId{1}, 1}, {}, function, ArenaRange{64, 128}},
                                      ValueOpened{{true, "d", 8}, 5, {64, 80}, FailureKind::torn, "torn"},
                                      BlockGranted{{1, 2}, ""},
                                      ValueErased{true},
                                      NamesListed{{"a", "b"}},
                                      UseLibraries{{some_hash(), some_hash()}}};
  for (const ToWorker& message : down) {
    const EncodedMessage encoded = encode(message);
    const auto decoded = decode_to_worker(encoded.number, body_of(encoded));
    ASSERT_TRUE(decoded.ok()) << decoded.fault().text;
    EXPECT_EQ(decoded.value(), message);
  }
  const std::vector<FromWorker> up = {WorkerReady{9},
                                      ModuleLoaded{some_hash(), "why"},
                                      OpenValue{"x", ValueAccess::write},
                                      MakeArray{"y", {true, "d", 8}, 800},
                                      SetObject{"m", {false, "Mesh", 0}, 12},
                                      EraseValue{"x"},
                                      ListNames{},
                                      GrantBlock{1 << 20},
                                      CallFinished{{TaskId{1}, 1}, 3, ArenaRange{0, 64}},
                                      CallFinished{{TaskId{1}, 1}, 3, some_failure()}};
  for (const FromWorker& message : up) {
    const EncodedMessage encoded = encode(message);
    const auto decoded = decode_from_worker(encoded.number, body_of(encoded));
    ASSERT_TRUE(decoded.ok()) << decoded.fault().text;
    EXPECT_EQ(decoded.value(), message);
  }
}

TEST(Codec, RefusesEveryMessageThatIsCutShortOrHasBytesLeftOver) {
  for (const ClientMessage& message : client_messages()) {
    const EncodedMessage encoded = encode(message);
    const SharedBytes body = body_of(encoded);
    for (std::size_t length = 0; length < body.size(); ++length) {
      EXPECT_FALSE(decode_client_message(encoded.number, body.cut(0, length)).ok())
          << "message " << message.index() << " cut to " << length << " of " << body.size();
    }
    ByteVector longer{body.view().begin(), body.view().end()};
    longer.push_back(std::byte{0});
    EXPECT_FALSE(decode_client_message(encoded.number, SharedBytes{longer}).ok());
  }
}

TEST(Codec, RefusesUnknownNumbers) {
  EXPECT_FALSE(decode_client_message(std::variant_size_v<ClientMessage>, {}).ok());
  EXPECT_FALSE(decode_gateway_message(std::variant_size_v<GatewayMessage>, {}).ok());
  EXPECT_FALSE(decode_gateway_message(255, {}).ok());
}

TEST(Codec, RefusesACountThatIsLargerThanTheRest) {
  // Acknowledge with 0xffffffff entries: refused before a vector of that size is made.
  const ByteVector body(4, std::byte{0xff});
  const auto decoded = decode_client_message(4, SharedBytes{body});
  ASSERT_FALSE(decoded.ok());
  EXPECT_NE(decoded.fault().text.find("4294967295"), std::string::npos);
}

TEST(Codec, IntegersAreLittleEndianAndOfFixedWidth) {
  const EncodedMessage encoded = encode(ClientMessage{Ping{0x0102'0304'0506'0708}});
  const ByteVector expected = {std::byte{8}, std::byte{7}, std::byte{6}, std::byte{5},
                               std::byte{4}, std::byte{3}, std::byte{2}, std::byte{1}};
  EXPECT_EQ(encoded.head, expected);
}

TEST(Codec, CutsATextThatIsTooLongInsteadOfFailing) {
  const EncodedMessage encoded = encode(GatewayMessage{Goodbye{std::string(base::text_bytes_max + 5, 'x')}});
  const auto decoded = decode_gateway_message(encoded.number, body_of(encoded));
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(std::get<Goodbye>(decoded.value()).reason.size(), base::text_bytes_max);
}

TEST(Operation, ComesBackWithItsBulkOnA64ByteBoundary) {
  const std::string argument = "forty-two";
  ByteVector encoded = encode_operation(Call{{some_hash(), 99, "name", "signature"}, {}}, argument.size());
  std::copy_n(base::bytes_of(argument).begin(), argument.size(),
              encoded.end() - static_cast<std::ptrdiff_t>(argument.size()));
  EXPECT_EQ((encoded.size() - argument.size()) % bulk_alignment_bytes, 0U);
  const auto decoded = decode_operation(SharedBytes{encoded});
  ASSERT_TRUE(decoded.ok()) << decoded.fault().text;
  EXPECT_EQ(decoded.value(), (Operation{Call{{some_hash(), 99, "name", "signature"}, bytes(argument)}}));
}

TEST(Operation, RefusesEveryCutOfItsHead) {
  const ByteVector encoded = encode_operation(Push{"x", {}}, 0);
  for (std::size_t length = 0; length < encoded.size(); ++length) {
    EXPECT_FALSE(decode_operation(SharedBytes::copy_of(base::ByteView{encoded}.first(length))).ok());
  }
  EXPECT_TRUE(decode_operation(SharedBytes{encoded}).ok());
}

TEST(Value, ComesBackWithAlignedData) {
  const ValueHead head{true, "d", 8};
  ByteVector encoded = encode_value(head, 16);
  EXPECT_EQ(encoded.size() - 16, encoded_value_head_bytes(head));
  EXPECT_EQ((encoded.size() - 16) % bulk_alignment_bytes, 0U);
  const auto decoded = decode_value(SharedBytes{encoded});
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded.value().head, head);
  EXPECT_EQ(decoded.value().data.size(), 16U);
}

TEST(Value, RefusesAnArrayWhoseBytesAreNoWholeElements) {
  EXPECT_FALSE(decode_value(SharedBytes{encode_value({true, "d", 8}, 15)}).ok());
  EXPECT_FALSE(decode_value(SharedBytes{encode_value({true, "d", 0}, 16)}).ok());
  EXPECT_TRUE(decode_value(SharedBytes{encode_value({false, "Mesh", 0}, 15)}).ok());
}

}  // namespace
}  // namespace gangway::wire
