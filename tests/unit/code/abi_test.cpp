// What is read in a module's bytes before it is loaded, and every reason to refuse it.
#include "code/abi.hpp"

#include <elf.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <gangway/detail/abi_stamp.hpp>

#include "code/declared.hpp"
#include "code/elf.hpp"

namespace gangway::code {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr std::string_view own = "gangway=2;library=libstdc++-cxx11;debug=no;sanitizer=no;cpu=base;with=compiler 12";

bool only_base(std::string_view feature) {
  return feature == "base";
}

std::string with(std::string_view key, std::string_view value) {
  std::string stamp{own};
  const std::size_t begin = stamp.find(std::string{key} + "=") + key.size() + 1;
  return stamp.replace(begin, stamp.find(';', begin) - begin, value);
}

std::string refusal(const std::string& stamp, std::string_view engine = own) {
  const base::Status status = check_stamp(stamp, engine, only_base);
  return status ? "accepted" : status.fault().text;
}

std::string bytes_of_file(const std::filesystem::path& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

/// This very program: an ELF file with a stamp.
const std::string& own_file() {
  static const std::string content = bytes_of_file("/proc/self/exe");
  return content;
}

TEST(Stamp, OneOfAnotherCompilerReleaseIsAccepted) {
  EXPECT_EQ(refusal(std::string{own}), "accepted");
  EXPECT_EQ(refusal(with("with", "compiler Clang 19, Boost 1_83")), "accepted");
}

TEST(Stamp, EachFieldThatDiffersIsNamedWithBothStampsAndTheWayOut) {
  EXPECT_THAT(refusal(with("gangway", "1")),
              AllOf(HasSubstr("its ABI differs in 'gangway'"), HasSubstr("the module has gangway=1;"),
                    HasSubstr("the engine gangway=2;"), HasSubstr("gangway build DIR")));
  EXPECT_THAT(refusal(with("library", "libstdc++-old")), HasSubstr("differs in 'library'"));
  EXPECT_THAT(refusal(with("library", "libc++")), HasSubstr("differs in 'library'"));
  EXPECT_THAT(refusal(with("debug", "yes")), HasSubstr("differs in 'debug'"));
  EXPECT_THAT(refusal(with("sanitizer", "address")), HasSubstr("differs in 'sanitizer'"));
  EXPECT_EQ(refusal(std::string{own}, with("sanitizer", "address")), "accepted") << "watched, it runs plain code";
}

TEST(Stamp, WhatTheProcessorLacksIsNamed) {
  EXPECT_THAT(refusal(with("cpu", "base,avx2,avx512f")),
              AllOf(HasSubstr("processors with avx2, avx512f"), HasSubstr("-march"), HasSubstr("gangway build DIR")));
}

TEST(Stamp, NonsenseIsRefusedAndCannotSpoilTheText) {
  EXPECT_THAT(refusal(""), HasSubstr("differs in 'gangway'"));
  EXPECT_THAT(refusal("gangway"), HasSubstr("differs in 'gangway'"));
  const std::string text = refusal("gangway=\x1b[31m\n" + std::string(100'000, 'x'));
  EXPECT_LT(text.size(), 1'000U);
  EXPECT_EQ(text.find('\x1b'), text.npos);
  EXPECT_EQ(text.find('\n'), text.npos);
}

TEST(Stamp, OfThisProcessFits) {
  EXPECT_TRUE(check_stamp(detail::abi_stamp, detail::abi_stamp, processor_has).ok());
}

TEST(Module, BytesThatAreNoLibraryAreRefused) {
  EXPECT_THAT(check_module(base::bytes_of("#!/bin/sh")).fault().text, HasSubstr("no shared library"));
  EXPECT_FALSE(check_module({}).ok());
  std::string other = own_file().substr(0, 4096);
  const std::uint16_t machine = EM_386;
  std::memcpy(other.data() + offsetof(Elf64_Ehdr, e_machine), &machine, sizeof machine);
  EXPECT_THAT(check_module(base::bytes_of(other)).fault().text,
              AllOf(HasSubstr("built for 32-bit x86"), HasSubstr("gangway build DIR")));
}

TEST(Module, OneWithoutAStampIsRefused) {
  std::string content = own_file();
  for (std::size_t at = content.find(".gangway.abi"); at != content.npos; at = content.find(".gangway.abi", at)) {
    content[at] = '-';
  }
  EXPECT_THAT(check_module(base::bytes_of(content)).fault().text, HasSubstr("no stamp of Gangway's headers"));
  EXPECT_TRUE(check_module(base::bytes_of(own_file())).ok()) << "with it, it is accepted";
}

/// Bytes at the end of an allocation of their own, where a sanitizer sees each one too many.
void look_at(std::string_view content) {
  base::ByteVector exact(base::bytes_of(content).begin(), base::bytes_of(content).end());
  static_cast<void>(check_module(exact));
  static_cast<void>(weaken_declared(exact));
}

TEST(Module, ACutFileIsNeverReadPastItsEnd) {
  const std::string_view content = own_file();
  for (std::size_t size = 0; size < sizeof(Elf64_Ehdr) + 16; ++size) look_at(content.substr(0, size));
  for (std::size_t part = 1; part < 16; ++part) look_at(content.substr(0, content.size() / 16 * part));
  look_at(content.substr(0, content.size() - 1));
}

TEST(Module, DamagedHeadersAndTablesAreNeverFollowedOutOfTheFile) {
  constexpr std::size_t headers = 1024;
  for (std::size_t at = 16; at < headers; at += 7) {
    std::string content = own_file();
    for (std::size_t i = 0; i < 8; ++i) content[at + i] = static_cast<char>(i % 2 == 0 ? 0xff : 0x7f);
    look_at(content);
  }
}

TEST(LoadFailure, NamesWhatTheModuleNeedsAndWhatTheHostHas) {
  EXPECT_THAT(explain_load_failure("/lib/libc.so.6: version `GLIBC_2.38' not found (required by /x.so)"),
              AllOf(HasSubstr("needs GLIBC_2.38 of glibc"), HasSubstr("this engine's host has glibc 2."),
                    HasSubstr("gangway build DIR")));
  EXPECT_THAT(explain_load_failure("/lib/libstdc++.so.6: version `GLIBCXX_3.4.31' not found (required by /x.so)"),
              AllOf(HasSubstr("needs GLIBCXX_3.4.31 of libstdc++"), HasSubstr("gangway build DIR")));
  EXPECT_THAT(explain_load_failure("/x.so: CPU ISA level is lower than required"),
              AllOf(HasSubstr("processor lacks"), HasSubstr("gangway build DIR")));
  EXPECT_THAT(explain_load_failure("libzzz.so: cannot open shared object file: No such file or directory"),
              AllOf(HasSubstr("libzzz.so"), HasSubstr("install what is missing")));
}

}  // namespace
}  // namespace gangway::code
