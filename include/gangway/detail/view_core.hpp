// What views do whatever the types are: from encoded arguments and values to tasks. The code is in src/client.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gangway/api.hpp>
#include <gangway/future.hpp>
#include <gangway/ids.hpp>
#include <gangway/options.hpp>
#include <gangway/value.hpp>

namespace gangway::detail {

class Session;
struct Callee;

/// Bytes that somebody will write where they belong: a reference to a PayloadWriter or a ValueWriter.
class ByteSource {
 public:
  template <class Writer>
  explicit ByteSource(const Writer& writer)
      : bytes_{writer.bytes()}, writer_{&writer}, write_{[](const void* object, std::span<std::byte> out) {
          static_cast<const Writer*>(object)->write_to(out);
        }} {}

  [[nodiscard]] std::size_t bytes() const { return bytes_; }

  /// `out` is exactly bytes() long.
  void write_to(std::span<std::byte> out) const { write_(writer_, out); }

 private:
  std::size_t bytes_;
  const void* writer_;
  void (*write_)(const void* object, std::span<std::byte> out);
};

/// What with() has set, but for how a map is cut.
struct TaskOptions {
  std::string label;
  std::uint32_t retries = 0;
  bool at_most_once = false;
  std::vector<std::pair<Follows, TaskHandle>> after;
  std::string key;  // empty: none
};

/// Where tasks go and how: a session, its engines, options. A small value; threads may share one.
class GANGWAY_API ViewCore {
 public:
  /// No engines means whichever is free.
  ViewCore(std::shared_ptr<Session> session, std::vector<EngineId> engines)
      : session_{std::move(session)}, engines_{std::make_shared<const std::vector<EngineId>>(std::move(engines))} {}

  [[nodiscard]] const std::vector<EngineId>& engines() const { return *engines_; }
  [[nodiscard]] Session& session() const { return *session_; }

  [[nodiscard]] const TaskOptions& options() const;

  // The same with another option. Each throws Error if it is not possible, or contradicts one that is set.
  [[nodiscard]] ViewCore with(Label label) const;
  [[nodiscard]] ViewCore with(Retries retries) const;
  [[nodiscard]] ViewCore with(AtMostOnce option) const;
  [[nodiscard]] ViewCore with(Key key) const;
  [[nodiscard]] ViewCore with(Follows how, std::vector<TaskHandle> tasks) const;

  // Each of these throws Error if the object is too large or the name no name, and ConnectionError if the connection
  // is gone. They block as long as too much waits for the controller.
  [[nodiscard]] TaskHandle call(const Callee& callee, std::vector<std::string> needs,
                                const ByteSource& arguments) const;
  [[nodiscard]] TaskHandle push(std::string_view name, const ValueDescription& description,
                                const ByteSource& data) const;
  [[nodiscard]] TaskHandle pull(std::string_view name) const;

 private:
  [[nodiscard]] ViewCore with(TaskOptions options) const;

  std::shared_ptr<Session> session_;
  std::shared_ptr<const std::vector<EngineId>> engines_;
  std::shared_ptr<const TaskOptions> options_;  // null: none is set
};

/// Pushes one block to each engine of a view, as one operation. One thread at a time.
class GANGWAY_API ScatterBuilder {
 public:
  ScatterBuilder(ViewCore core, std::string_view name);
  ~ScatterBuilder();
  ScatterBuilder(const ScatterBuilder&) = delete;
  ScatterBuilder& operator=(const ScatterBuilder&) = delete;

  /// Hands over the block of the next engine; exactly one for each engine. Throws and blocks as a push does.
  void add(const ValueDescription& description, const ByteSource& data);

  /// After the last block.
  [[nodiscard]] TaskHandle finish();

 private:
  ViewCore core_;
  std::string name_;
  std::shared_ptr<PendingTask> task_;
  std::size_t next_ = 0;
};

/// Cuts a map into chunks. One thread at a time.
class GANGWAY_API MapBuilder {
 public:
  /// `elements` in all; `chunk_elements` of them in each chunk, 0 to choose.
  MapBuilder(ViewCore core, const Callee& callee, std::vector<std::string> needs, std::size_t elements,
             std::size_t chunk_elements);
  ~MapBuilder();
  MapBuilder(const MapBuilder&) = delete;
  MapBuilder& operator=(const MapBuilder&) = delete;

  /// How many elements the next chunk should have; 0 at the end.
  [[nodiscard]] std::size_t next_elements() const;

  /// Hands over the next chunk, encoded with next_elements() elements. False if that was too much: next_elements() is
  /// smaller now, encode again.
  [[nodiscard]] bool add(const ByteSource& arguments);

  [[nodiscard]] TaskHandle finish();

 private:
  class State;
  std::unique_ptr<State> state_;
};

/// Part of a task, which is ready.
struct FinishedPart {
  TaskHandle task;
  std::size_t part = 0;
};

/// The chunks of a map that sends no more than a window of them ahead of what is consumed; see base/limits.hpp for
/// the bound. One thread at a time; it may end while chunks are under way.
class GANGWAY_API MapStream {
 public:
  /// `chunk_elements` in each chunk, 0 to choose.
  MapStream(ViewCore core, const Callee& callee, std::vector<std::string> needs, std::size_t chunk_elements);
  ~MapStream();
  MapStream(const MapStream&) = delete;
  MapStream& operator=(const MapStream&) = delete;

  /// How many elements the next chunk should have; 0 if none should be sent before something is taken.
  [[nodiscard]] std::size_t next_elements() const;

  /// Hands over a chunk. False if its arguments are larger than they should be: encode about half as many elements.
  [[nodiscard]] bool add(std::size_t elements, const ByteSource& arguments);

  /// Whether take() would not wait.
  [[nodiscard]] bool has_finished() const;

  /// Waits for the next chunk that is done; nothing if none is under way.
  [[nodiscard]] std::optional<FinishedPart> take();

 private:
  class State;
  std::unique_ptr<State> state_;
};

/// A value that came back from a pull: what it is and whose, for errors. Valid as long as the task's handle.
struct PulledValue {
  bool is_array = false;
  std::string type;
  std::size_t element_bytes = 0;
  std::span<const std::byte> data;
  std::string what;

  [[nodiscard]] ValueView view() const { return {is_array, type, element_bytes, data}; }
};
GANGWAY_API PulledValue pulled_value(const TaskHandle& task, std::size_t part);

/// Throws Error if the text is empty, longer than 4 KiB or has control characters; `what` it is.
void check_text(const char* what, std::string_view text);

/// Throws Error unless it can be the name of a value: 1 byte to 4 KiB.
GANGWAY_API void check_name(std::string_view name);

}  // namespace gangway::detail
