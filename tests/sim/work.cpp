#include "sim/work.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/check.hpp"
#include "wire/codec.hpp"

namespace gangway::sim {

namespace {

template <std::size_t N>
base::ByteVector bytes_of_numbers(const std::array<std::uint64_t, N>& numbers, std::size_t bytes) {
  base::ByteVector result(std::max(bytes, sizeof numbers));
  std::memcpy(result.data(), numbers.data(), sizeof numbers);
  return result;
}

template <std::size_t N>
std::array<std::uint64_t, N> numbers_of(const base::SharedBytes& bytes) {
  std::array<std::uint64_t, N> numbers{};
  GANGWAY_CHECK(bytes.size() >= sizeof numbers, "a simulated value is too short");
  std::memcpy(numbers.data(), bytes.view().data(), sizeof numbers);
  return numbers;
}

/// Mostly short, some long, a few very long: the mix that makes placement hard.
base::Duration mixed_run(Random& random) {
  const std::uint64_t kind = random.below(10);
  if (kind < 7) return random.span(base::microseconds(2), base::microseconds(60));
  if (kind < 9) return random.span(base::microseconds(100), base::milliseconds(2));
  return random.span(base::milliseconds(5), base::milliseconds(50));
}

Work some_run(const Scenario& scenario, Random& random) {
  Work work;
  work.run = mixed_run(random);
  work.token = random.next();
  work.argument_bytes = static_cast<std::uint32_t>(random.below(scenario.payload_bytes + 1));
  work.result_bytes = random.one_of<std::uint32_t>({8, 8 + scenario.payload_bytes / 2, 8 + scenario.payload_bytes});
  work.policy.at_most_once = random.chance(20);
  if (!work.policy.at_most_once) work.policy.retries = random.one_of<std::uint32_t>({0, 0, 1, 5});
  return work;
}

Work::Target some_target(Random& random) {
  return random.one_of<Work::Target>({Work::Target::one, Work::Target::some, Work::Target::all});
}

std::vector<Work> make_flood(const Scenario& scenario, Random& random) {
  std::vector<Work> all;
  const std::uint64_t count = random.between(1, 2 * scenario.work_max);
  for (std::uint64_t i = 0; i < count; ++i) all.push_back(some_run(scenario, random));
  return all;
}

std::vector<Work> make_counters(const Scenario& scenario, Random& random) {
  std::vector<Work> all;
  const std::uint64_t count = random.between(1, scenario.work_max);
  for (std::uint64_t i = 0; i < count; ++i) {
    Work work = some_run(scenario, random);
    if (random.chance(20)) {
      all.push_back(work);
      continue;
    }
    work.kind = random.chance(5) ? Work::Kind::unknown : Work::Kind::count;
    work.target = some_target(random);
    work.run = random.chance(90) ? random.span(base::microseconds(1), base::microseconds(30)) : mixed_run(random);
    all.push_back(work);
  }
  return all;
}

std::vector<Work> make_map(const Scenario& scenario, std::uint64_t client, Random& random) {
  std::vector<Work> all;
  std::vector<std::string> names;
  const auto push = [&](const std::string& name, Work::Target target) {
    Work work = some_run(scenario, random);
    work.kind = Work::Kind::push;
    work.target = target;
    work.names = {name};
    work.run = random.span(base::microseconds(1), base::microseconds(100));
    all.push_back(work);
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  push("genome" + std::to_string(client), Work::Target::all);
  const std::uint64_t count = random.between(1, scenario.work_max);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t kind = random.below(20);
    Work work = some_run(scenario, random);
    if (kind == 0) {
      push("extra" + std::to_string(client) + "_" + std::to_string(random.below(3)), some_target(random));
      continue;
    }
    if (kind == 1) {
      work.kind = Work::Kind::missing;
      work.names = {names.front(), "nowhere"};
    } else if (kind == 2) {
      work.kind = Work::Kind::pull;
      work.names = {names.front()};
      work.target = Work::Target::all;
    } else if (kind > 3) {
      work.kind = Work::Kind::chunk;
      work.names = {random.one_of(names)};
    }
    all.push_back(work);
  }
  if (random.chance(50)) {
    // Not before the chunks are done: a chunk on its way to the value's end would rightly fail.
    Work erase = some_run(scenario, random);
    erase.kind = Work::Kind::erase;
    erase.names = {names.front()};
    erase.target = Work::Target::all;
    erase.after_all = true;
    all.push_back(erase);
    Work late = some_run(scenario, random);
    late.kind = Work::Kind::missing;
    late.names = {names.front()};
    late.after_all = true;
    all.push_back(late);
  }
  return all;
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += name + " ";
  return text;
}

const char* function_of(Work::Kind kind) {
  switch (kind) {
    case Work::Kind::count:
      return "count";
    case Work::Kind::chunk:
    case Work::Kind::missing:
      return "chunk";
    case Work::Kind::erase:
      return "erase";
    case Work::Kind::push:
      return "push";
    default:
      return "run";
  }
}

}  // namespace

base::SharedBytes encode(const CallArguments& arguments, std::size_t bytes) {
  return base::SharedBytes{bytes_of_numbers<5>(
      {arguments.run_ns, arguments.token, arguments.result_bytes, arguments.client, arguments.sequence}, bytes)};
}

CallArguments decode_arguments(const base::SharedBytes& bytes) {
  const auto numbers = numbers_of<5>(bytes);
  return {numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]};
}

base::SharedBytes encode(const Count& count) {
  return base::SharedBytes{bytes_of_numbers<2>({count.incarnation, count.value}, 0)};
}

Count decode_count(const base::SharedBytes& bytes) {
  const auto numbers = numbers_of<2>(bytes);
  return {numbers[0], numbers[1]};
}

base::SharedBytes result_for(std::uint64_t token, std::size_t bytes) {
  return base::SharedBytes{bytes_of_numbers<1>({token * 0x9e3779b97f4a7c15U}, bytes)};
}

std::string label_for(const Work& work, std::uint64_t sequence) {
  switch (work.kind) {
    case Work::Kind::count:
    case Work::Kind::push:
      return function_of(work.kind);
    case Work::Kind::pull:
      return "pull " + std::to_string(sequence);
    default:
      return function_of(work.kind) + std::string{" "} + std::to_string(work.result_bytes);
  }
}

base::SharedBytes operation_for(const Work& work, const wire::ModuleHash& module, std::uint64_t client,
                                std::uint64_t sequence) {
  const auto run_ns = static_cast<std::uint64_t>(work.run.ns);
  const base::SharedBytes bulk =
      encode(CallArguments{run_ns, work.token, work.result_bytes, client, sequence}, work.argument_bytes);
  wire::Operation operation;
  if (work.kind == Work::Kind::push) {
    operation = wire::Push{work.names.front(), {}};
  } else if (work.kind == Work::Kind::pull) {
    operation = wire::Pull{work.names.front()};
    return base::SharedBytes{wire::encode_operation(operation, 0)};
  } else {
    operation = wire::Call{{module, 0, function_of(work.kind), joined(work.names)}, {}};
  }
  base::ByteVector bytes = wire::encode_operation(operation, bulk.size());
  std::copy(bulk.view().begin(), bulk.view().end(), bytes.end() - static_cast<std::ptrdiff_t>(bulk.size()));
  return base::SharedBytes{std::move(bytes)};
}

wire::ModuleHash module_of(const base::SharedBytes& bytes) {
  const wire::Operation operation = wire::decode_operation(bytes).value();
  const auto* call = std::get_if<wire::Call>(&operation);
  return call == nullptr ? wire::ModuleHash{} : call->function.module;
}

std::vector<Work> make_work(const Scenario& scenario, std::uint64_t client, Random& random) {
  Workload workload = scenario.workload;
  if (workload == Workload::mixed) {
    workload = random.one_of<Workload>({Workload::flood, Workload::counters, Workload::map});
  }
  switch (workload) {
    case Workload::flood:
      return make_flood(scenario, random);
    case Workload::counters:
      return make_counters(scenario, random);
    case Workload::map:
    case Workload::mixed:
      return make_map(scenario, client, random);
  }
  return {};
}

}  // namespace gangway::sim
