#include "engine/directory.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.hpp"
#include "base/limits.hpp"
#include "wire/codec.hpp"

namespace gangway::engine {

namespace {

constexpr std::size_t names_shown_max = 8;

// The list of all names fits into one message to a worker, with room to spare for the lengths.
constexpr std::size_t names_bytes_max = 128 * base::kib;
constexpr std::size_t name_extra_bytes = 8;

std::string torn_text(const std::string& name, const std::string& task) {
  return "the value '" + name + "' is torn: " + task + " was writing it when its worker died; set it again";
}

}  // namespace

Directory::Directory(keeper::Arena& arena, BlockPool& pool) : arena_{&arena}, pool_{&pool} {}

base::Result<NameChanges> Directory::push(const std::string& name, const base::SharedBytes& encoded) {
  GANGWAY_CHECK(!in_call_, "an engine does one operation at a time");
  const base::Result<wire::DecodedValue> decoded = wire::decode_value(encoded);
  if (!decoded) return decoded.fault();

  if (!values_.contains(name) && too_many_names(name)) return base::Fault{names_full(name)};

  Version version;
  version.head = decoded.value().head;
  version.data_at = encoded.size() - decoded.value().data.size();
  version.encoded =
      arena_->offset_of(encoded.view().data(), encoded.size()) ? encoded : copy_to_arena(encoded.view());
  if (version.encoded.empty()) return base::Fault{full(name, encoded.size())};
  version.number = ++last_number_;

  NameChanges changes;
  missing_.erase(name);
  if (values_.insert_or_assign(name, std::move(version)).second) changes.added.push_back(name);
  return changes;
}

void Directory::miss(const std::string& name, std::string why) {
  GANGWAY_CHECK(!in_call_, "an engine does one operation at a time");
  values_.erase(name);
  missing_.insert_or_assign(name, std::move(why));
}

std::variant<base::SharedBytes, wire::Failure> Directory::pull(const std::string& name) const {
  const auto found = values_.find(name);
  wire::Failure failure;
  if (found == values_.end()) {
    failure.kind = wire::FailureKind::not_run;
    failure.type = "no such value";
    failure.text = missing(name);
    return failure;
  }
  if (!found->second.torn_by.empty()) {
    failure.kind = wire::FailureKind::torn;
    failure.type = "torn value";
    failure.text = torn_text(name, found->second.torn_by);
    return failure;
  }
  return found->second.encoded;
}

void Directory::begin_call() {
  GANGWAY_CHECK(!in_call_, "an engine runs one call at a time");
  in_call_ = true;
}

wire::ValueOpened Directory::open(const std::string& name, wire::ValueAccess access) {
  wire::ValueOpened opened;
  const Version* version = find(name);
  if (version == nullptr) {
    opened.reason = missing(name);
    return opened;
  }
  if (!version->torn_by.empty()) {
    opened.failure = wire::FailureKind::torn;
    opened.reason = torn_text(name, version->torn_by);
    return opened;
  }
  if (access == wire::ValueAccess::write) {
    if (!version->head.is_array) {
      opened.reason =
          "the value '" + name + "' is an object: it is changed by set(), only arrays are written in place";
      return opened;
    }
    version = find_for_writing(name);
    if (version == nullptr) {
      opened.reason = full(name, find(name)->encoded.size());
      return opened;
    }
  }
  opened.head = version->head;
  opened.version = version->number;
  opened.data = data_range(*version);
  return opened;
}

Directory::Version* Directory::find_for_writing(const std::string& name) {
  const auto staged = staged_.find(name);
  Version& version = staged != staged_.end() ? *staged->second : values_.at(name);
  if (version.encoded.shared()) {
    // Somebody still reads this version, a pull on its way for instance: it stays as it is for them.
    base::SharedBytes copy = copy_to_arena(version.encoded.view());
    if (copy.empty()) return nullptr;
    kept_.push_back(std::exchange(version.encoded, std::move(copy)));  // this call may be one of the readers
  }
  version.number = ++last_number_;
  if (staged == staged_.end()) claimed_.push_back(name);
  return &version;
}

wire::BlockGranted Directory::make_array(const wire::MakeArray& request) {
  return stage(request.name, request.head, request.bytes, true);
}

wire::BlockGranted Directory::set_object(const wire::SetObject& request) {
  return stage(request.name, request.head, request.bytes, false);
}

wire::BlockGranted Directory::stage(const std::string& name, const wire::ValueHead& head, std::uint64_t bytes,
                                    bool zeroed) {
  wire::BlockGranted granted;
  if (find(name) == nullptr && too_many_names(name)) {
    granted.reason = names_full(name);
    return granted;
  }
  const std::size_t data_at = wire::encoded_value_head_bytes(head);
  const BlockPtr block = bytes < pool_->total_bytes() ? pool_->take(data_at + bytes) : nullptr;
  if (!block) {
    granted.reason = full(name, bytes);
    return granted;
  }
  const base::ByteVector encoded_head = wire::encode_value(head, 0);
  GANGWAY_CHECK(encoded_head.size() == data_at, "the head takes the bytes that it announces");
  std::memcpy(block->bytes().data(), encoded_head.data(), data_at);
  if (zeroed && bytes > 0) std::memset(block->bytes().data() + data_at, 0, bytes);

  Version version;
  version.head = head;
  version.encoded = base::SharedBytes{block, block->bytes()};
  version.data_at = data_at;
  version.number = ++last_number_;
  granted.block = {block->range().offset + data_at, bytes};

  std::optional<Version>& place = staged_[name];
  if (place) kept_.push_back(std::move(place->encoded));
  place = std::move(version);
  return granted;
}

bool Directory::erase(const std::string& name) {
  if (find(name) == nullptr) return false;
  std::optional<Version>& place = staged_[name];
  if (place) kept_.push_back(std::move(place->encoded));
  place.reset();
  return true;
}

std::vector<std::string> Directory::names() const {
  std::vector<std::string> names;
  for (const auto& [name, version] : values_) {
    if (find(name) != nullptr) names.push_back(name);
  }
  for (const auto& [name, version] : staged_) {
    if (version && !values_.contains(name)) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

NameChanges Directory::commit_call() {
  NameChanges changes;
  for (auto& [name, version] : staged_) {
    if (version) {
      missing_.erase(name);
      if (values_.insert_or_assign(name, std::move(*version)).second) changes.added.push_back(name);
    } else if (values_.erase(name) > 0) {
      changes.removed.push_back(name);
    }
  }
  end_call();
  return changes;
}

void Directory::drop_call() {
  end_call();
}

void Directory::tear_call(const std::string& task) {
  for (const std::string& name : claimed_) values_.at(name).torn_by = task;
  end_call();
}

void Directory::end_call() {
  GANGWAY_CHECK(in_call_, "only a call that began can end");
  in_call_ = false;
  staged_.clear();
  claimed_.clear();
  kept_.clear();
}

const Directory::Version* Directory::find(const std::string& name) const {
  const auto staged = staged_.find(name);
  if (staged != staged_.end()) return staged->second ? &*staged->second : nullptr;
  const auto found = values_.find(name);
  return found == values_.end() ? nullptr : &found->second;
}

wire::ArenaRange Directory::data_range(const Version& version) const {
  const std::optional<std::uint64_t> offset =
      arena_->offset_of(version.encoded.view().data(), version.encoded.size());
  GANGWAY_CHECK(offset.has_value(), "named values lie in the arena");
  return {*offset + version.data_at, version.encoded.size() - version.data_at};
}

base::SharedBytes Directory::copy_to_arena(base::ByteView bytes) {
  const BlockPtr block = pool_->take(bytes.size());
  if (!block) return {};
  std::memcpy(block->bytes().data(), bytes.data(), bytes.size());
  return base::SharedBytes{block, block->bytes()};
}

bool Directory::too_many_names(const std::string& name) const {
  std::size_t bytes = name.size() + name_extra_bytes;
  for (const std::string& other : names()) bytes += other.size() + name_extra_bytes;
  return bytes > names_bytes_max || name.size() > base::name_bytes_max;
}

std::string Directory::names_full(const std::string& name) {
  return "no room for the name '" + name.substr(0, 64) + "': an engine keeps at most " +
         std::to_string(names_bytes_max / base::kib) + " KiB of names, each of at most " +
         std::to_string(base::name_bytes_max / base::kib) + " KiB; erase values that are not needed";
}

std::string Directory::missing(const std::string& name) const {
  const auto known = missing_.find(name);
  if (known != missing_.end()) return "no value named '" + name + "' here: " + known->second;
  const std::vector<std::string> here = names();
  std::string text = "no value named '" + name + "' here; there ";
  if (here.empty()) return text + "are none";
  text += here.size() == 1 ? "is " : "are ";
  for (std::size_t i = 0; i < std::min(here.size(), names_shown_max); ++i)
    text += (i == 0 ? "'" : ", '") + here[i] + "'";
  if (here.size() > names_shown_max) text += " and " + std::to_string(here.size() - names_shown_max) + " more";
  return text;
}

std::string Directory::full(const std::string& name, std::uint64_t bytes) const {
  return "no room for '" + name + "' (" + std::to_string(bytes) + " bytes): the engine's memory of " +
         std::to_string(pool_->total_bytes()) + " bytes has " +
         std::to_string(pool_->total_bytes() - pool_->used_bytes()) +
         " left; start the cluster with more, or erase values";
}

}  // namespace gangway::engine
