// How a journal of an older version becomes one of this: with steps that no release has yet.
#include "journal/schema.hpp"

#include <vector>

#include "unit/journal/journal_fixture.hpp"

namespace gangway::journal {
namespace {

using testing::HasSubstr;

class SchemaTest : public JournalFixture {
 protected:
  static std::vector<const char*> steps_and(std::vector<const char*> more) {
    std::vector<const char*> steps{schema_steps().begin(), schema_steps().end()};
    steps.insert(steps.end(), more.begin(), more.end());
    return steps;
  }
  static constexpr const char* paint_sessions = "ALTER TABLE sessions ADD COLUMN colour TEXT NOT NULL DEFAULT 'grey'";
  static constexpr const char* repaint_them = "UPDATE sessions SET colour = 'red-' || id";
};

TEST_F(SchemaTest, WalksAllStepsThatAreMissingAndKeepsWhatIsThere) {
  write_tasks(3);
  Database database{file(), OpenMode::create};
  const auto steps = steps_and({paint_sessions, repaint_them});
  ASSERT_TRUE(prepare_schema(database, steps).ok());
  EXPECT_EQ(database.number("PRAGMA user_version"), schema_version + 2);
  EXPECT_EQ(database.text("SELECT colour FROM sessions"), "red-1");
  EXPECT_EQ(database.number("SELECT count(*) FROM tasks"), 3);
  ASSERT_TRUE(prepare_schema(database, steps).ok()) << "and not twice";
  const base::Status older = prepare_schema(database);
  EXPECT_THAT(older ? "no fault" : older.fault().text, HasSubstr("written by a newer version"));
}

TEST_F(SchemaTest, BeginsWithAnEmptyFile) {
  Database database{file(), OpenMode::create};
  ASSERT_TRUE(prepare_schema(database, steps_and({paint_sessions})).ok());
  EXPECT_EQ(database.number("PRAGMA user_version"), schema_version + 1);
}

TEST_F(SchemaTest, AStepThatFailsLeavesTheFileAsItWas) {
  write_tasks(3);
  {
    Database database{file(), OpenMode::create};
    EXPECT_THROW(static_cast<void>(prepare_schema(database, steps_and({paint_sessions, "UPDATE nothing SET x = 1"}))),
                 DatabaseFailure);
    EXPECT_EQ(database.number("PRAGMA user_version"), schema_version);
    EXPECT_EQ(database.number("SELECT count(*) FROM pragma_table_info('sessions')"), 3);
  }
  EXPECT_EQ(fault(), "no fault");
}

}  // namespace
}  // namespace gangway::journal
