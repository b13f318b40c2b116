#include "contract/store_contract.hpp"
#include "contract/store_queries_contract.hpp"

namespace gangway::core {
namespace {

struct MakeMemoryStore {
  std::unique_ptr<Store> operator()() const { return std::make_unique<MemoryStore>(); }
  void settle(Store&) const {}
  void reopen(std::unique_ptr<Store>&) const {}
};

INSTANTIATE_TYPED_TEST_SUITE_P(Memory, StoreContract, MakeMemoryStore);
INSTANTIATE_TYPED_TEST_SUITE_P(Memory, StoreQueries, MakeMemoryStore);

}  // namespace
}  // namespace gangway::core
