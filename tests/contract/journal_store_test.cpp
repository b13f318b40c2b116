#include <chrono>
#include <filesystem>
#include <thread>

#include "contract/store_contract.hpp"
#include "contract/store_queries_contract.hpp"
#include "journal/journal.hpp"
#include "support/scratch_directory.hpp"
#include "tls/digest.hpp"

namespace gangway::journal {
namespace {

struct MakeJournal {
  std::unique_ptr<core::Store> operator()() const {
    auto journal = Journal::open({.file = scratch->path() / "journal.sqlite", .hash = tls::sha256});
    if (!journal) throw std::runtime_error{journal.fault().text};
    return std::move(journal).value();
  }
  void settle(core::Store& store) const {
    while (static_cast<Journal&>(store).queued_records() > 0)
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  void reopen(std::unique_ptr<core::Store>& store) const {
    store.reset();
    store = (*this)();
  }
  std::shared_ptr<test::ScratchDirectory> scratch = std::make_shared<test::ScratchDirectory>();
};

}  // namespace
}  // namespace gangway::journal

namespace gangway::core {
namespace {
INSTANTIATE_TYPED_TEST_SUITE_P(Journal, StoreContract, journal::MakeJournal);
INSTANTIATE_TYPED_TEST_SUITE_P(Journal, StoreQueries, journal::MakeJournal);
}  // namespace
}  // namespace gangway::core
