#include "worker/death_notice.hpp"

#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>

#include "os/descriptor.hpp"

namespace gangway::worker {

namespace {

constexpr std::size_t signal_stack_bytes = 64 * 1024;

// A fault this near to the stack pointer, in a page that is not there, is the stack's end: a function's frame is
// touched at most this far below or above it.
constexpr std::uint64_t below_stack_pointer_bytes = 64 * 1024;
constexpr std::uint64_t above_stack_pointer_bytes = 1024 * 1024;

// A signal handler has no other way to its data.
std::atomic<keeper::LastWordsArea*> last_words_area = nullptr;
std::atomic<pid_t> worker_pid = 0;

std::uint64_t stack_pointer(const ucontext_t& context) {
#if defined(__x86_64__)
  return static_cast<std::uint64_t>(context.uc_mcontext.gregs[REG_RSP]);
#elif defined(__aarch64__)
  return context.uc_mcontext.sp;
#else
#error "gangway: say here where this processor keeps its stack pointer"
#endif
}

void leave_last_words(int signal, siginfo_t* info, void* context) {
  keeper::LastWordsArea* const area = last_words_area.load();
  if (area != nullptr && ::getpid() == worker_pid.load()) {  // not in a child that user code has forked
    const bool has_address = signal != SIGABRT && info->si_code > 0;
    const std::uint64_t address = has_address ? reinterpret_cast<std::uintptr_t>(info->si_addr) : 0;
    const std::uint64_t low = stack_pointer(*static_cast<ucontext_t*>(context)) - below_stack_pointer_bytes;
    const bool near_stack = address - low < below_stack_pointer_bytes + above_stack_pointer_bytes;
    area->write({.signal = signal,
                 .fault_address = address,
                 .stack_overflow = signal == SIGSEGV && has_address && near_stack});
  }
  // The handler is gone by now (SA_RESETHAND): this ends the process as the signal would have.
  ::raise(signal);
}

}  // namespace

base::Status install_death_notice(keeper::LastWordsArea& area) {
  void* const stack = ::mmap(nullptr, signal_stack_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (stack == MAP_FAILED) {
    return os::system_fault("cannot get memory for the stack of signal handlers");
  }
  const stack_t alternate{.ss_sp = stack, .ss_flags = 0, .ss_size = signal_stack_bytes};
  if (::sigaltstack(&alternate, nullptr) != 0) {
    return os::system_fault("cannot set the stack of signal handlers");
  }
  last_words_area.store(&area);
  worker_pid.store(::getpid());

  struct sigaction action {};
  action.sa_sigaction = leave_last_words;
  action.sa_flags = static_cast<int>(SA_SIGINFO | SA_ONSTACK | SA_RESETHAND);
  for (const int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT}) {
    if (::sigaction(signal, &action, nullptr) != 0) {
      return os::system_fault("cannot handle a signal");
    }
  }
  return base::Done{};
}

}  // namespace gangway::worker
