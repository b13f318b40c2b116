// Whether this process can load a module, decided from the module's bytes: loading it runs its code already. What a
// module was compiled for stands in its stamps (include/gangway/detail/abi_stamp.hpp).
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace gangway::code {

/// Whether the processor has a feature, by the name that compilers give it.
using HasFeature = std::function<bool(std::string_view feature)>;

/// This processor.
bool processor_has(std::string_view feature);

/// A fault says what differs and what mends it. The bytes are a file that anybody may have sent.
base::Status check_module(base::ByteView file);

/// One line of a module's stamps against the line of this process.
base::Status check_stamp(std::string_view of_module, std::string_view own, const HasFeature& has_feature);

/// The loader's words, with what is missing and the way out.
std::string explain_load_failure(std::string_view loader_says);

}  // namespace gangway::code
