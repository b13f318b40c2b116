#include "launch/launch_record.hpp"

#include <charconv>
#include <system_error>

#include "launch/private_file.hpp"
#include "os/file.hpp"

namespace gangway::launch {

base::Status write_launch_record(const std::filesystem::path& file, const LaunchRecord& record) {
  std::vector<std::string> texts{record.directory, std::to_string(record.arguments.size())};
  texts.insert(texts.end(), record.arguments.begin(), record.arguments.end());
  for (const auto& [name, value] : record.environment) texts.push_back(name + "=" + value);
  std::string content;
  for (const std::string& text : texts) content.append(text).push_back('\0');
  return write_private_file(file, content);
}

base::Result<LaunchRecord> read_launch_record(const std::filesystem::path& file) {
  constexpr std::size_t bytes_max = 16 * base::mib;
  const base::Result<std::string> content = os::read_file(file, bytes_max);
  if (!content) return content.fault();
  std::vector<std::string> texts;
  for (std::size_t begin = 0; begin < content.value().size();) {
    texts.emplace_back(content.value().c_str() + begin);
    begin += texts.back().size() + 1;
  }
  std::size_t count = 0;
  const std::string number = texts.size() < 2 ? "" : texts[1];
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), count);
  if (error != std::errc{} || *end != '\0' || count > texts.size() - 2) {
    return base::Fault{file.string() + " does not tell how a cluster was started"};
  }
  LaunchRecord record;
  record.directory = texts[0];
  const auto variables = texts.begin() + 2 + static_cast<std::ptrdiff_t>(count);
  record.arguments.assign(texts.begin() + 2, variables);
  for (auto text = variables; text != texts.end(); ++text) {
    const std::size_t equals = text->find('=');
    if (equals != std::string::npos) record.environment[text->substr(0, equals)] = text->substr(equals + 1);
  }
  return record;
}

}  // namespace gangway::launch
