#include "mpi/share_fields.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <list>
#include <mutex>
#include <numeric>
#include <thread>
#include <utility>

#include "lib/base/contract.h"
#include "lib/base/error.h"
#include "mpi/native.h"

namespace faintweb::mpi {
namespace {

enum Tag : int { tag_header = 21, tag_pixels, tag_done };
constexpr std::int64_t no_more_fields = -1;
/// Pause of a rank's message loop when there is nothing to do: short against a field (> 10 ms),
/// long enough to leave the core to the work.
constexpr auto pause = std::chrono::microseconds(200);
/// Fields that rank 0 holds in memory on their way to other ranks.
constexpr std::size_t max_sends_in_flight = 8;

/// The thread that works on the fields of this rank, fed and asked by the thread that calls MPI.
class Worker {
  public:
    explicit Worker(const std::function<void(std::int64_t, std::vector<float>)>& work)
        : thread_([this, &work](const std::stop_token& stop) { run(stop, work); }) {}

    void add(std::int64_t field, std::vector<float> pixels) {
        const std::scoped_lock lock(mutex_);
        waiting_.emplace_back(field, std::move(pixels));
        is_fed_.notify_one();
    }

    /// Fields finished since the last call. Rethrows what the work threw.
    std::vector<std::int64_t> take_done() {
        const std::scoped_lock lock(mutex_);
        if (failure_) {
            std::rethrow_exception(failure_);
        }
        return std::exchange(done_, {});
    }

  private:
    void run(const std::stop_token& stop,
             const std::function<void(std::int64_t, std::vector<float>)>& work) {
        for (;;) {
            std::unique_lock lock(mutex_);
            is_fed_.wait(lock, stop, [this] { return !waiting_.empty(); });
            if (stop.stop_requested()) {
                return;
            }
            auto [field, pixels] = std::move(waiting_.front());
            waiting_.pop_front();
            lock.unlock();
            try {
                work(field, std::move(pixels));
            } catch (...) {
                lock.lock();
                failure_ = std::current_exception();
                return;
            }
            lock.lock();
            done_.push_back(field);
        }
    }

    std::mutex mutex_;
    std::condition_variable_any is_fed_;
    std::deque<std::pair<std::int64_t, std::vector<float>>> waiting_;
    std::vector<std::int64_t> done_;
    std::exception_ptr failure_;
    std::jthread thread_;  // last: it uses all of the above
};

/// A field on its way; the buffers live until MPI has taken them.
struct Send {
    std::array<std::int64_t, 2> header;
    std::vector<float> pixels;
    std::array<MPI_Request, 2> requests;
};

class Sender {
  public:
    explicit Sender(MPI_Comm comm) : comm_(comm) {}

    bool is_full() const { return sends_.size() >= max_sends_in_flight; }

    void start(int rank, std::int64_t field, std::vector<float> pixels) {
        Send& send = sends_.emplace_back();
        send.header = {field, static_cast<std::int64_t>(pixels.size())};
        send.pixels = std::move(pixels);
        check_mpi(
            MPI_Isend(
                send.header.data(), 2, MPI_INT64_T, rank, tag_header, comm_, send.requests.data()),
            "MPI_Isend");
        check_mpi(MPI_Isend(send.pixels.data(),
                            static_cast<int>(send.pixels.size()),
                            MPI_FLOAT,
                            rank,
                            tag_pixels,
                            comm_,
                            &send.requests[1]),
                  "MPI_Isend");
    }

    void forget_finished() {
        std::erase_if(sends_, [](Send& send) {
            int is_finished = 0;
            check_mpi(MPI_Testall(2, send.requests.data(), &is_finished, MPI_STATUSES_IGNORE),
                      "MPI_Testall");
            return is_finished != 0;
        });
    }

    void wait_all() {
        for (Send& send : sends_) {
            check_mpi(MPI_Waitall(2, send.requests.data(), MPI_STATUSES_IGNORE), "MPI_Waitall");
        }
        sends_.clear();
    }

  private:
    MPI_Comm comm_;
    std::list<Send> sends_;
};

/// Rank 0 with other ranks, or the world of one (then without any MPI call).
std::vector<std::int64_t> lead(const Communicator& communicator,
                               std::span<const std::int64_t> order,
                               const ShareSettings& settings,
                               const FieldWork& field_work) {
    const int n_ranks = communicator.size();
    const bool is_worker = n_ranks == 1 || !settings.is_rank0_dedicated;
    const MPI_Comm comm = n_ranks > 1 ? comm_of(communicator) : MPI_COMM_NULL;
    std::vector<int> n_held(static_cast<std::size_t>(n_ranks), 0);
    std::vector<std::int64_t> worked_here;
    Sender sender(comm);
    Worker worker(field_work.work);
    std::size_t n_handed_out = 0;
    std::size_t n_ended = 0;

    const auto end_one = [&] {
        ++n_ended;
        if (field_work.progress) {
            field_work.progress(static_cast<std::int64_t>(n_ended));
        }
    };
    // The rank that holds fewest; rank 0 only when no other holds as few.
    const auto hungriest = [&] {
        int best = -1;
        for (int rank = n_ranks - 1; rank >= (is_worker ? 0 : 1); --rank) {
            const int held = n_held[static_cast<std::size_t>(rank)];
            if (held < settings.credits &&
                (best < 0 || held < n_held[static_cast<std::size_t>(best)])) {
                best = rank;
            }
        }
        return best;
    };
    const auto take_answers = [&] {
        bool is_any = false;
        for (int is_there = n_ranks > 1 ? 1 : 0; is_there != 0;) {
            MPI_Status status;
            check_mpi(MPI_Iprobe(MPI_ANY_SOURCE, tag_done, comm, &is_there, &status), "MPI_Iprobe");
            if (is_there != 0) {
                std::int64_t field = 0;
                check_mpi(MPI_Recv(&field,
                                   1,
                                   MPI_INT64_T,
                                   status.MPI_SOURCE,
                                   tag_done,
                                   comm,
                                   MPI_STATUS_IGNORE),
                          "MPI_Recv");
                --n_held[static_cast<std::size_t>(status.MPI_SOURCE)];
                end_one();
                is_any = true;
            }
        }
        for (const std::int64_t field : worker.take_done()) {
            worked_here.push_back(field);
            --n_held[0];
            end_one();
            is_any = true;
        }
        return is_any;
    };
    const auto hand_out_one = [&] {
        const int rank = n_handed_out < order.size() && !sender.is_full() ? hungriest() : -1;
        if (rank < 0) {
            return false;
        }
        const std::int64_t field = order[n_handed_out++];
        std::vector<float> pixels;
        try {
            pixels = field_work.read(field);
        } catch (const base::InputError& error) {
            field_work.fail(field, error.what());
            end_one();
            return true;
        }
        ++n_held[static_cast<std::size_t>(rank)];
        if (rank == 0) {
            worker.add(field, std::move(pixels));
        } else {
            sender.start(rank, field, std::move(pixels));
        }
        return true;
    };

    while (n_ended < order.size()) {
        const bool has_answers = take_answers();
        const bool has_handed_out = hand_out_one();
        sender.forget_finished();
        if (!has_answers && !has_handed_out) {
            std::this_thread::sleep_for(pause);
        }
    }
    for (int rank = 1; rank < n_ranks; ++rank) {
        sender.start(rank, no_more_fields, {});
    }
    sender.wait_all();
    return worked_here;
}

std::vector<std::int64_t> follow(const Communicator& communicator, const FieldWork& field_work) {
    const MPI_Comm comm = comm_of(communicator);
    std::vector<std::int64_t> worked_here;
    Worker worker(field_work.work);
    for (;;) {
        bool is_idle = true;
        for (const std::int64_t field : worker.take_done()) {
            worked_here.push_back(field);
            check_mpi(MPI_Send(&field, 1, MPI_INT64_T, 0, tag_done, comm), "MPI_Send");
            is_idle = false;
        }
        int is_there = 0;
        check_mpi(MPI_Iprobe(0, tag_header, comm, &is_there, MPI_STATUS_IGNORE), "MPI_Iprobe");
        if (is_there != 0) {
            std::array<std::int64_t, 2> header{};
            check_mpi(
                MPI_Recv(header.data(), 2, MPI_INT64_T, 0, tag_header, comm, MPI_STATUS_IGNORE),
                "MPI_Recv");
            std::vector<float> pixels(static_cast<std::size_t>(header[1]));
            check_mpi(MPI_Recv(pixels.data(),
                               static_cast<int>(pixels.size()),
                               MPI_FLOAT,
                               0,
                               tag_pixels,
                               comm,
                               MPI_STATUS_IGNORE),
                      "MPI_Recv");
            if (header[0] == no_more_fields) {
                return worked_here;
            }
            worker.add(header[0], std::move(pixels));
            is_idle = false;
        }
        if (is_idle) {
            std::this_thread::sleep_for(pause);
        }
    }
}

}  // namespace

std::vector<std::int64_t> largest_first(std::span<const std::int64_t> n_pixels) {
    std::vector<std::int64_t> order(n_pixels.size());
    std::iota(order.begin(), order.end(), std::int64_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
        return n_pixels[static_cast<std::size_t>(a)] > n_pixels[static_cast<std::size_t>(b)];
    });
    return order;
}

std::vector<std::int64_t> share_fields(const Communicator& communicator,
                                       std::span<const std::int64_t> order,
                                       const ShareSettings& settings,
                                       const FieldWork& field_work) {
    FAINTWEB_EXPECTS(settings.credits >= 1);
    return communicator.is_root() ? lead(communicator, order, settings, field_work)
                                  : follow(communicator, field_work);
}

}  // namespace faintweb::mpi
