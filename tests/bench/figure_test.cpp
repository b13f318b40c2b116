#include "bench/figure.hpp"

#include <sstream>
#include <string>

#include <gmock/gmock.h>

namespace gangway::bench {
namespace {

using testing::HasSubstr;

Figure round_trip(double value, double reference_value) {
  return {"round trip", value, "us", "raw", reference_value, ratio_at_most(2.5)};
}

std::string printed(Format format, const Figure& figure) {
  std::ostringstream out;
  {
    Printer printer{out, format};
    printer.print(figure);
  }
  return out.str();
}

TEST(FigureTest, a_bound_on_the_ratio_holds_up_to_the_limit) {
  EXPECT_EQ(round_trip(250, 100).holds(), true);
  EXPECT_EQ(round_trip(251, 100).holds(), false);
}

TEST(FigureTest, a_bound_on_the_ratio_does_not_hold_without_a_reference) {
  EXPECT_EQ(round_trip(1, 0).holds(), false);
}

TEST(FigureTest, a_bound_on_the_value_asks_for_no_reference) {
  EXPECT_EQ((Figure{"rate", 30'000, "tasks/s", {}, 0, value_at_least(30'000)}).holds(), true);
  EXPECT_EQ((Figure{"rate", 29'999, "tasks/s", {}, 0, value_at_least(30'000)}).holds(), false);
  EXPECT_EQ((Figure{"memory", 41, "MiB", {}, 0, value_at_most(40)}).holds(), false);
}

TEST(FigureTest, a_figure_without_a_bound_neither_holds_nor_fails) {
  EXPECT_EQ((Figure{"memory", 41, "MiB", {}, 0, {}}).holds(), std::nullopt);
}

TEST(FigureTest, a_row_has_eight_columns_under_the_header) {
  EXPECT_EQ(printed(Format::table, round_trip(250, 100)),
            "metric\tvalue\tunit\treference\treference_value\tratio\tbound\tholds\n"
            "round trip\t250\tus\traw\t100\t2.5\t<=2.5x\tyes\n");
}

TEST(FigureTest, what_a_figure_does_not_have_is_a_dash) {
  EXPECT_THAT(printed(Format::table, {"memory", 41.26, "MiB", {}, 0, {}}),
              HasSubstr("\nmemory\t41.26\tMiB\t-\t-\t-\t-\t-\n"));
}

TEST(FigureTest, json_is_one_list) {
  EXPECT_EQ(printed(Format::json, round_trip(300, 100)),
            "[\n  {\"metric\": \"round trip\", \"value\": 300, \"unit\": \"us\", \"reference\": \"raw\", "
            "\"reference_value\": 100, \"ratio\": 3, \"bound\": \"<=2.5x\", \"holds\": false}\n]\n");
}

TEST(FigureTest, a_printer_remembers_a_bound_that_does_not_hold) {
  std::ostringstream out;
  Printer printer{out, Format::table};
  printer.print(round_trip(100, 100));
  EXPECT_TRUE(printer.all_hold());
  printer.print(round_trip(300, 100));
  printer.print(round_trip(100, 100));
  EXPECT_FALSE(printer.all_hold());
}

}  // namespace
}  // namespace gangway::bench
