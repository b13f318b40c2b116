// What an engine does with the operations that come, and when its workers die.
#include "engine_fixture.hpp"

namespace gangway::engine {
namespace {

TEST_F(EngineTest, IsReadyWithItsFirstWorkerAndSaysSoOnce) {
  ByHand first{1, *engine_, now_};
  ByHand second{2, *engine_, now_};
  run_turns();
  ASSERT_EQ(to_gateway_.size(), 1U);
  EXPECT_EQ(std::get<wire::EngineReady>(to_gateway_[0]).engine.id, EngineId{3});
}

TEST_F(EngineTest, PushesAndPullsWithoutAWorker) {
  const base::ByteVector value = wire::encode_value({false, "i", 0}, 4);
  submit(wire::Push{"a", {}}, value);
  EXPECT_EQ(answer().names_added, std::vector<std::string>{"a"});
  submit(wire::Pull{"a"});
  EXPECT_EQ(std::get<SharedBytes>(answer().outcome), SharedBytes{value});
  submit(wire::Pull{"b"});
  EXPECT_EQ(failure().text, "no value named 'b' here; there is 'a'");
}

TEST_F(EngineTest, SetsTheEnvironmentInItsTurn) {
  store_module();
  ByHand worker{1, *engine_, now_};
  run_turns();
  to_gateway_.clear();
  const wire::AttemptRef call = submit_call();
  const base::ByteVector value = wire::encode_value({false, "i", 0}, 4);
  engine_->receive(wire::SetEnvironment{"a", "", push_of("a", value)});
  const wire::AttemptRef pull = submit(wire::Pull{"a"});
  load_and_take_call(worker);
  worker.say(wire::CallFinished{call, 0, bytes("")});
  run_turns();
  ASSERT_EQ(to_gateway_.size(), 2U) << "nothing is said about a value that is there";
  const auto& pulled = std::get<wire::AttemptFinished>(to_gateway_[1]);
  EXPECT_EQ(pulled.attempt, pull);
  EXPECT_EQ(std::get<SharedBytes>(pulled.outcome), SharedBytes{value});
}

TEST_F(EngineTest, SaysWhyAValueOfTheEnvironmentIsNotHere) {
  const base::ByteVector small = wire::encode_value({false, "i", 0}, 4);
  const base::ByteVector large = wire::encode_value({false, "i", 0}, std::size_t{300} << 20);
  engine_->receive(wire::SetEnvironment{"a", "", push_of("a", small)});
  run_turns();
  EXPECT_TRUE(to_gateway_.empty());
  engine_->receive(wire::SetEnvironment{"a", "", push_of("a", large)});
  run_turns();
  ASSERT_EQ(to_gateway_.size(), 1U);
  const auto refused = std::get<wire::EnvironmentRefused>(to_gateway_[0]);
  EXPECT_EQ(refused.name, "a");
  EXPECT_EQ(refused.reason.find("no room for 'a'"), 0U) << refused.reason;
  submit(wire::Pull{"a"});
  EXPECT_EQ(failure().text, "no value named 'a' here: " + refused.reason) << "nor is the older one";

  engine_->receive(wire::SetEnvironment{"b", "it is beyond the limit", {}});
  submit(wire::Pull{"b"});
  EXPECT_EQ(failure().text, "no value named 'b' here: it is beyond the limit");
  submit(wire::Push{"b", {}}, small);
  EXPECT_EQ(answer().names_added, std::vector<std::string>{"b"});
}

TEST_F(EngineTest, RefusesAnEnvironmentThatIsNoPushOfTheName) {
  const base::ByteVector value = wire::encode_value({false, "i", 0}, 4);
  for (const SharedBytes& operation : {push_of("b", value), SharedBytes{wire::encode_operation(wire::Pull{"a"}, 0)},
                                       bytes("rubbish"), SharedBytes{}}) {
    engine_->receive(wire::SetEnvironment{"a", "", operation});
  }
  run_turns();
  ASSERT_EQ(to_gateway_.size(), 4U);
  for (const wire::FromEngine& said : to_gateway_) EXPECT_EQ(std::get<wire::EnvironmentRefused>(said).name, "a");
}

TEST_F(EngineTest, LoadsTheModuleOnceAndHandsTheCallToTheOldestWorker) {
  store_module();
  ByHand worker{1, *engine_, now_};
  ByHand standby{2, *engine_, now_};
  run_turns();
  const wire::AttemptRef attempt = submit_call();
  const wire::RunCall call = load_and_take_call(worker);
  EXPECT_EQ(call.attempt, attempt);
  EXPECT_EQ(std::get<SharedBytes>(call.arguments), bytes("arguments"));
  EXPECT_EQ(standby.hear<wire::LoadModule>().hash, module_);
  worker.say(wire::CallFinished{attempt, 17, bytes("result")});
  const wire::AttemptFinished finished = answer();
  EXPECT_EQ(finished.attempt, attempt);
  EXPECT_EQ(finished.run_ns, 17);
  EXPECT_EQ(std::get<SharedBytes>(finished.outcome), bytes("result"));
  submit_call();
  worker.hear<wire::RunCall>();
}

TEST_F(EngineTest, RunsOneOperationAtATimeInTheOrderTheyCame) {
  store_module();
  ByHand worker{1, *engine_, now_};
  run_turns();
  const wire::AttemptRef call = submit_call();
  submit(wire::Push{"a", {}}, wire::encode_value({false, "i", 0}, 4));
  load_and_take_call(worker);
  for (const wire::FromEngine& message : to_gateway_) EXPECT_TRUE(std::holds_alternative<wire::EngineReady>(message));
  to_gateway_.clear();
  worker.say(wire::CallFinished{call, 0, bytes("")});
  run_turns();
  ASSERT_EQ(to_gateway_.size(), 2U);
  EXPECT_EQ(std::get<wire::AttemptFinished>(to_gateway_[0]).attempt, call);
}

TEST_F(EngineTest, AWorkerThatDiesCostsItsTaskAndTheNextOneGoesOn) {
  store_module();
  ByHand worker{1, *engine_, now_};
  ByHand standby{2, *engine_, now_};
  run_turns();
  submit_call();
  load_and_take_call(worker);
  worker.last_words().write({SIGSEGV, 0x10, false});
  engine_->report(keeper::WorkerEnded{1, SIGSEGV}, now_);
  const wire::Failure crash = failure();
  EXPECT_EQ(crash.kind, wire::FailureKind::worker_crashed);
  EXPECT_NE(crash.text.find("SIGSEGV"), std::string::npos) << crash.text;
  EXPECT_NE(crash.text.find("0x10"), std::string::npos) << crash.text;
  EXPECT_EQ(crash.engine, EngineId{3});
  EXPECT_EQ(crash.host, "node7");

  standby.hear<wire::LoadModule>();
  standby.say(wire::ModuleLoaded{module_, ""});
  run_turns();
  const wire::AttemptRef next = submit_call();
  EXPECT_EQ(standby.hear<wire::RunCall>().attempt, next);
}

TEST_F(EngineTest, TellsAStackOverflowFromOtherCrashes) {
  store_module();
  ByHand worker{1, *engine_, now_};
  run_turns();
  submit_call();
  load_and_take_call(worker);
  worker.last_words().write({SIGSEGV, 0x10, true});
  engine_->report(keeper::WorkerEnded{1, SIGSEGV}, now_);
  EXPECT_NE(failure().text.find("stack overflowed"), std::string::npos);
}

TEST_F(EngineTest, AnAnswerGivenBeforeTheDeathCounts) {
  store_module();
  ByHand worker{1, *engine_, now_};
  run_turns();
  const wire::AttemptRef attempt = submit_call();
  load_and_take_call(worker);
  worker.say(wire::CallFinished{attempt, 0, bytes("done")});
  engine_->report(keeper::WorkerEnded{1, SIGKILL}, now_);
  EXPECT_EQ(std::get<SharedBytes>(answer().outcome), bytes("done"));
}

TEST_F(EngineTest, AnArrayThatTheDeadTaskWasWritingIsTorn) {
  store_module();
  ByHand worker{1, *engine_, now_};
  run_turns();
  submit(wire::Push{"x", {}}, wire::encode_value({true, "d", 8}, 80));
  answer();
  const wire::AttemptRef attempt = submit_call();
  load_and_take_call(worker);
  worker.say(wire::OpenValue{"x", wire::ValueAccess::write});
  run_turns();
  EXPECT_EQ(worker.hear<wire::ValueOpened>().data.bytes, 80U);
  engine_->report(keeper::WorkerEnded{1, SIGABRT}, now_);
  answer();
  submit(wire::Pull{"x"});
  const wire::Failure torn = failure();
  EXPECT_EQ(torn.kind, wire::FailureKind::torn);
  EXPECT_NE(torn.text.find("task " + std::to_string(attempt.task.value())), std::string::npos) << torn.text;
}

TEST_F(EngineTest, ALargeResultComesFromTheBlockThatWasGranted) {
  store_module();
  ByHand worker{1, *engine_, now_};
  run_turns();
  const wire::AttemptRef attempt = submit_call();
  load_and_take_call(worker);
  worker.say(wire::GrantBlock{1 << 20});
  run_turns();
  const wire::ArenaRange block = worker.hear<wire::BlockGranted>().block;
  (*arena_.at(block.offset, block.bytes))[7] = std::byte{42};
  worker.say(wire::CallFinished{attempt, 0, block});
  const auto result = std::get<SharedBytes>(answer().outcome);
  EXPECT_EQ(result.size(), std::size_t{1} << 20);
  EXPECT_EQ(result.view()[7], std::byte{42});
}

TEST_F(EngineTest, MemoryThatWasNotGrantedIsNoResult) {
  store_module();
  ByHand worker{1, *engine_, now_};
  run_turns();
  const wire::AttemptRef attempt = submit_call();
  load_and_take_call(worker);
  worker.say(wire::MakeArray{"y", {true, "d", 8}, 80});
  run_turns();
  worker.say(wire::CallFinished{attempt, 0, wire::ArenaRange{~std::uint64_t{0} - 10, 100}});
  EXPECT_EQ(failure().kind, wire::FailureKind::worker_crashed);
  EXPECT_EQ(to_keeper_.size(), 1U);
  submit(wire::Pull{"y"});
  EXPECT_EQ(failure().kind, wire::FailureKind::not_run);
}

TEST_F(EngineTest, AResultThatIsTooLargeToTravelIsRefusedWithTheBound) {
  store_module();
  ByHand worker{1, *engine_, now_};
  run_turns();
  submit_call();
  load_and_take_call(worker);
  worker.say(wire::GrantBlock{std::uint64_t{65} << 20});
  run_turns();
  EXPECT_NE(worker.hear<wire::BlockGranted>().reason.find("67108864 travel"), std::string::npos);
}

TEST_F(EngineTest, AModuleThatDoesNotLoadFailsTheTaskWithTheLoadersWords) {
  store_module();
  ByHand worker{1, *engine_, now_};
  run_turns();
  submit_call();
  worker.hear<wire::LoadModule>();
  worker.say(wire::ModuleLoaded{module_, "libzzz.so: cannot open shared object file"});
  EXPECT_NE(failure().text.find("libzzz.so"), std::string::npos);
}

TEST_F(EngineTest, AModuleThatNeverCameFailsTheTask) {
  ByHand worker{1, *engine_, now_};
  run_turns();
  submit_call();
  EXPECT_NE(failure().text.find("has not come"), std::string::npos);
}

TEST_F(EngineTest, GivesBalancedTasksBackThatWaitBehindALongOne) {
  store_module();
  ByHand worker{1, *engine_, now_};
  run_turns();
  const wire::AttemptRef running = submit_call(true);
  const wire::AttemptRef balanced = submit_call(true);
  const wire::AttemptRef direct = submit_call(false);
  load_and_take_call(worker);
  to_gateway_.clear();
  ASSERT_TRUE(engine_->sleep_max(now_).has_value());
  EXPECT_TRUE(to_gateway_.empty());
  now_ = now_ + base::milliseconds(11);
  run_turns();
  ASSERT_EQ(to_gateway_.size(), 1U);
  EXPECT_EQ(std::get<wire::AttemptsReturned>(to_gateway_[0]).attempts, std::vector<wire::AttemptRef>{balanced});
  to_gateway_.clear();
  worker.say(wire::CallFinished{running, 0, bytes("")});
  run_turns();
  EXPECT_EQ(worker.hear<wire::RunCall>().attempt, direct);
}

TEST_F(EngineTest, ACallWaitsForAWorkerButNotForEver) {
  store_module();
  submit_call();
  EXPECT_TRUE(to_gateway_.empty());
  now_ = now_ + base::seconds(31);
  EXPECT_NE(failure().text.find("no worker"), std::string::npos);
}

TEST_F(EngineTest, AWorkerThatWritesNonsenseIsEnded) {
  store_module();
  ByHand worker{1, *engine_, now_};
  run_turns();
  worker.say(wire::CallFinished{{TaskId{99}, 1}, 0, bytes("nobody asked")});
  run_turns();
  ASSERT_EQ(to_keeper_.size(), 1U);
  EXPECT_EQ(std::get<keeper::EndWorker>(to_keeper_[0]).number, 1U);
}

TEST_F(EngineTest, LeavesWhenItIsTold) {
  engine_->receive(wire::LeaveCluster{});
  EXPECT_TRUE(engine_->has_left());
  EXPECT_TRUE(std::holds_alternative<wire::EngineLeaving>(to_gateway_.at(0)));
  EXPECT_TRUE(std::holds_alternative<keeper::Farewell>(to_keeper_.at(0)));
}

}  // namespace
}  // namespace gangway::engine
