// A set of MPI requests under way, each with what must stay alive until it is done.
#pragma once

#include <mpi.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

#include "mpi/check.hpp"

namespace gangway::mpi {

/// Cancels a receive. True if it is over and its memory is free again; false if MPI still holds it, because a message
/// has matched: then the request is given up and the memory must stay for ever.
inline bool take_back_receive(MPI_Request request) {
  check_mpi(MPI_Cancel(&request), "MPI_Cancel");
  int done = 0;
  for (int attempt = 0; attempt < 3 && done == 0; ++attempt) {
    check_mpi(MPI_Test(&request, &done, MPI_STATUS_IGNORE), "MPI_Test");
  }
  if (done == 0) check_mpi(MPI_Request_free(&request), "MPI_Request_free");
  return done != 0;
}

/// Requests and, for each, a T. The order is of no importance.
template <class T>
class Requests {
 public:
  [[nodiscard]] bool empty() const { return requests_.empty(); }

  void add(MPI_Request request, T content) {
    requests_.push_back(request);
    contents_.push_back(std::move(content));
  }

  /// Removes those that are done and returns what belonged to them. It lets MPI progress.
  std::vector<T> take_done() {
    std::vector<T> done;
    if (requests_.empty()) return done;
    indices_.resize(requests_.size());
    int count = 0;
    check_mpi(MPI_Testsome(static_cast<int>(requests_.size()), requests_.data(), &count, indices_.data(),
                           MPI_STATUSES_IGNORE),
              "MPI_Testsome");
    indices_.resize(static_cast<std::size_t>(std::max(count, 0)));
    std::sort(indices_.begin(), indices_.end(), std::greater<>{});
    for (const int index : indices_) done.push_back(remove(static_cast<std::size_t>(index)).second);
    return done;
  }

  /// Removes those whose content fulfils `chosen` and returns them; they are still under way.
  template <class Chosen>
  std::vector<std::pair<MPI_Request, T>> take_if(Chosen chosen) {
    std::vector<std::pair<MPI_Request, T>> taken;
    for (std::size_t i = requests_.size(); i-- > 0;) {
      if (chosen(contents_[i])) taken.push_back(remove(i));
    }
    return taken;
  }

 private:
  std::pair<MPI_Request, T> remove(std::size_t index) {
    std::pair<MPI_Request, T> removed{requests_[index], std::move(contents_[index])};
    requests_[index] = requests_.back();
    if (index + 1 != contents_.size()) contents_[index] = std::move(contents_.back());
    requests_.pop_back();
    contents_.pop_back();
    return removed;
  }

  std::vector<MPI_Request> requests_;
  std::vector<T> contents_;
  std::vector<int> indices_;
};

/// Keeps `content` alive until the process ends: MPI may still read or write it on behalf of a rank that is gone.
template <class T>
void keep_for_ever(T content) {
  [[maybe_unused]] const auto* kept = new T{std::move(content)};
}

}  // namespace gangway::mpi
