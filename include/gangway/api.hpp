// What libgangway.so shows to programs. Everything else in it is hidden.
#pragma once

/// Marks a class or function as visible outside libgangway.so. Exceptions carry it too, so that a type thrown on one
/// side is caught on the other.
#define GANGWAY_API __attribute__((visibility("default")))

/// What modules and libgangway.so must agree on. It rises when a class that both know changes its layout or meaning.
#define GANGWAY_ABI 2
