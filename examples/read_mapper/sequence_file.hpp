// Genomes from FASTA files and reads from FASTQ files, plain or compressed by gzip.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

namespace read_mapper {

/// A file that cannot be read or is not what it should be. The text names the file, the line and what was expected.
struct FileError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// One sequenced piece of a genome.
struct Read {
  std::string name;
  std::string bases;  ///< of "ACGTN"
};

/// The bases of the one sequence in a FASTA file, of "ACGTN": small letters are raised, every other letter of the
/// IUPAC alphabet becomes N. Throws FileError, also when the file holds no sequence or several.
std::string load_genome(const std::string& path);

/// The reads of a FASTQ file (four lines each), in the file's order. Throws FileError.
std::vector<Read> load_reads(const std::string& path);

}  // namespace read_mapper
