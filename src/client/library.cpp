// Bringing libraries to the engines: as files, and as sources that are compiled there.
#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include <gangway/client.hpp>
#include <gangway/error.hpp>

#include "base/limits.hpp"
#include "client/module.hpp"
#include "client/outgoing.hpp"
#include "client/pending_task.hpp"
#include "client/session.hpp"
#include "launch/module_build.hpp"
#include "wire/codec.hpp"

namespace gangway {

namespace {

namespace fs = std::filesystem;

/// Has all engines load the module, and waits.
void load_everywhere(detail::Session& session, const DirectView& all, std::shared_ptr<client::Module> module) {
  client::Submission submission;
  submission.label = "load " + module->path;
  submission.operation = base::SharedBytes{wire::encode_operation(wire::Load{module->hash}, 0)};
  submission.module = std::move(module);
  submission.engines = all.ids();
  auto task = std::make_shared<detail::PendingTask>(submission.label);
  submission.task = task;
  submission.first_part = task->add_parts(submission.parts(), 1);
  task->seal();
  session.submit(std::move(submission));
  const detail::TaskHandle handle{std::move(task)};
  handle.require_success();
}

/// What sources include, by the endings that are in use for it.
bool is_included(const fs::path& path) {
  constexpr std::array<const char*, 13> endings{".h",   ".hh",  ".hpp", ".hxx", ".h++", ".inl", ".inc",
                                                ".ipp", ".tpp", ".txx", ".tcc", ".icc", ".def"};
  return std::find(endings.begin(), endings.end(), path.extension().string()) != endings.end();
}

std::string text_of(const fs::path& path) {
  std::ifstream file{path, std::ios::binary};
  std::string text{std::istreambuf_iterator<char>{file}, {}};
  if (!file) throw Error{"cannot read " + path.string()};
  return text;
}

launch::BuildRequest request_of(const fs::path& directory, const std::vector<std::string>& flags) {
  std::error_code error;
  launch::BuildRequest request{{}, flags};
  std::size_t bytes = 0;
  fs::recursive_directory_iterator entry{directory, error};
  if (error) throw Error{"cannot read the directory " + directory.string() + ": " + error.message()};
  for (; entry != fs::recursive_directory_iterator{}; entry.increment(error)) {
    if (error) throw Error{"cannot read the directory " + directory.string() + ": " + error.message()};
    const fs::path& path = entry->path();
    if (!entry->is_regular_file(error) || !(is_included(path) || launch::is_source(path.string()))) continue;
    request.files.push_back({path.lexically_relative(directory).string(), text_of(path)});
    bytes += request.files.back().content.size();
    if (bytes > base::object_bytes_max / 2) {
      throw Error{"the sources in " + directory.string() + " take more than 32 MiB; build them in parts"};
    }
  }
  const auto is_compiled = [](const launch::SourceFile& file) { return launch::is_source(file.path); };
  if (std::none_of(request.files.begin(), request.files.end(), is_compiled)) {
    throw Error{"there are no C++ sources (*.cpp, *.cc, *.cxx) in " + directory.string()};
  }
  std::sort(request.files.begin(), request.files.end(),
            [](const auto& a, const auto& b) { return a.path < b.path; });  // one order, one hash
  return request;
}

/// Runs the build on an engine: by name, since engines have a libgangway.so of their own.
std::vector<std::uint8_t> built_by(const detail::ViewCore& engine, const launch::BuildRequest& request) {
  detail::StubInfo stub = detail::call_stub<Function<launch::build_module>, launch::BuildRequest>();
  stub.is_defined = false;
  detail::PayloadWriter arguments;
  detail::encode_call(arguments, fn<launch::build_module>, request);
  const detail::TaskHandle task = engine.call(detail::Callee{stub, {}}, {}, detail::ByteSource{arguments});
  task.require_success();
  return detail::first_result<std::vector<std::uint8_t>>(task);
}

}  // namespace

void Client::load(const std::string& path) const {
  auto module = client::read_module(path);
  if (!module) throw Error{module.fault().text};
  load_everywhere(*session_, all(), std::move(module).value());
}

void Client::build(const std::string& directory, const std::vector<std::string>& flags) const {
  const launch::BuildRequest request = request_of(directory, flags);
  const DirectView engines = all();
  const auto library = built_by(detail::ViewCore{session_, {engines.ids().front()}}, request);
  base::ByteVector content(library.size());
  std::copy_n(reinterpret_cast<const std::byte*>(library.data()), library.size(), content.data());
  load_everywhere(*session_, engines, client::make_module(directory, base::SharedBytes{std::move(content)}));
}

}  // namespace gangway
