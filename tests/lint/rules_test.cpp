// Each rule finds the violations planted here, and leaves alone what only looks like one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "lint/lint.hpp"

namespace lint {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

File file(const std::string& path, const std::string& text) {
  File result{path, {}};
  std::istringstream stream{text};
  for (std::string line; std::getline(stream, line);) result.lines.push_back(line);
  return result;
}

Findings includes(const std::string& path, const std::string& header) {
  return check_includes({file(path, "#include " + header + "\n")});
}

Findings style(const std::string& path, const std::string& text) {
  return check_style({file(path, text)});
}

Findings calls(const std::string& path, const std::string& code) {
  return check_calls({file(path, code)});
}

TEST(Includes, FollowTheLayers) {
  EXPECT_THAT(includes("src/wire/frame.cpp", "\"base/bytes.hpp\""), IsEmpty());
  EXPECT_THAT(includes("src/base/bytes.hpp", "\"wire/frame.hpp\""),
              ElementsAre(HasSubstr("src/base/bytes.hpp:1: base may not include wire/frame.hpp")));
  EXPECT_THAT(includes("src/core/controller.cpp", "\"tls/stream.hpp\""), ElementsAre(HasSubstr("may not include")));
  EXPECT_THAT(includes("src/tls/stream.cpp", "\"mpi/link.hpp\""), ElementsAre(HasSubstr("may not include")));
  EXPECT_THAT(includes("src/app/rank.cpp", "\"mpi/link.hpp\""), IsEmpty());
  EXPECT_THAT(includes("launch/mpirun.cpp", "\"gateway/gateway.hpp\""), ElementsAre(HasSubstr("may not include")));
  EXPECT_THAT(includes("src/novelty/x.cpp", "<vector>"), ElementsAre(HasSubstr("has no rule")));
}

TEST(Includes, KeepForeignHeadersInTheirFolders) {
  EXPECT_THAT(includes("src/mpi/world.cpp", "<mpi.h>"), IsEmpty());
  EXPECT_THAT(includes("src/engine/loop.cpp", "<mpi.h>"), ElementsAre(HasSubstr("only be included in mpi")));
  EXPECT_THAT(includes("src/tls/stream.cpp", "<openssl/ssl.h>"), IsEmpty());
  EXPECT_THAT(includes("src/client/session.cpp", "<openssl/ssl.h>"), ElementsAre(HasSubstr("in tls")));
  EXPECT_THAT(includes("src/client/session.cpp", "<boost/asio/ssl.hpp>"), ElementsAre(HasSubstr("in tls")));
  EXPECT_THAT(includes("src/client/session.cpp", "<boost/asio.hpp>"), IsEmpty());
  EXPECT_THAT(includes("src/worker/worker.cpp", "<boost/asio.hpp>"), ElementsAre(HasSubstr("only be included")));
}

TEST(Includes, KeepTheClientPortableButForOneFile) {
  EXPECT_THAT(includes("src/client/session.cpp", "<unistd.h>"),
              ElementsAre(HasSubstr("is of one operating system; what needs it belongs to src/client/")));
  EXPECT_THAT(includes("src/tls/listener.cpp", "<sys/socket.h>"), ElementsAre(HasSubstr("one operating system")));
  EXPECT_THAT(includes("include/gangway/client.hpp", "<fcntl.h>"), ElementsAre(HasSubstr("one operating system")));
  EXPECT_THAT(includes("src/wire/codec.cpp", "<sys/types.h>"), ElementsAre(HasSubstr("wire is pure")));
  EXPECT_THAT(includes("src/client/system_linux.cpp", "<unistd.h>"), IsEmpty());
  EXPECT_THAT(includes("src/keeper/arena.cpp", "<sys/mman.h>"), IsEmpty());
}

TEST(Includes, KeepTheCoreAndItsFriendsPure) {
  EXPECT_THAT(includes("src/core/controller.cpp", "<thread>"), ElementsAre(HasSubstr("core is pure")));
  EXPECT_THAT(includes("src/wire/codec.cpp", "<sys/socket.h>"), ElementsAre(HasSubstr("wire is pure")));
  EXPECT_THAT(includes("src/core/table.hpp", "<unordered_map>"), ElementsAre(HasSubstr("core is pure")));
}

TEST(Includes, LeaveThePublicHeadersWithoutOurInside) {
  EXPECT_THAT(includes("include/gangway/view.hpp", "<gangway/ids.hpp>"), IsEmpty());
  EXPECT_THAT(includes("include/gangway/view.hpp", "\"base/bytes.hpp\""), ElementsAre(HasSubstr("<gangway/...>")));
  EXPECT_THAT(includes("include/gangway/view.hpp", "<boost/asio.hpp>"), ElementsAre(HasSubstr("only be included")));
  EXPECT_THAT(includes("include/gangway/view.hpp", "<openssl/ssl.h>"), ElementsAre(HasSubstr("only be included")));
  EXPECT_THAT(includes("include/gangway/view.hpp", "<mpi.h>"), ElementsAre(HasSubstr("only be included")));
  EXPECT_THAT(includes("src/core/task.hpp", "<gangway/ids.hpp>"), IsEmpty());
  EXPECT_THAT(includes("src/core/task.hpp", "<gangway/view.hpp>"), ElementsAre(HasSubstr("may not include")));
}

TEST(Uses, MayNotReachFurtherThanIncludes) {
  EXPECT_THAT(check_uses({file("src/core/CMakeLists.txt", "gangway_library(core SOURCES a.cpp USES wire base)")}),
              IsEmpty());
  EXPECT_THAT(check_uses({file("src/core/CMakeLists.txt", "gangway_library(core SOURCES a.cpp\n  USES wire mpi\n)")}),
              ElementsAre(HasSubstr("core may not use mpi")));
}

TEST(Listed, FindsSourcesThatAreNotBuiltAndHeadersThatNobodyIncludes) {
  const std::vector<File> files = {file("src/base/CMakeLists.txt", "gangway_library(base SOURCES check.cpp)"),
                                   file("src/base/check.cpp", "#include \"base/check.hpp\""),
                                   file("src/base/check.hpp", ""), file("src/base/forgotten.cpp", ""),
                                   file("src/base/unused.hpp", "")};
  EXPECT_THAT(check_listed(files), ElementsAre(HasSubstr("src/base/forgotten.cpp:1: the file is in no CMakeLists"),
                                               HasSubstr("src/base/unused.hpp:1: nobody includes")));
}

TEST(Style, BoundsLinesFilesAndFunctions) {
  const std::string head = "// Role.\n";
  EXPECT_THAT(style("src/a.cpp", head + "// " + std::string(115, 'x') + "\n"), IsEmpty());
  EXPECT_THAT(style("src/a.cpp", head + "// " + std::string(116, 'x') + "\n"), ElementsAre(HasSubstr("118")));
  std::string lines = head;
  for (int i = 0; i < 400; ++i) lines += "int x;\n";
  EXPECT_THAT(style("src/a.cpp", lines), ElementsAre(HasSubstr("more than 400 lines")));

  std::string body;
  for (int i = 0; i < 67; ++i) body += "    f();\n";
  const std::string inner = "\n  void g(int a,\n         int b) {\n";
  EXPECT_THAT(style("src/a.cpp", head + "struct S {" + inner + body + "  }\n};\n"), IsEmpty());
  EXPECT_THAT(style("src/a.cpp", head + "struct S {" + inner + body + "    f();\n  }\n};\n"),
              ElementsAre(HasSubstr("src/a.cpp:3: the function has 71 lines")));
  EXPECT_THAT(style("src/a.cpp", head + "void g() {\n" + body + "    f();\n    f();\n}\n"),
              ElementsAre(HasSubstr("src/a.cpp:2: the function has 71 lines")));
}

TEST(Style, FindsTabsLeftoversAndPathsOfOneMachine) {
  EXPECT_THAT(style("scripts/run", "\techo\n"), ElementsAre(HasSubstr("a tab")));
  EXPECT_THAT(style("scripts/run", "echo \n"), ElementsAre(HasSubstr("white space")));
  EXPECT_THAT(style("scripts/run", std::string{"# TO"} + "DO later\n"), ElementsAre(HasSubstr("a leftover")));
  EXPECT_THAT(style("scripts/run", std::string{"cd /wor"} + "k/main\n"), ElementsAre(HasSubstr("of one machine")));
  EXPECT_THAT(style("scripts/run", std::string{"cd /roo"} + "t/x\n"), ElementsAre(HasSubstr("of one machine")));
  EXPECT_THAT(style("scripts/run", "ls src/worker/ src/root/ && cat XXXX\n"), IsEmpty());
}

TEST(Style, WantsARoleAndAGuardInEveryHeader) {
  EXPECT_THAT(style("src/a.hpp", "// Role.\n#pragma once\n"), IsEmpty());
  EXPECT_THAT(style("src/a.hpp", "#pragma once\n"), ElementsAre(HasSubstr("first line is no comment")));
  EXPECT_THAT(style("src/a.hpp", "// Role.\n"), ElementsAre(HasSubstr("without #pragma once")));
  EXPECT_THAT(style("src/a.cpp", "int x;\n"), ElementsAre(HasSubstr("first line is no comment")));
  EXPECT_THAT(check_style({file("src/a.cpp", "int x;\n"), file("src/a.hpp", "// Role.\n#pragma once\n")}), IsEmpty());
}

TEST(Calls, AreBannedWithWhatToUseInstead) {
  EXPECT_THAT(calls("src/core/a.cpp", "auto t = std::chrono::steady_clock::now();"),
              ElementsAre(HasSubstr("src/core/a.cpp:1: _clock::now is banned: take a base::Instant")));
  EXPECT_THAT(calls("src/core/a.hpp", "std::unordered_map<int, int> m;"), ElementsAre(HasSubstr("use std::map")));
  EXPECT_THAT(calls("examples/a.cpp", "int x = rand();"), ElementsAre(HasSubstr("mt19937")));
  EXPECT_THAT(calls("src/client/a.cpp", "std::system(\"ls\");"), ElementsAre(HasSubstr("launch/")));
  EXPECT_THAT(calls("src/client/a.cpp", "assert(x);"), ElementsAre(HasSubstr("GANGWAY_CHECK")));
  EXPECT_THAT(calls("src/client/a.hpp", "using namespace std;"), ElementsAre(HasSubstr("write the names out")));
}

TEST(Calls, AreNotFoundInCommentsLiteralsAndLongerWords) {
  EXPECT_THAT(calls("src/core/a.cpp", "f();  // steady_clock::now() is not for us"), IsEmpty());
  EXPECT_THAT(calls("src/core/a.cpp", "say(\"rand() \\\" system()\"); operand(1); static_assert(true);"), IsEmpty());
  EXPECT_THAT(calls("src/core/a.cpp", "int big = 1'000'000; rand();"), ElementsAre(HasSubstr("rand( is banned")));
  EXPECT_THAT(calls("src/tls/a.cpp", "auto t = std::chrono::steady_clock::now();"), IsEmpty());
}

TEST(Symbols, OfTheWorldAreFoundInAPureLibrary) {
  const auto needs = [](const std::string& symbol) {
    return check_symbols("core", {"                 U " + symbol});
  };
  for (const char* symbol :
       {"MPI_Send", "SSL_read", "sqlite3_open", "socket", "open@GLIBC_2.2.5", "clock_gettime", "pthread_create",
        "getenv", "rand", "std::chrono::_V2::steady_clock::now()", "std::thread::_State::~_State()",
        "std::basic_ofstream<char, std::char_traits<char> >::close()", "std::random_device::_M_getval()",
        "std::condition_variable::wait(std::unique_lock<std::mutex>&)", "getaddrinfo", "fopen", "system"}) {
    EXPECT_THAT(needs(symbol), ElementsAre(HasSubstr("core: is pure but needs"))) << symbol;
  }
  for (const char* symbol :
       {"gangway::base::check_failed(char const*)", "std::__throw_length_error(char const*)",
        "operator new(unsigned long)", "vtable for __cxxabiv1::__si_class_type_info", "memcpy", "abort", "stderr",
        "fprintf", "_Unwind_Resume", "std::_Rb_tree_increment(std::_Rb_tree_node_base*)"}) {
    EXPECT_THAT(needs(symbol), IsEmpty()) << symbol;
  }
  EXPECT_THAT(check_symbols("core", {"controller.cpp.o:", "", "0000000000000000 T MPI_Own"}), IsEmpty());
}

}  // namespace
}  // namespace lint
