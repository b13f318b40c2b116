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

}  // namespace
}  // namespace gangway::engine
