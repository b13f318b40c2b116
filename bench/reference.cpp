#include "reference.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <boost/process.hpp>

namespace gangway::bench {

namespace process = boost::process;

struct Reference::State {
  std::string name;
  process::opstream to;
  process::ipstream from;
  process::child child;
};

Reference::Reference(const std::vector<std::string>& command,
                     const std::vector<std::pair<std::string, std::string>>& environment)
    : state_{std::make_unique<State>()} {
  process::environment variables = boost::this_process::environment();
  for (const auto& [name, value] : environment) variables[name] = value;
  state_->name = command.front();
  state_->child = process::child{process::exe = command.front(),
                                 process::args = std::vector<std::string>{command.begin() + 1, command.end()},
                                 variables, process::std_in<state_->to, process::std_out> state_->from};
}

Reference::~Reference() {
  state_->to.pipe().close();
  std::error_code ignored;
  if (!state_->child.wait_for(std::chrono::seconds{10}, ignored)) state_->child.terminate(ignored);
}

std::string Reference::first_line() {
  std::string line;
  if (!std::getline(state_->from, line)) throw std::runtime_error{state_->name + " ended before it said anything"};
  return line;
}

std::vector<double> Reference::ask(const std::string& command) {
  state_->to << command << std::endl;
  std::istringstream answer{first_line()};
  std::vector<double> values;
  for (double value = 0; answer >> value;) values.push_back(value);
  if (values.empty()) throw std::runtime_error{state_->name + " does not understand \"" + command + "\""};
  return values;
}

int Reference::pid() const {
  return state_->child.id();
}

MpiCommand mpi_command(int ranks, const std::filesystem::path& program, const std::vector<std::string>& arguments,
                       const std::filesystem::path& scratch) {
  MpiCommand mpi;
  mpi.command = {"/usr/bin/env",  // which looks for it in PATH
                 "mpirun",       "--oversubscribe",     "--bind-to",     "none",
                 "-n",           std::to_string(ranks), program.string()};
  mpi.command.insert(mpi.command.end(), arguments.begin(), arguments.end());
  mpi.environment = {{"OMPI_ALLOW_RUN_AS_ROOT", "1"},
                     {"OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1"},
                     {"OMPI_MCA_orte_enable_recovery", "1"},
                     {"OMPI_MCA_btl", "self,vader"},
                     {"OMPI_MCA_pml", "ob1"},
                     {"OMPI_MCA_mpi_yield_when_idle", "1"},
                     {"OMPI_MCA_btl_base_warn_component_unused", "0"},
                     {"OMPI_MCA_oob_tcp_if_include", "lo"},
                     {"OMPI_MCA_orte_tmpdir_base", scratch.string()},
                     {"OMPI_MCA_btl_vader_backing_directory", scratch.string()}};
  return mpi;
}

MpiCommand messages_command(int ranks, const std::filesystem::path& programs, const std::filesystem::path& scratch) {
  std::string own = scratch / "messages-XXXXXX";
  if (::mkdtemp(own.data()) == nullptr) throw std::system_error{errno, std::generic_category(), own};
  return mpi_command(ranks, programs / "messages_mpi", {own}, scratch);
}

}  // namespace gangway::bench
