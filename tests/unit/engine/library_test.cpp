// Libraries at an engine: loaded by an operation, told by the gateway, or there from the start.
#include "engine_fixture.hpp"

namespace gangway::engine {
namespace {

TEST_F(EngineTest, LoadsALibraryInEveryWorkerAndTellsTheGateway) {
  store_module();
  ByHand worker{1, *engine_, now_};
  ByHand standby{2, *engine_, now_};
  run_turns();
  to_gateway_.clear();
  submit(wire::Load{module_});
  EXPECT_EQ(worker.hear<wire::LoadModule>().hash, module_);
  worker.say(wire::ModuleLoaded{module_, ""});
  run_turns();
  EXPECT_EQ(standby.hear<wire::LoadModule>().hash, module_);
  ASSERT_EQ(to_gateway_.size(), 2U) << "first that it is loaded, then the answer";
  EXPECT_EQ(std::get<wire::LibraryLoaded>(to_gateway_[0]).hash, module_);
  EXPECT_TRUE(std::holds_alternative<SharedBytes>(std::get<wire::AttemptFinished>(to_gateway_[1]).outcome));
  submit_call_by_name();
  EXPECT_EQ(worker.hear<wire::UseLibraries>().hashes, std::vector{module_});
  worker.say(wire::CallFinished{worker.hear<wire::RunCall>().attempt, 0, bytes("")});
  run_turns();
  submit_call_by_name();
  worker.hear<wire::RunCall>();  // it knows the libraries
}

TEST_F(EngineTest, ALibraryThatCannotBeLoadedIsNoneAndTheReasonIsTold) {
  store_module();
  ByHand worker{1, *engine_, now_};
  run_turns();
  to_gateway_.clear();
  submit(wire::Load{module_});
  worker.hear<wire::LoadModule>();
  worker.say(wire::ModuleLoaded{module_, "its ABI differs"});
  EXPECT_EQ(failure().text, "its ABI differs");
  submit_call_by_name();
  worker.hear<wire::RunCall>();
  submit(wire::Load{wire::ModuleHash{1}});
  worker.say(wire::CallFinished{{TaskId{last_task_ - 1}, 1}, 0, bytes("")});
  run_turns();
  EXPECT_NE(std::get<wire::Failure>(std::get<wire::AttemptFinished>(to_gateway_.back()).outcome)
                .text.find("has not come to this engine"),
            std::string::npos);
}

TEST_F(EngineTest, AWorkerThatComesLaterLoadsTheLibrariesBeforeItsFirstCallByName) {
  store_module();
  ByHand worker{1, *engine_, now_};
  run_turns();
  engine_->receive(wire::UseLibrary{module_});
  submit_call_by_name();
  EXPECT_EQ(worker.hear<wire::LoadModule>().hash, module_);
  worker.say(wire::ModuleLoaded{module_, ""});
  run_turns();
  EXPECT_EQ(worker.hear<wire::UseLibraries>().hashes, std::vector{module_});
  worker.hear<wire::RunCall>();
}

TEST_F(EngineTest, IsReadyWhenTheLibrariesItStartsWithAreLoaded) {
  const std::string file = directory_ + "/library";
  std::ofstream{file} << "module";
  ASSERT_TRUE(engine_->start_with(file).ok());
  EXPECT_NE(engine_->start_with(directory_ + "/missing").fault().text.find("missing"), std::string::npos);
  ByHand worker{1, *engine_, now_};
  ByHand standby{2, *engine_, now_};
  run_turns();
  EXPECT_TRUE(to_gateway_.empty());
  EXPECT_EQ(worker.hear<wire::LoadModule>().hash, module_);
  worker.say(wire::ModuleLoaded{module_, ""});
  run_turns();
  ASSERT_EQ(to_gateway_.size(), 1U);
  EXPECT_TRUE(std::holds_alternative<wire::EngineReady>(to_gateway_[0]));
}

TEST_F(EngineTest, GivesUpWhenALibraryItStartsWithCannotBeLoaded) {
  const std::string file = directory_ + "/library";
  std::ofstream{file} << "module";
  ASSERT_TRUE(engine_->start_with(file).ok());
  ByHand worker{1, *engine_, now_};
  run_turns();
  worker.hear<wire::LoadModule>();
  worker.say(wire::ModuleLoaded{module_, "its ABI differs"});
  run_turns();
  EXPECT_EQ(cannot_start_, file + ": its ABI differs");
  EXPECT_TRUE(to_gateway_.empty());
}

TEST_F(EngineTest, AForgottenModuleIsUnknownUntilItComesAgainAndIsNotLoadedTwice) {
  store_module();
  ByHand worker{1, *engine_, now_};
  run_turns();
  to_gateway_.clear();
  submit_call();
  worker.say(wire::CallFinished{load_and_take_call(worker).attempt, 0, bytes("")});
  answer();
  engine_->receive(wire::ForgetModule{module_});
  EXPECT_TRUE(std::filesystem::is_empty(directory_));
  submit_call();
  EXPECT_NE(failure().text.find("has not come to this engine"), std::string::npos);
  store_module();
  submit_call();
  worker.hear<wire::RunCall>();  // it has kept what it had loaded
  EXPECT_TRUE(to_keeper_.empty());
}

TEST_F(EngineTest, ALibraryThatItStartedWithIsNotForgotten) {
  const std::string file = directory_ + "/library";
  std::ofstream{file} << "module";
  ASSERT_TRUE(engine_->start_with(file).ok());
  store_module();  // a client brought it too
  engine_->receive(wire::ForgetModule{module_});
  ByHand worker{1, *engine_, now_};
  run_turns();
  EXPECT_EQ(worker.hear<wire::LoadModule>().hash, module_);
}

TEST_F(EngineTest, AStandbyThatLoadsWhatIsForgottenIsReplaced) {
  store_module();
  ByHand worker{1, *engine_, now_};
  ByHand standby{2, *engine_, now_};
  run_turns();
  to_gateway_.clear();
  submit_call();
  worker.say(wire::CallFinished{load_and_take_call(worker).attempt, 0, bytes("")});
  answer();
  standby.hear<wire::LoadModule>();
  engine_->receive(wire::ForgetModule{module_});
  run_turns();
  ASSERT_EQ(to_keeper_.size(), 1U);
  EXPECT_EQ(std::get<keeper::EndWorker>(to_keeper_[0]).number, standby.number());
}

class ForgottenModulesTest : public EngineTest {
 protected:
  void load_call_and_forget(int number, ByHand& worker, ByHand* standby) {
    to_gateway_.clear();
    const std::string content = "module " + std::to_string(number);
    wire::Call call;
    call.function.module = tls::sha256(base::bytes_of(content));
    engine_->receive(wire::StoreModule{call.function.module, bytes(content)});
    submit(call);
    worker.hear<wire::LoadModule>();
    worker.say(wire::ModuleLoaded{call.function.module, ""});
    run_turns();
    if (standby != nullptr) {
      standby->hear<wire::LoadModule>();
      standby->say(wire::ModuleLoaded{call.function.module, ""});
    }
    worker.say(wire::CallFinished{worker.hear<wire::RunCall>().attempt, 0, bytes("")});
    answer();
    engine_->receive(wire::ForgetModule{call.function.module});
  }
};

TEST_F(ForgottenModulesTest, AWorkerThatHoldsMuchThatIsForgottenIsReplacedBetweenCallsWhenAnotherIsReady) {
  ByHand worker{1, *engine_, now_};
  run_turns();
  for (int i = 0; i < 33; ++i) load_call_and_forget(i, worker, nullptr);
  run_turns();
  EXPECT_TRUE(to_keeper_.empty()) << "nobody could take over";
  submit_call_by_name();
  const wire::RunCall run = worker.hear<wire::RunCall>();
  ByHand standby{2, *engine_, now_};
  run_turns();
  EXPECT_TRUE(to_keeper_.empty()) << "not while it has a call";
  worker.say(wire::CallFinished{run.attempt, 0, bytes("")});
  answer();
  run_turns();
  ASSERT_EQ(to_keeper_.size(), 1U);
  EXPECT_EQ(std::get<keeper::EndWorker>(to_keeper_[0]).number, worker.number());
  submit_call_by_name();
  standby.hear<wire::RunCall>();
}

TEST_F(ForgottenModulesTest, OfTwoThatHoldMuchThatIsForgottenTheStandbyIsReplacedFirst) {
  ByHand worker{1, *engine_, now_};
  ByHand standby{2, *engine_, now_};
  run_turns();
  for (int i = 0; i < 33; ++i) load_call_and_forget(i, worker, &standby);
  run_turns();
  ASSERT_EQ(to_keeper_.size(), 1U) << "one at a time";
  EXPECT_EQ(std::get<keeper::EndWorker>(to_keeper_[0]).number, standby.number());
}

}  // namespace
}  // namespace gangway::engine
