#include "keeper/wait_status.hpp"

#include <sys/wait.h>

#include <cctype>
#include <csignal>
#include <cstring>

namespace gangway::keeper {

std::string describe_wait_status(int wait_status) {
  if ((wait_status & rank_stood_still) != 0) return "was stopped or hung, and was killed";
  if ((wait_status & keeper_stood_still) != 0) return "was killed, since its keeper was stopped or hung";
  if (WIFEXITED(wait_status)) return "called exit(" + std::to_string(WEXITSTATUS(wait_status)) + ")";
  if (!WIFSIGNALED(wait_status)) return "ended with the unknown wait status " + std::to_string(wait_status);
  const int signal = WTERMSIG(wait_status);
  std::string text = "was killed by signal " + std::to_string(signal);
  const char* const name = ::sigabbrev_np(signal);
  const char* const description = ::sigdescr_np(signal);
  if (name == nullptr || description == nullptr) return text;
  std::string words = description;
  words.front() = static_cast<char>(std::tolower(static_cast<unsigned char>(words.front())));
  return text + " (SIG" + name + ", " + words + ")";
}

bool ended_by_itself(int wait_status) {
  return WIFEXITED(wait_status);
}

int exit_code_of(int wait_status) {
  return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
}

}  // namespace gangway::keeper
