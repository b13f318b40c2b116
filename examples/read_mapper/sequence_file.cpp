#include "sequence_file.hpp"

#include <zlib.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>

namespace read_mapper {
namespace {

constexpr std::size_t line_bytes_max = 16 * 1024 * 1024;

/// Lines of a file without their ends; zlib hands plain files through as they are.
class Lines {
 public:
  explicit Lines(const std::string& path) : path_{path}, file_{gzopen(path.c_str(), "rb")} {
    if (!file_) throw FileError{"cannot open " + path + ": " + std::strerror(errno)};
  }

  /// The next line; nothing at the end of the file. Throws FileError for damaged data and endless lines.
  std::optional<std::string> next() {
    std::string line;
    char piece[4096];
    while (gzgets(file_.get(), piece, sizeof piece) != nullptr) {
      line += piece;
      if (line.size() > line_bytes_max) fail(number_ + 1, "the line is longer than 16 MiB");
      if (line.back() == '\n') break;
    }
    check_stream();
    if (line.empty()) return std::nullopt;
    ++number_;
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
    return line;
  }

  /// Throws a FileError about the line that next() returned last.
  [[noreturn]] void fail(const std::string& what) const { fail(number_, what); }

 private:
  struct Close {
    void operator()(gzFile_s* file) const { gzclose(file); }
  };

  [[noreturn]] void fail(std::size_t line, const std::string& what) const {
    throw FileError{path_ + " line " + std::to_string(line) + ": " + what};
  }

  void check_stream() const {
    int code = Z_OK;
    const char* text = gzerror(file_.get(), &code);
    if (code == Z_BUF_ERROR) fail(number_ + 1, "the compressed file ends too early");
    if (code == Z_ERRNO) fail(number_ + 1, std::string{"reading fails: "} + std::strerror(errno));
    if (code != Z_OK && code != Z_STREAM_END) fail(number_ + 1, std::string{"the file is damaged: "} + text);
  }

  std::string path_;
  std::unique_ptr<gzFile_s, Close> file_;
  std::size_t number_ = 0;
};

/// Raises and checks the letters of one line.
std::string to_bases(std::string letters, const Lines& lines) {
  constexpr std::string_view known = "ACGTN";
  constexpr std::string_view ambiguous = "URYSWKMBDHV";
  for (char& letter : letters) {
    if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
    if (known.find(letter) != std::string_view::npos) continue;
    if (ambiguous.find(letter) == std::string_view::npos) {
      lines.fail(std::string{"'"} + letter + "' is no base; bases are A, C, G, T and N");
    }
    letter = 'N';
  }
  return letters;
}

}  // namespace

std::string load_genome(const std::string& path) {
  Lines lines{path};
  const auto header = lines.next();
  if (!header) throw FileError{path + ": the file is empty; a FASTA file was expected"};
  if (!header->starts_with('>')) lines.fail("a FASTA header was expected, which starts with '>'");
  std::string genome;
  while (const auto line = lines.next()) {
    if (line->starts_with('>')) lines.fail("a second sequence starts here; give a file with one");
    genome += to_bases(*line, lines);
  }
  if (genome.empty()) throw FileError{path + ": the sequence has no bases"};
  return genome;
}

std::vector<Read> load_reads(const std::string& path) {
  Lines lines{path};
  std::vector<Read> reads;
  while (const auto header = lines.next()) {
    if (header->empty()) continue;  // some writers end their files with empty lines
    if (!header->starts_with('@')) lines.fail("a FASTQ header was expected, which starts with '@'");
    Read read{.name = header->substr(1), .bases = {}};
    const auto bases = lines.next();
    if (!bases) lines.fail("the file ends inside read " + read.name);
    read.bases = to_bases(*bases, lines);
    const auto separator = lines.next();
    if (!separator || !separator->starts_with('+')) lines.fail("the '+' line of read " + read.name + " is missing");
    const auto qualities = lines.next();
    if (!qualities) lines.fail("the file ends inside read " + read.name);
    if (qualities->size() != read.bases.size()) {
      lines.fail("read " + read.name + " has " + std::to_string(read.bases.size()) + " bases but " +
                 std::to_string(qualities->size()) + " qualities");
    }
    reads.push_back(std::move(read));
  }
  if (reads.empty()) throw FileError{path + ": the file holds no reads; a FASTQ file was expected"};
  return reads;
}

}  // namespace read_mapper
