// From failures as they travel to failures as users see them.
#pragma once

#include <gangway/error.hpp>

#include "wire/failure.hpp"

namespace gangway::client {

/// The same kind in the public face.
FailureKind public_kind(wire::FailureKind kind);

}  // namespace gangway::client
