// The real gangway-worker over a real channel, with a module that it loads: calls, values, and every way to die.
#include <sys/wait.h>

#include <csignal>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "unit/worker/module.hpp"
#include "unit/worker/test_rank.hpp"

namespace gangway {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using worker_module::add;

template <class R>
R result_of(const std::optional<wire::CallFinished>& finished) {
  if (!finished) {
    throw std::runtime_error{"the worker died"};
  }
  if (const auto* failure = std::get_if<wire::Failure>(&finished->outcome)) {
    throw std::runtime_error{failure->type + ": " + failure->text};
  }
  return detail::decode_call_result<R>(std::get<base::SharedBytes>(finished->outcome).view());
}

wire::Failure failure_of(const std::optional<wire::CallFinished>& finished) {
  if (finished) {
    if (const auto* failure = std::get_if<wire::Failure>(&finished->outcome)) {
      EXPECT_EQ(failure->engine, EngineId{3});
      EXPECT_EQ(failure->host, "node7");
      EXPECT_EQ(failure->attempt, 1U);
      return *failure;
    }
  }
  throw std::runtime_error{"the call did not fail"};
}

class WorkerTest : public ::testing::Test {
 protected:
  void SetUp() override { rank_.load_test_module(); }

  test::TestRank rank_;
};

TEST_F(WorkerTest, runs_functions_one_after_the_other) {
  EXPECT_EQ(result_of<double>(rank_.call("add", fn<add>, 1, 2)), 3.0);
  const auto finished = rank_.call("add", fn<add>, 3, 4);
  EXPECT_EQ(result_of<double>(finished), 7.0);
  EXPECT_GT(finished->run_ns, 0);
}

TEST_F(WorkerTest, runs_a_chunk_of_a_map) {
  const auto square = [](double) { return 0.0; };  // only its type of arguments counts: the module has its own
  detail::PayloadWriter writer;
  const std::vector<double> elements{1, 2, 3};
  detail::encode_map_call(writer, square, elements.begin(), elements.end());
  rank_.start("square", std::move(writer));
  const auto finished = rank_.finish();
  ASSERT_TRUE(finished);
  const auto result = detail::decode_map_result<double>(std::get<base::SharedBytes>(finished->outcome).view());
  EXPECT_THAT(result.values, ElementsAre(1, 4, 9));
}

TEST_F(WorkerTest, arguments_are_aligned_wherever_they_come_from) {
  const std::vector<double> values(100, 1.0);
  EXPECT_EQ(result_of<std::uint64_t>(rank_.call("alignment_rest", fn<worker_module::alignment_rest>, values)), 0U);
  detail::PayloadWriter writer;
  detail::encode_call(writer, fn<worker_module::alignment_rest>, values);
  rank_.start("alignment_rest", std::move(writer), true);
  EXPECT_EQ(result_of<std::uint64_t>(rank_.finish()), 0U);
}

TEST_F(WorkerTest, a_large_result_lies_in_the_arena) {
  const auto finished = rank_.call("ramp", fn<worker_module::ramp>, 100'000);
  ASSERT_TRUE(finished);
  const auto* range = std::get_if<wire::ArenaRange>(&finished->outcome);
  ASSERT_NE(range, nullptr);
  const auto values = detail::decode_call_result<std::vector<double>>(rank_.at(*range));
  EXPECT_EQ(values.size(), 100'000U);
  EXPECT_EQ(values.back(), 99'999.0);
}

TEST_F(WorkerTest, a_result_that_is_too_large_is_a_clear_error) {
  const auto failure = failure_of(rank_.call("ramp", fn<worker_module::ramp>, 9 * base::mib));
  EXPECT_EQ(failure.kind, wire::FailureKind::exception);
  EXPECT_THAT(failure.text, HasSubstr("the result takes 72 MiB, and at most 64 MiB travel whole"));
  EXPECT_EQ(result_of<double>(rank_.call("add", fn<add>, 1, 2)), 3.0);
}

TEST_F(WorkerTest, named_arrays_are_read_and_written_in_place) {
  rank_.add_array("x", {1, 2, 3});
  EXPECT_EQ(result_of<double>(rank_.call("sum", fn<worker_module::sum>, named("x"))), 6.0);
  result_of<void>(rank_.call("scale", fn<worker_module::scale>, named("x"), 2));
  EXPECT_THAT(rank_.array("x"), ElementsAre(2, 4, 6));
}

TEST_F(WorkerTest, values_are_made_set_and_decoded_again) {
  EXPECT_EQ(result_of<std::size_t>(rank_.call("make_and_set", fn<worker_module::make_and_set>)), 2U);
  EXPECT_THAT(rank_.array("y"), ElementsAre(0, 5, 0));
  const auto object = result_of<std::map<std::string, int>>(rank_.call("get_object", fn<worker_module::get_object>));
  EXPECT_EQ(object.at("a"), 1);
}

TEST_F(WorkerTest, a_missing_or_torn_value_keeps_the_function_from_running) {
  auto failure = failure_of(rank_.call("sum", fn<worker_module::sum>, named("x")));
  EXPECT_EQ(failure.kind, wire::FailureKind::not_run);
  EXPECT_EQ(failure.text, "there is no value 'x'");
  rank_.torn["t"] = "'t' was being written by task 5";
  failure = failure_of(rank_.call("sum", fn<worker_module::sum>, named("t")));
  EXPECT_EQ(failure.kind, wire::FailureKind::torn);
  EXPECT_EQ(failure.text, "'t' was being written by task 5");
}

TEST_F(WorkerTest, exceptions_of_any_type_are_failures_and_the_worker_lives_on) {
  auto failure = failure_of(rank_.call("throw_domain_error", fn<worker_module::throw_domain_error>));
  EXPECT_EQ(failure.kind, wire::FailureKind::exception);
  EXPECT_EQ(failure.type, "std::domain_error");
  EXPECT_EQ(failure.text, "negative mass");
  failure = failure_of(rank_.call("throw_int", fn<worker_module::throw_int>));
  EXPECT_EQ(failure.type, "int");
  EXPECT_EQ(failure.text, "42");
  EXPECT_EQ(result_of<double>(rank_.call("add", fn<add>, 1, 2)), 3.0);
}

TEST_F(WorkerTest, bytes_that_are_not_its_arguments_do_not_reach_the_function) {
  detail::PayloadWriter writer;
  detail::encode(writer, 1);
  rank_.start("add", std::move(writer));
  const auto failure = failure_of(rank_.finish());
  EXPECT_EQ(failure.kind, wire::FailureKind::not_run);
  EXPECT_EQ(failure.type, "gangway::ArchiveError");
}

TEST_F(WorkerTest, unknown_functions_and_modules_are_named) {
  wire::RunCall call;
  call.attempt = {TaskId{7}, 1};
  call.engine = {EngineId{3}, 1, "node7", 1};
  call.function = {rank_.module, 12345, worker_module::stub("add").name, worker_module::stub("add").signature};
  rank_.send(call);
  auto failure = failure_of(rank_.finish());
  EXPECT_EQ(failure.kind, wire::FailureKind::not_run);
  EXPECT_THAT(failure.text, HasSubstr("the function worker_module::add(double, double) is not in the module"));

  call.function.module.fill(0xCD);
  rank_.send(call);
  failure = failure_of(rank_.finish());
  EXPECT_THAT(failure.text, HasSubstr("module cdcdcdcdcdcd, which is not loaded"));
}

TEST_F(WorkerTest, a_module_that_cannot_be_loaded_is_refused_in_the_loaders_words) {
  wire::ModuleHash other{};
  EXPECT_THAT(rank_.load(other, "/nowhere/missing.so"), HasSubstr("/nowhere/missing.so: cannot open shared object"));
  EXPECT_THAT(rank_.load(other, GANGWAY_TEST_EMPTY_MODULE), HasSubstr("no stamp of Gangway"));
}

TEST_F(WorkerTest, two_builds_of_a_module_do_not_share_what_they_cache) {
  const std::string copy = ::testing::TempDir() + "gangway-worker-module-copy-" + std::to_string(::getpid()) + ".so";
  std::filesystem::copy_file(GANGWAY_TEST_MODULE, copy, std::filesystem::copy_options::overwrite_existing);
  EXPECT_EQ(result_of<int>(rank_.call("count_calls", fn<worker_module::count_calls>)), 1);
  EXPECT_EQ(result_of<int>(rank_.call("count_calls", fn<worker_module::count_calls>)), 2);
  const wire::ModuleHash first = rank_.module;
  rank_.module.fill(0xEF);
  EXPECT_EQ(rank_.load(rank_.module, copy), "");
  std::filesystem::remove(copy);
  EXPECT_EQ(result_of<int>(rank_.call("count_calls", fn<worker_module::count_calls>)), 1);
  rank_.module = first;
  EXPECT_EQ(result_of<int>(rank_.call("count_calls", fn<worker_module::count_calls>)), 3);
}

TEST_F(WorkerTest, ends_when_the_rank_closes_the_channel) {
  const int status = rank_.wait_status();
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

// ---------------------------------------------------------------- dying

class DyingWorkerTest : public WorkerTest {
 protected:
  /// Runs a function that kills its worker, and returns what the worker left behind.
  template <class Callable, class... Args>
  std::optional<keeper::LastWords> last_words(const std::string& name, const Callable& callable,
                                              const Args&... args) {
    EXPECT_FALSE(rank_.call(name, callable, args...).has_value());
    const auto words = rank_.channel().last_words();
    status_ = rank_.wait_status();
    return words;
  }

  int status_ = 0;
};

TEST_F(DyingWorkerTest, a_segfault_leaves_its_address) {
  const auto words = last_words("segfault", fn<worker_module::segfault>, 0x1230);
  EXPECT_EQ(words, (keeper::LastWords{SIGSEGV, 0x1230, false}));
  EXPECT_TRUE(WIFSIGNALED(status_) && WTERMSIG(status_) == SIGSEGV);
}

TEST_F(DyingWorkerTest, an_endless_recursion_is_known_as_such) {
  const auto words = last_words("recurse", fn<worker_module::recurse>, 1);
  ASSERT_TRUE(words);
  EXPECT_EQ(words->signal, SIGSEGV);
  EXPECT_TRUE(words->stack_overflow);
  EXPECT_TRUE(WIFSIGNALED(status_) && WTERMSIG(status_) == SIGSEGV);
}

TEST_F(DyingWorkerTest, abort_and_raised_signals_are_told) {
  EXPECT_EQ(last_words("abort_now", fn<worker_module::abort_now>), (keeper::LastWords{SIGABRT, 0, false}));
  EXPECT_TRUE(WIFSIGNALED(status_) && WTERMSIG(status_) == SIGABRT);
}

TEST_F(DyingWorkerTest, a_raised_signal_has_no_address) {
  EXPECT_EQ(last_words("divide_by_zero", fn<worker_module::divide_by_zero>), (keeper::LastWords{SIGFPE, 0, false}));
  EXPECT_TRUE(WIFSIGNALED(status_) && WTERMSIG(status_) == SIGFPE);
}

TEST_F(DyingWorkerTest, exit_ends_the_worker_without_words) {
  EXPECT_FALSE(last_words("exit_with", fn<worker_module::exit_with>, 3).has_value());
  EXPECT_TRUE(WIFEXITED(status_) && WEXITSTATUS(status_) == 3);
}

}  // namespace
}  // namespace gangway
