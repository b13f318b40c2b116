// The named values of one engine: DESIGN's "values are versions".
//
// A value lies in the arena in the form in which it travels (src/wire/codec.hpp, encode_value), so that a push is
// stored and a pull is answered without a copy. A version is never changed while anybody reads it, with one exception
// that the user asks for: a call may claim an array for writing in place. If the worker dies during such a call the
// array is torn: nobody knows what it holds, and reading it is an error until it is set again.
//
// What a call makes, sets or erases is staged: the call itself sees it at once, everybody else when the call
// succeeds.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "engine/block_pool.hpp"
#include "wire/worker_message.hpp"

namespace gangway::engine {

/// Which names exist now and did not before, and the other way round.
struct NameChanges {
  std::vector<std::string> added;
  std::vector<std::string> removed;
};

/// A resource; not thread-safe. One call at a time: begin_call(), then opens and makes, then exactly one of
/// commit_call(), drop_call() and tear_call().
class Directory {
 public:
  /// Both must outlive the directory and all bytes that it hands out.
  Directory(keeper::Arena& arena, BlockPool& pool);

  /// Sets a value from its travelling form; kept without a copy if `encoded` lies in the arena. A fault if the form
  /// is bad or the arena is full.
  base::Result<NameChanges> push(const std::string& name, const base::SharedBytes& encoded);

  /// The travelling form, or the failure to report. The bytes stay as they are while they are held.
  [[nodiscard]] std::variant<base::SharedBytes, wire::Failure> pull(const std::string& name) const;

  /// There should be a value of this name, and there is none: errors tell why until it is set. An older one goes.
  void miss(const std::string& name, std::string why);

  void begin_call();
  [[nodiscard]] wire::ValueOpened open(const std::string& name, wire::ValueAccess access);
  [[nodiscard]] wire::BlockGranted make_array(const wire::MakeArray& request);
  [[nodiscard]] wire::BlockGranted set_object(const wire::SetObject& request);
  /// Whether there was such a value.
  bool erase(const std::string& name);
  /// In alphabetical order, as the running call sees them.
  [[nodiscard]] std::vector<std::string> names() const;

  /// The call succeeded: what it staged is there for everybody.
  NameChanges commit_call();
  /// The call failed but its worker lives: what it staged is dropped; what it wrote in place stays as it left it.
  void drop_call();
  /// The worker died in the call: as drop_call(), and what the call had claimed for writing is torn. `task` names it
  /// in errors.
  void tear_call(const std::string& task);

 private:
  struct Version {
    wire::ValueHead head;
    base::SharedBytes encoded;  // in the arena
    std::uint64_t data_at = 0;  // from the first byte of `encoded`
    std::uint64_t number = 0;
    std::string torn_by;  // empty: whole
  };

  [[nodiscard]] const Version* find(const std::string& name) const;
  Version* find_for_writing(const std::string& name);
  [[nodiscard]] wire::ArenaRange data_range(const Version& version) const;
  [[nodiscard]] base::SharedBytes copy_to_arena(base::ByteView bytes);
  [[nodiscard]] wire::BlockGranted stage(const std::string& name, const wire::ValueHead& head, std::uint64_t bytes,
                                         bool zeroed);
  [[nodiscard]] std::string missing(const std::string& name) const;
  [[nodiscard]] std::string full(const std::string& name, std::uint64_t bytes) const;
  [[nodiscard]] bool too_many_names(const std::string& name) const;
  static std::string names_full(const std::string& name);
  void end_call();

  keeper::Arena* arena_;
  BlockPool* pool_;
  std::uint64_t last_number_ = 0;
  std::map<std::string, Version> values_;
  std::map<std::string, std::string> missing_;  // why; bounded by the gateway, which bounds the environment

  bool in_call_ = false;
  std::map<std::string, std::optional<Version>> staged_;  // no version: erased
  std::vector<std::string> claimed_;
  std::vector<base::SharedBytes> kept_;  // replaced within the call, perhaps still in use by it
};

}  // namespace gangway::engine
