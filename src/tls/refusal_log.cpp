#include "tls/refusal_log.hpp"

#include <string>

namespace gangway::tls {

void RefusalLog::write(std::string_view text, base::Instant now) {
  const std::int64_t periods = (now - refilled_).ns / period_.ns;
  if (lines_left_ == lines_max_ || periods >= lines_max_ - lines_left_) {
    lines_left_ = lines_max_;
    refilled_ = now;
  } else {
    lines_left_ += static_cast<std::uint32_t>(periods);
    refilled_ = refilled_ + base::Duration{periods * period_.ns};
  }
  if (lines_left_ == 0) {
    ++held_back_;
    return;
  }
  --lines_left_;
  if (held_back_ == 0) {
    log_.warning(text);
    return;
  }
  log_.warning(std::string{text} + " (" + std::to_string(held_back_) + " more refusals before it were not logged)");
  held_back_ = 0;
}

}  // namespace gangway::tls
