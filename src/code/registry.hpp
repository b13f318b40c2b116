// The stubs of this process. They register themselves while their library is loaded, which is why this is the one
// global of Gangway. A stub is found only by where it really is: a place that comes over the wire is looked up, never
// called. All functions may be used from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include <gangway/function.hpp>

#include "base/result.hpp"

namespace gangway::code {

struct FoundStub {
  detail::StubRun run = nullptr;
};

/// The stub that is registered `offset` bytes behind the load base of a module, if its name and signature are these.
/// A fault says what is there instead, with the functions whose names come near.
base::Result<FoundStub> find_stub(std::uintptr_t base, std::uint64_t offset, const std::string& name,
                                  const std::string& signature);

/// The stub of this name and signature in the libraries loaded at these bases, the last of them that has it. A fault
/// tells what comes near, or that only a signature differs.
base::Result<FoundStub> find_stub_by_name(std::span<const std::uintptr_t> bases, const std::string& name,
                                          const std::string& signature);

/// How many stubs the module loaded at `base` has.
std::size_t stubs_in_module(std::uintptr_t base);

}  // namespace gangway::code
