// The base of all errors. Its like are in src/client/error.cpp; this one is here because values and arguments throw
// too.
#include <gangway/error.hpp>

namespace gangway {

Error::~Error() = default;

}  // namespace gangway
