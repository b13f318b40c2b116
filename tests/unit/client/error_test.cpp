#include <gangway/error.hpp>

#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

namespace gangway {
namespace {

RemoteError::Details boom(std::uint32_t engine) {
  RemoteError::Details details;
  details.type = "std::domain_error";
  details.text = "negative mass";
  details.engine = EngineId{engine};
  details.host = "node7";
  details.attempt = 1;
  details.task = TaskId{12};
  details.label = "cost(double, int)";
  return details;
}

TEST(ErrorTest, a_remote_error_is_one_line_with_its_place) {
  EXPECT_STREQ(RemoteError{boom(3)}.what(),
               "engine 3 on node7: std::domain_error: negative mass (task 12, cost(double, int))");
}

TEST(ErrorTest, line_breaks_and_later_attempts_show_in_the_line) {
  auto details = boom(3);
  details.text = "first\nsecond";
  details.attempt = 2;
  EXPECT_STREQ(RemoteError{details}.what(),
               "engine 3 on node7: std::domain_error: first second (task 12, cost(double, int), attempt 2)");
}

TEST(ErrorTest, elements_of_a_map_are_named) {
  auto details = boom(3);
  details.index = 17;
  EXPECT_THAT(RemoteError{details}.what(), testing::StartsWith("element 17: engine 3 on node7: "));
  details.elements = 10;
  EXPECT_THAT(RemoteError{details}.what(), testing::StartsWith("elements 17 to 26: engine 3 on node7: "));
}

TEST(ErrorTest, a_refusal_names_no_engine) {
  RemoteError::Details details;
  details.kind = FailureKind::refused;
  details.type = "refused";
  details.text = "there is no engine 9";
  details.label = "push x";
  EXPECT_STREQ(RemoteError{details}.what(), "refused: there is no engine 9 (push x)");
}

TEST(ErrorTest, a_composite_shows_the_first_few_and_the_count) {
  std::vector<RemoteError> errors;
  for (std::uint32_t engine = 0; engine < 6; ++engine) {
    errors.emplace_back(boom(engine));
  }
  const CompositeError error{errors, 6, 8};
  EXPECT_EQ(error.errors().size(), 6U);
  EXPECT_EQ(error.failed(), 6U);
  EXPECT_EQ(error.parts(), 8U);
  const std::string text = error.what();
  EXPECT_THAT(text, testing::StartsWith("6 of 8 engines failed:\n  engine 0 on node7: std::domain_error"));
  EXPECT_THAT(text, testing::HasSubstr("\n  engine 3 on"));
  EXPECT_THAT(text, testing::Not(testing::HasSubstr("\n  engine 4 on")));
  EXPECT_THAT(text, testing::EndsWith("\n  and 2 more"));
}

TEST(ErrorTest, all_are_errors) {
  EXPECT_THROW(throw RemoteError{boom(1)}, Error);
  EXPECT_THROW(throw ConnectionError{"gone"}, Error);
  EXPECT_THROW((throw CompositeError{{RemoteError{boom(1)}}, 1, 2}), Error);
}

}  // namespace
}  // namespace gangway
