// Results that come from a cluster's store: whether they are of the type that is asked for.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <typeinfo>
#include <vector>

#include <gangway/detail/call_stub.hpp>

namespace gangway::detail {

/// How the signatures of functions begin that give an R, by value or otherwise: see StubInfo.
template <class R>
std::vector<std::string> signatures_giving() {
  // Of a function without parameters, this stands behind its result.
  constexpr std::size_t end = sizeof("vEEE") - 1;
  const auto start = [](const std::type_info& type) {
    const std::string name = type.name();
    return name.substr(0, name.size() - end);
  };
  return {start(typeid(CallOf<R()>)), start(typeid(CallOf<const R()>)), start(typeid(CallOf<R&()>)),
          start(typeid(CallOf<const R&()>)), start(typeid(CallOf < R && () >))};
}

}  // namespace gangway::detail
