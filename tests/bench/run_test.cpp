// The benchmark programs themselves, as bench/run and bench/soak start them.
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>

namespace {

using testing::AllOf;
using testing::AnyOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::Not;
using testing::SizeIs;

struct Outcome {
  int status = -1;
  std::string output;
};

Outcome run(const std::string& command) {
  Outcome result;
  std::FILE* const pipe = ::popen(command.c_str(), "r");
  for (int letter = std::fgetc(pipe); letter != EOF; letter = std::fgetc(pipe)) {
    result.output += static_cast<char>(letter);
  }
  result.status = WEXITSTATUS(::pclose(pipe));
  return result;
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> pieces;
  std::istringstream stream{text};
  for (std::string piece; std::getline(stream, piece, separator);) pieces.push_back(piece);
  return pieces;
}

TEST(BenchRun, prints_a_row_for_each_figure_that_is_promised) {
  const Outcome quick = run(BENCH_PROGRAM " --quick");
  ASSERT_EQ(quick.status, EXIT_SUCCESS) << quick.output;
  const std::vector<std::string> lines = split(quick.output, '\n');
  ASSERT_THAT(lines, Not(IsEmpty()));
  EXPECT_THAT(split(lines[0], '\t'),
              ElementsAre("metric", "value", "unit", "reference", "reference_value", "ratio", "bound", "holds"));

  std::map<std::string, std::string> bounds;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const std::vector<std::string> columns = split(lines[i], '\t');
    ASSERT_THAT(columns, SizeIs(8)) << lines[i];
    EXPECT_GT(std::atof(columns[1].c_str()), 0) << lines[i];
    EXPECT_THAT(columns[6], AnyOf("-", MatchesRegex("(<=|>=)[0-9.]+x?"))) << lines[i];
    EXPECT_THAT(columns[7], AnyOf("-", "yes", "no")) << lines[i];
    bounds[columns[0].substr(0, columns[0].find(','))] += columns[6] + ' ';
  }
  EXPECT_THAT(bounds["start of 1 + 4 until a client sees all engines"], HasSubstr("<=2x"));
  EXPECT_THAT(bounds["CPU of an idle cluster of 1 + 4"], HasSubstr("<=1 "));
  EXPECT_THAT(bounds["gateway and its keeper"], HasSubstr("<=40 "));
  EXPECT_THAT(bounds["engine with keeper"], HasSubstr("<=60 "));
  EXPECT_THAT(bounds["no-op round trip"], HasSubstr("<=2.5x"));
  EXPECT_THAT(bounds["balanced no-op tasks"], HasSubstr(">=30000 "));
  EXPECT_THAT(bounds["calls by map"], HasSubstr(">=300000 "));
  EXPECT_THAT(bounds["durable (commit) no-op tasks"], AllOf(HasSubstr(">=0.6x"), HasSubstr(">=30000")));
  EXPECT_THAT(bounds["tasks through the journal alone"], HasSubstr(">=0.5x"));
  EXPECT_THAT(bounds["p99 of a durable no-op round trip"], HasSubstr("<=5x"));
  EXPECT_THAT(lines.back(), AllOf(HasSubstr("tasks that wait"), HasSubstr("<=1.1x")));
}

TEST(BenchRun, prints_json_for_scripts) {
  const Outcome quick = run(BENCH_PROGRAM " --quick --json load");
  ASSERT_EQ(quick.status, EXIT_SUCCESS) << quick.output;
  EXPECT_THAT(quick.output, MatchesRegex("\\[\n  \\{\"metric\": \"first call[^\n]*\"bound\": \"<=20\"[^\n]*\\},\n"
                                         "  \\{[^\n]*\\}\n\\]\n"));
}

TEST(BenchRun, names_what_it_does_not_know) {
  const Outcome wrong = run(BENCH_PROGRAM " latencies 2>&1");
  EXPECT_EQ(wrong.status, EXIT_FAILURE);
  EXPECT_THAT(wrong.output, HasSubstr("\"latencies\""));
}

TEST(BenchSoak, watches_a_cluster_and_gives_a_verdict) {
  const Outcome soak = run(SOAK_PROGRAM " 0.1");
  EXPECT_THAT(soak.status, AnyOf(0, 1)) << "six seconds are no soak: either verdict will do";
  const std::vector<std::string> lines = split(soak.output, '\n');
  ASSERT_THAT(lines, SizeIs(testing::Gt(8U))) << soak.output;
  EXPECT_THAT(split(lines[0], '\t'), ElementsAre("watched", "unit", "first", "last", "growth", "tolerance", "flat"));
  for (const std::string& line : lines) EXPECT_THAT(split(line, '\t'), SizeIs(7)) << line;
}

}  // namespace
