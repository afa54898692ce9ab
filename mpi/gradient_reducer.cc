#include "mpi/gradient_reducer.h"

#include <algorithm>
#include <vector>

#include "mpi/native.h"

namespace faintweb::mpi {
namespace {

class IdentityReducer final : public GradientReducer {
  public:
    void add(std::span<float> /*piece*/) override {}
    void finish() override {}
};

class HostReducer final : public GradientReducer {
  public:
    explicit HostReducer(const Communicator& communicator) : communicator_(communicator) {}

    void add(std::span<float> piece) override {
        constexpr std::size_t max_count = std::size_t{1} << 28;
        for (std::size_t first = 0; first < piece.size(); first += max_count) {
            const auto n = static_cast<int>(std::min(max_count, piece.size() - first));
            check_mpi(MPI_Iallreduce(MPI_IN_PLACE,
                                     piece.data() + first,
                                     n,
                                     MPI_FLOAT,
                                     MPI_SUM,
                                     comm_of(communicator_),
                                     &requests_.emplace_back()),
                      "MPI_Iallreduce");
        }
    }

    void finish() override {
        check_mpi(
            MPI_Waitall(static_cast<int>(requests_.size()), requests_.data(), MPI_STATUSES_IGNORE),
            "MPI_Waitall");
        requests_.clear();
    }

  private:
    Communicator communicator_;
    std::vector<MPI_Request> requests_;
};

}  // namespace

std::unique_ptr<GradientReducer> make_gradient_reducer(const Communicator& communicator) {
    if (communicator.size() == 1) {
        return std::make_unique<IdentityReducer>();
    }
    return std::make_unique<HostReducer>(communicator);
}

}  // namespace faintweb::mpi
