#include "code/registry.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "code/names.hpp"

namespace gangway {

namespace {

constexpr std::size_t near_names_max = 3;
constexpr std::size_t compared_name_bytes_max = 256;

struct Entry {
  detail::StubInfo stub;
  detail::StubRun run = nullptr;
  std::uintptr_t base = 0;         // of its module
  std::optional<bool> is_local{};  // to its file; asked when it is first called by name
};

struct Registry {
  std::mutex mutex;
  std::map<std::uintptr_t, Entry> by_address;
  std::multimap<std::string, std::uintptr_t> by_name;
};

/// Never destroyed: a library may be loaded while the program ends.
Registry& registry() {
  static Registry& instance = *new Registry;
  return instance;
}

std::uintptr_t base_of(const void* address) {
  Dl_info info{};
  return ::dladdr(address, &info) == 0 ? 0 : reinterpret_cast<std::uintptr_t>(info.dli_fbase);
}

/// How many characters differ, as people see it (Levenshtein).
std::size_t distance(std::string_view a, std::string_view b) {
  a = a.substr(0, compared_name_bytes_max);
  b = b.substr(0, compared_name_bytes_max);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j < row.size(); ++j) {
    row[j] = j;
  }
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

/// The names of the modules' functions, those nearest to `wanted`; not those of Gangway itself.
std::vector<std::string> near_names(std::span<const std::uintptr_t> bases, const std::string& wanted) {
  std::set<std::string> names;
  for (const auto& [address, entry] : registry().by_address) {
    if (std::find(bases.begin(), bases.end(), entry.base) != bases.end()) {
      std::string name = detail::readable_function(entry.stub.name);
      if (!name.starts_with("gangway::")) names.insert(std::move(name));
    }
  }
  std::vector<std::pair<std::size_t, std::string>> ranked;
  for (const std::string& name : names) {
    ranked.emplace_back(distance(name, wanted), name);
  }
  std::sort(ranked.begin(), ranked.end());
  ranked.resize(std::min(ranked.size(), near_names_max));
  std::vector<std::string> nearest;
  for (auto& [rank, name] : ranked) {
    nearest.push_back(std::move(name));
  }
  return nearest;
}

/// "a, b, c"
std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    text += (text.empty() ? "" : ", ") + name;
  }
  return text;
}

std::string unknown(std::uintptr_t base, const std::string& name) {
  const std::string wanted = detail::readable_function(name.c_str());
  std::string text = code::is_local_name(name.c_str())
                         ? wanted + " is a lambda or local to its file, and the module at the engine has no such one"
                         : "the function " + wanted + " is not in the module at the engine";
  const std::vector<std::string> near = near_names(std::span{&base, 1}, wanted);
  if (near.empty()) {
    return text + ", which has no functions at all; build the program with gangway_add_program()";
  }
  return text + "; it has " + listed(near) + ". Start the program again if it was rebuilt";
}

std::string unknown_in_libraries(std::span<const std::uintptr_t> bases, const std::string& name) {
  const std::string wanted = detail::readable_function(name.c_str());
  const std::vector<std::string> near = near_names(bases, wanted);
  return "the function " + wanted + " is not defined in the program that calls it, and " +
         (near.empty() ? "no library is loaded at this engine"
                       : "the libraries at this engine do not have it; they have " + listed(near)) +
         ". Load the library that offers it by Client::load(), or link it to the program's target NAME-code";
}

std::string other_signature(const Entry& entry, const std::string& signature, const char* where) {
  return "the function " + detail::readable_function(entry.stub.name) +
         " has another signature at the engine: the client calls " + code::readable_signature(signature.c_str()) +
         ", " + where + " has " + code::readable_signature(entry.stub.signature);
}

/// What a stub does with its function: signatures of a call and of a map differ in it.
std::string_view kind_of(std::string_view signature) {
  constexpr std::string_view before = "N7gangway6detail";
  return signature.substr(0, before.size() + std::string_view{"6CallOf"}.size());
}

}  // namespace

bool detail::register_stub(const StubInfo& stub, StubRun run) {
  // The loader's lock, which dladdr() takes and which is held while a library is loaded, comes before ours.
  const Entry entry{stub, run, base_of(stub.address)};
  const std::lock_guard lock{registry().mutex};
  const auto address = reinterpret_cast<std::uintptr_t>(stub.address);
  registry().by_address.insert_or_assign(address, entry);
  registry().by_name.emplace(stub.name, address);
  return true;
}

base::Result<code::FoundStub> code::find_stub(std::uintptr_t base, std::uint64_t offset, const std::string& name,
                                              const std::string& signature) {
  const std::lock_guard lock{registry().mutex};
  const auto& stubs = registry().by_address;
  const auto found = stubs.find(base + static_cast<std::uintptr_t>(offset));
  if (found == stubs.end() || name != found->second.stub.name || found->second.base != base) {
    return base::Fault{unknown(base, name)};
  }
  const Entry& entry = found->second;
  if (signature != entry.stub.signature) {
    return base::Fault{other_signature(entry, signature, "the module")};
  }
  return FoundStub{entry.run};
}

base::Result<code::FoundStub> code::find_stub_by_name(std::span<const std::uintptr_t> bases, const std::string& name,
                                                      const std::string& signature) {
  const std::lock_guard lock{registry().mutex};
  const auto [first, last] = registry().by_name.equal_range(name);
  std::string differs;
  for (auto base = bases.rbegin(); base != bases.rend(); ++base) {
    for (auto found = first; found != last; ++found) {
      Entry& entry = registry().by_address.at(found->second);
      if (entry.base != *base) continue;
      if (!entry.is_local) entry.is_local = is_local_name(entry.stub.name);
      if (*entry.is_local) continue;
      if (signature == entry.stub.signature) return FoundStub{entry.run};
      if (differs.empty() && kind_of(signature) == kind_of(entry.stub.signature)) {
        differs = other_signature(entry, signature, "the library");
      }
    }
  }
  if (is_local_name(name.c_str())) {
    return base::Fault{detail::readable_function(name.c_str()) +
                       " is a lambda or local to its file: it can only be called in the program that it was built "
                       "into; give it a name that other files see, or build the program with gangway_add_program()"};
  }
  return base::Fault{differs.empty() ? unknown_in_libraries(bases, name) : differs};
}

std::size_t code::stubs_in_module(std::uintptr_t base) {
  const std::lock_guard lock{registry().mutex};
  const auto& stubs = registry().by_address;
  return static_cast<std::size_t>(
      std::count_if(stubs.begin(), stubs.end(), [base](const auto& entry) { return entry.second.base == base; }));
}

}  // namespace gangway
