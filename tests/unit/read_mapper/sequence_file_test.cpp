// Sequence files: what is read, and what is said about files that are not right.
#include "read_mapper/sequence_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace read_mapper {
namespace {

using ::testing::HasSubstr;

class SequenceFile : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "read_mapper_test.XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string file(const std::string& content) const {
    const auto path = directory_ / "sequences";
    std::ofstream{path, std::ios::binary} << content;
    return path.string();
  }

  std::string compressed(const std::string& content) const {
    const auto path = directory_ / "sequences.gz";
    gzFile stream = gzopen(path.c_str(), "wb");
    gzwrite(stream, content.data(), static_cast<unsigned>(content.size()));
    gzclose(stream);
    return path.string();
  }

 private:
  std::filesystem::path directory_;
};

/// What loading complains about; empty if it does not.
template <class Load>
std::string complaint(Load load, const std::string& path) {
  try {
    load(path);
  } catch (const FileError& error) {
    return error.what();
  }
  return {};
}

TEST_F(SequenceFile, GivesTheGenomeOfAFastaFile) {
  EXPECT_EQ(load_genome(file(">phage\nACGT\nacgtn\nRYK\n")), "ACGTACGTNNNN");
  EXPECT_EQ(load_genome(file(">phage\r\nAC\r\nGT")), "ACGT");
}

TEST_F(SequenceFile, GivesTheReadsOfAFastqFile) {
  const auto reads = load_reads(file("@r1 left\nACGN\n+\n!!@!\n@r2\nTT\n+r2\n@@\n\n"));
  ASSERT_EQ(reads.size(), 2U);
  EXPECT_EQ(reads[0].name, "r1 left");
  EXPECT_EQ(reads[0].bases, "ACGN");
  EXPECT_EQ(reads[1].bases, "TT");
}

TEST_F(SequenceFile, ReadsCompressedFiles) {
  const std::string bases(100'000, 'A');  // longer than any buffer of the reader
  EXPECT_EQ(load_genome(compressed(">long\n" + bases + "\n")), bases);
}

TEST_F(SequenceFile, SaysThatACompressedFileEndsTooEarly) {
  std::string content;
  for (int i = 0; i < 10'000; ++i) content += ">\nACGT"[i % 6];
  const std::string path = compressed(">x\n" + std::string(100'000, 'C') + "\n" + content);
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  EXPECT_THAT(complaint(load_genome, path), HasSubstr("ends too early"));
}

TEST_F(SequenceFile, NamesAFileThatIsNotThere) {
  EXPECT_EQ(complaint(load_genome, "/no/such/file"), "cannot open /no/such/file: No such file or directory");
}

TEST_F(SequenceFile, NamesFileAndLineOfWhatIsNoFasta) {
  const std::string path = file("");
  EXPECT_EQ(complaint(load_genome, path), path + ": the file is empty; a FASTA file was expected");
  EXPECT_THAT(complaint(load_genome, file("ACGT\n")), HasSubstr("line 1: a FASTA header was expected"));
  EXPECT_THAT(complaint(load_genome, file(">x\nACGT\nAC*T\n")), HasSubstr("line 3: '*' is no base"));
  EXPECT_THAT(complaint(load_genome, file(">x\nAC\n>y\nAC\n")), HasSubstr("line 3: a second sequence"));
  EXPECT_THAT(complaint(load_genome, file(">x\n")), HasSubstr("the sequence has no bases"));
}

TEST_F(SequenceFile, NamesFileAndLineOfWhatIsNoFastq) {
  EXPECT_THAT(complaint(load_reads, file("")), HasSubstr("holds no reads"));
  EXPECT_THAT(complaint(load_reads, file(">x\nACGT\n")), HasSubstr("line 1: a FASTQ header was expected"));
  EXPECT_THAT(complaint(load_reads, file("@x\n")), HasSubstr("the file ends inside read x"));
  EXPECT_THAT(complaint(load_reads, file("@x\nACGT\nACGT\n!!!!\n")), HasSubstr("line 3: the '+' line of read x"));
  EXPECT_THAT(complaint(load_reads, file("@x\nACGT\n+\n")), HasSubstr("the file ends inside read x"));
  EXPECT_THAT(complaint(load_reads, file("@x\nACGT\n+\n!!!\n")), HasSubstr("line 4: read x has 4 bases but 3"));
}

}  // namespace
}  // namespace read_mapper
