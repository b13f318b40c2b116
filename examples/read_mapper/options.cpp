#include "options.hpp"

#include <boost/program_options.hpp>
#include <iostream>

namespace read_mapper {

std::optional<Options> parse_options(int argc, const char* const* argv) {
  namespace po = boost::program_options;
  const std::string examples = "/usr/share/doc/bowtie2/examples/";
  Options options;
  const auto text = [](std::string& target, const std::string& otherwise) {
    return po::value(&target)->default_value(otherwise)->value_name("FILE");
  };
  po::options_description description{
      "Maps reads onto a genome on the engines of a cluster.\n\nread_mapper [OPTION...]"};
  description.add_options()("help", "show this and end")(
      "engines", po::value(&options.engines)->default_value(4)->value_name("N"), "engines of the cluster to start")(
      "cluster", po::value(&options.cluster)->value_name("NAME"),
      "use this running cluster (a name or a connection file) and leave it running")(
      "genome", text(options.genome_path, examples + "reference/lambda_virus.fa.gz"), "FASTA, may be compressed")(
      "reads", text(options.reads_path, examples + "reads/reads_1.fq.gz"), "FASTQ, may be compressed")(
      "picture", text(options.picture_path, "coverage.png"), "PNG of the coverage; empty: none");
  po::variables_map given;
  po::store(po::command_line_parser(argc, argv).options(description).positional({}).run(), given);
  if (given.count("help") != 0) {
    std::cout << description;
    return std::nullopt;
  }
  po::notify(given);
  return options;
}

}  // namespace read_mapper
