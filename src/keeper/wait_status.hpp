// What waitpid says about an ended process, in words.
#pragma once

#include <string>

namespace gangway::keeper {

/// What a keeper adds to waitpid's 16 bits: the end was brought about since the rank, or its keeper, did nothing any
/// more.
inline constexpr int rank_stood_still = 1 << 16;
inline constexpr int keeper_stood_still = 1 << 17;

/// A phrase that follows a subject: "was killed by signal 11 (SIGSEGV, segmentation fault)", "called exit(3)".
std::string describe_wait_status(int wait_status);

/// Whether it called exit() or returned.
bool ended_by_itself(int wait_status);

/// The status with which a parent passes a child's end on: the exit code, or 128 + the signal.
int exit_code_of(int wait_status);

}  // namespace gangway::keeper
