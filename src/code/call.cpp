// The parts of stubs that know no types: forms of arguments, exceptions as texts, failures of a map's elements.
#include <cxxabi.h>

#include <exception>
#include <string>
#include <typeinfo>
#include <utility>

#include <gangway/function.hpp>

#include "base/limits.hpp"

namespace gangway::detail {

CallPort::~CallPort() = default;

ArgumentForm take_argument_form(PayloadReader& in) {
  const auto form = in.take_number<std::uint8_t>();
  if (form > static_cast<std::uint8_t>(ArgumentForm::named)) {
    throw_archive_error("an argument of a form that this engine does not know: " + std::to_string(form) +
                        "; are client and engine of one version?");
  }
  return static_cast<ArgumentForm>(form);
}

ExceptionText describe_current_exception() {
  ExceptionText described;
  if (const std::type_info* type = abi::__cxa_current_exception_type()) {
    described.type = demangle(type->name());
  }
  try {
    throw;
  } catch (const std::exception& error) {
    described.text = error.what();
  } catch (const std::string& text) {
    described.text = text;
  } catch (const char* text) {
    described.text = text == nullptr ? "" : text;
  } catch (int number) {
    described.text = std::to_string(number);
  } catch (...) {
    described.text = "thrown without a text: it is not a std::exception";
  }
  described.type.resize(std::min(described.type.size(), base::name_bytes_max));
  described.text.resize(std::min(described.text.size(), base::text_bytes_max));
  return described;
}

void encode_failures(PayloadWriter& out, std::uint64_t count, const std::vector<ElementFailure>& failures) {
  out.put_number(count);
  out.put_number(static_cast<std::uint64_t>(failures.size()));
  for (const ElementFailure& failure : failures) {
    out.put_number(failure.index);
    encode(out, failure.type);
    encode(out, failure.text);
  }
}

std::vector<ElementFailure> decode_failures(PayloadReader& in, std::uint64_t count) {
  const std::size_t failed = in.take_count();
  std::vector<ElementFailure> failures;
  for (std::size_t i = 0; i < failed; ++i) {
    ElementFailure failure{in.take_number<std::uint64_t>(), {}, {}};
    if (failure.index >= count || (!failures.empty() && failure.index <= failures.back().index)) {
      throw_archive_error("the failures of a map are not in order: the bytes are damaged");
    }
    failure.type = decode<std::string>(in);
    failure.text = decode<std::string>(in);
    failures.push_back(std::move(failure));
  }
  return failures;
}

void throw_wrong_map_result(std::uint64_t count, std::size_t values, std::size_t failures) {
  throw_archive_error("a map of " + std::to_string(count) + " elements came back with " + std::to_string(values) +
                      " values and " + std::to_string(failures) + " failures");
}

}  // namespace gangway::detail
