#include "core/prerequisites.hpp"

namespace gangway::core {

using wire::Condition;

Verdict note_end(Unmet& unmet, TaskId part, bool succeeded) {
  unmet.parts.erase(part);
  if (unmet.condition == Condition::succeeded && !succeeded) return Verdict::missed;
  // One failure makes the whole an operation that failed, when the others have ended too.
  if (unmet.condition == Condition::failed && !succeeded) unmet.condition = Condition::ended;
  if (!unmet.parts.empty()) return Verdict::open;
  return unmet.condition == Condition::failed ? Verdict::missed : Verdict::met;
}

Judged judge(const Prerequisite& prerequisite) {
  Judged judged;
  judged.unmet.condition = prerequisite.condition;
  for (const Awaited& part : prerequisite.parts) judged.unmet.parts.insert(judged.unmet.parts.end(), part.task);
  if (judged.unmet.parts.empty()) return judged;
  judged.verdict = Verdict::open;
  for (const Awaited& part : prerequisite.parts) {
    if (!part.succeeded) continue;
    judged.verdict = note_end(judged.unmet, part.task, *part.succeeded);
    judged.culprit = part.task;
    if (judged.verdict == Verdict::missed) break;
  }
  return judged;
}

}  // namespace gangway::core
