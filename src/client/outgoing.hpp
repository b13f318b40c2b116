// What the views' functions share when they make requests.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <gangway/detail/view_core.hpp>
#include <gangway/function.hpp>

#include "client/functions.hpp"
#include "client/requests.hpp"
#include "client/session.hpp"

namespace gangway::client {

/// The most elements that one call of a map gets, when the client chooses.
inline constexpr std::size_t chunk_elements_max = 64 * 1024;

/// The function of a stub; throws Error if its module cannot be sent, or if the callable holds addresses.
std::shared_ptr<const KnownFunction> find_function(detail::Session& session, const detail::Callee& callee);

/// A request to call a function, without its engines, task and part. Throws Error if the arguments are too large.
Submission call_of(const KnownFunction& function, std::vector<std::string> needs,
                   const detail::ByteSource& arguments);

/// What errors and records call an operation of a view: with the user's label before it.
std::string labelled(const detail::ViewCore& core, const std::string& operation);

/// Gives a request what with() has set: its label, which stands before that of the operation, and the rest.
void set_options(Submission& submission, const detail::ViewCore& core);

/// The key of a chunk of a map that has one; empty otherwise.
std::string chunk_key(const detail::ViewCore& core, std::size_t first_element, std::size_t elements);

/// "12.5 MiB"
std::string size_text(std::size_t bytes);

}  // namespace gangway::client
