#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "fuzz/target.hpp"

namespace gangway::fuzz {
namespace {

namespace fs = std::filesystem;
using testing::IsEmpty;
using testing::Not;

constexpr std::size_t corpus_bytes_max = 200'000;
constexpr std::size_t input_bytes_max = 8192;
constexpr int mutations = 20'000;

struct Named {
  const char* name;
  Target run;
};

constexpr Named targets[] = {{"client_message", client_message},
                             {"gateway_message", gateway_message},
                             {"link_message", link_message},
                             {"worker_message", worker_message},
                             {"frame", frame},
                             {"operation", operation},
                             {"archive", archive}};

std::vector<base::ByteVector> corpus_of(const std::string& target) {
  std::vector<fs::path> paths;
  for (const fs::directory_entry& entry : fs::directory_iterator{fs::path{GANGWAY_TEST_CORPUS} / target}) {
    paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<base::ByteVector> corpus;
  for (const fs::path& path : paths) {
    std::ifstream stream{path, std::ios::binary};
    const std::string content{std::istreambuf_iterator<char>{stream}, {}};
    const base::ByteView bytes = base::bytes_of(content);
    corpus.emplace_back(bytes.begin(), bytes.end());
  }
  return corpus;
}

std::string hex_of(base::ByteView bytes) {
  std::string text;
  for (const std::byte byte : bytes) {
    text += "0123456789abcdef"[std::to_integer<unsigned>(byte) / 16];
    text += "0123456789abcdef"[std::to_integer<unsigned>(byte) % 16];
  }
  return text;
}

/// Small damage of every kind, the same for the same seed.
class Mutator {
 public:
  explicit Mutator(const std::vector<base::ByteVector>& corpus) : corpus_{corpus} {}

  base::ByteVector next() {
    base::ByteVector input = one();
    for (std::size_t changes = 1 + below(4); changes > 0; --changes) change(input);
    input.resize(std::min(input.size(), input_bytes_max));
    return input;
  }

 private:
  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(random_() % bound); }
  const base::ByteVector& one() { return corpus_[below(corpus_.size())]; }
  auto place(const base::ByteVector& input) { return static_cast<std::ptrdiff_t>(below(input.size() + 1)); }

  void change(base::ByteVector& input) {
    switch (input.empty() ? 3 : below(6)) {
      case 0:  // one bit
        input[below(input.size())] ^= std::byte{1} << below(8);
        break;
      case 1: {  // a number where it hurts
        constexpr unsigned char telling[] = {0, 1, 2, 0x7f, 0x80, 0xfe, 0xff, 64};
        for (std::size_t at = below(input.size()), count = 1 + below(8); count > 0 && at < input.size();
             --count, ++at)
          input[at] = std::byte{telling[below(sizeof telling)]};
        break;
      }
      case 2:  // the end is missing
        input.resize(below(input.size()));
        break;
      case 3:  // bytes too many
        input.insert(input.begin() + place(input), 1 + below(9), static_cast<std::byte>(below(256)));
        break;
      case 4: {  // bytes too few
        const std::size_t at = below(input.size());
        const auto begin = input.begin() + static_cast<std::ptrdiff_t>(at);
        input.erase(begin,
                    begin + static_cast<std::ptrdiff_t>(1 + below(std::min<std::size_t>(8, input.size() - at))));
        break;
      }
      default: {  // another input's end
        const base::ByteVector& other = one();
        input.resize(below(input.size()));
        input.insert(input.end(), other.begin() + place(other), other.end());
      }
    }
  }

  const std::vector<base::ByteVector>& corpus_;
  std::mt19937_64 random_{20'260'101};
};

class Replay : public testing::TestWithParam<Named> {
 protected:
  static void run(base::ByteView input) {
    try {
      GetParam().run(input);
    } catch (const Broken& broken) {
      FAIL() << broken.what << "; the input is " << hex_of(input);
    } catch (const std::exception& error) {
      FAIL() << "it threw: " << error.what() << "; the input is " << hex_of(input);
    }
  }
};

TEST_P(Replay, of_the_corpus_holds) {
  const auto corpus = corpus_of(GetParam().name);
  ASSERT_THAT(corpus, Not(IsEmpty()));
  for (const base::ByteVector& input : corpus) run(input);
}

TEST_P(Replay, of_seeded_mutations_holds) {
  const auto corpus = corpus_of(GetParam().name);
  Mutator mutator{corpus};
  for (int i = 0; i < mutations && !HasFatalFailure(); ++i) run(mutator.next());
}

INSTANTIATE_TEST_SUITE_P(Target, Replay, testing::ValuesIn(targets),
                         [](const auto& tested) { return std::string{tested.param.name}; });

TEST(Corpus, is_small) {
  std::size_t bytes = 0;
  for (const Named& target : targets) {
    for (const base::ByteVector& input : corpus_of(target.name)) bytes += input.size();
  }
  EXPECT_LT(bytes, corpus_bytes_max);
}

}  // namespace
}  // namespace gangway::fuzz
