// Readable names of stubs.
#pragma once

#include <string>

namespace gangway::code {

/// A stub's signature for people, from its mangled form: `double (double, int)`.
std::string readable_signature(const char* signature);

/// True if a stub's name means something only in the image it was built in: a lambda, or a function local to its
/// file.
bool is_local_name(const char* name);

}  // namespace gangway::code
