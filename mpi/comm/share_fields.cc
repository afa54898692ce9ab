#include "mpi/comm/share_fields.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <list>
#include <mutex>
#include <numeric>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "lib/base/contract.h"
#include "lib/base/error.h"
#include "lib/base/stopwatch.h"
#include "lib/base/text.h"
#include "mpi/comm/field_scheduler.h"
#include "mpi/comm/native.h"

namespace faintweb::comm {
namespace {

enum Tag : int { tag_header = 21, tag_pixels, tag_news, tag_report };

// What rank 0 sends in place of a field's number.
constexpr std::int64_t no_more_fields = -1;
constexpr std::int64_t still_there = -2;

enum class News : std::int64_t { begun, finished, asked_to_stop, unreadable };
/// A report ends with one of these.
constexpr char more_to_come = '+';
constexpr char last_report = '.';
/// What a rank tells rank 0: the kind, and the field.
using NewsMessage = std::array<std::int64_t, 2>;

using Clock = std::chrono::steady_clock;

bool is_overdue(Clock::time_point heard, double lease_s) {
    return lease_s > 0 && std::chrono::duration<double>(Clock::now() - heard).count() > lease_s;
}

[[noreturn]] void throw_silent(int rank, double lease_s) {
    throw base::Error(base::ExitCode::interrupted,
                      base::text("nothing was heard of rank ",
                                 rank,
                                 " for ",
                                 lease_s,
                                 " s (it is stopped, or its host is not there), run again to go "
                                 "on"));
}

/// Waits for a message to or from a rank no longer than the lease: its host may have gone.
void finish(MPI_Request& request, int rank, double lease_s) {
    const Clock::time_point start = Clock::now();
    for (;;) {
        int is_finished = 0;
        check_mpi(MPI_Test(&request, &is_finished, MPI_STATUS_IGNORE), "MPI_Test");
        if (is_finished != 0) {
            return;
        }
        if (is_overdue(start, lease_s)) {
            throw_silent(rank, lease_s);
        }
        std::this_thread::yield();
    }
}

/// The threads that work on the fields of this rank, fed and asked by the thread that calls MPI.
class Workers {
  public:
    struct Event {
        NewsMessage message{};
        std::string reason{};  ///< of an unreadable field
    };

    Workers(int n_threads, const FieldWork& field_work) : field_work_(field_work) {
        for (int i = 0; i < n_threads; ++i) {
            threads_.emplace_back([this](const std::stop_token& stop) { run(stop); });
        }
    }

    /// @param pixels  none: they are to be read here.
    void add(std::int64_t field, std::optional<std::vector<float>> pixels) {
        const std::scoped_lock lock(mutex_);
        waiting_.emplace_back(field, std::move(pixels));
        is_fed_.notify_one();
    }

    /// What has happened since the last call, in its order. Rethrows what the work threw.
    std::vector<Event> take_news() {
        const std::scoped_lock lock(mutex_);
        if (failure_) {
            std::rethrow_exception(failure_);
        }
        n_taken_ = n_begun_;
        return std::exchange(news_, {});
    }

    /// The news has been passed on: what it says was begun is worked on from now on.
    void release() {
        const std::scoped_lock lock(mutex_);
        n_released_ = n_taken_;
        is_released_.notify_all();
    }

  private:
    Event work_on(std::int64_t field, std::optional<std::vector<float>> pixels) {
        if (!pixels) {
            try {
                pixels = field_work_.read(field);
            } catch (const base::InputError& error) {
                return {{static_cast<std::int64_t>(News::unreadable), field}, error.what()};
            }
        }
        field_work_.work(field, std::move(*pixels));
        return {{static_cast<std::int64_t>(News::finished), field}};
    }

    void run(const std::stop_token& stop) {
        for (;;) {
            std::unique_lock lock(mutex_);
            is_fed_.wait(lock, stop, [this] { return !waiting_.empty(); });
            if (stop.stop_requested()) {
                return;
            }
            auto [field, pixels] = std::move(waiting_.front());
            waiting_.pop_front();
            news_.push_back({{static_cast<std::int64_t>(News::begun), field}});
            const std::int64_t number = ++n_begun_;
            if (!is_released_.wait(lock, stop, [&] { return n_released_ >= number; })) {
                return;
            }
            lock.unlock();
            Event event;
            try {
                event = work_on(field, std::move(pixels));
            } catch (...) {
                lock.lock();
                failure_ = std::current_exception();
                return;
            }
            lock.lock();
            news_.push_back(std::move(event));
        }
    }

    const FieldWork& field_work_;
    std::mutex mutex_;
    std::condition_variable_any is_fed_;
    std::condition_variable_any is_released_;
    std::int64_t n_begun_ = 0;
    std::int64_t n_taken_ = 0;
    std::int64_t n_released_ = 0;
    std::deque<std::pair<std::int64_t, std::optional<std::vector<float>>>> waiting_;
    std::vector<Event> news_;
    std::exception_ptr failure_;
    std::vector<std::jthread> threads_;  // last: they use all of the above
};

/// A field on its way; the buffers live until MPI has taken them.
struct Send {
    int rank;
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
        send.rank = rank;
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

    void finish_all(double lease_s) {
        for (Send& send : sends_) {
            for (MPI_Request& request : send.requests) {
                finish(request, send.rank, lease_s);
            }
        }
        sends_.clear();
    }

  private:
    MPI_Comm comm_;
    std::list<Send> sends_;
};

/// Rank 0 with other ranks, or the world of one (then without any MPI call).
class Leader {
  public:
    Leader(const Communicator& communicator,
           std::span<const std::int64_t> order,
           const ShareSettings& settings,
           const FieldWork& field_work)
        : comm_(communicator.size() > 1 ? comm_of(communicator) : MPI_COMM_NULL),
          n_ranks_(communicator.size()),
          settings_(settings),
          field_work_(field_work),
          n_at_once_(n_ranks_ == 1 || !settings.is_rank0_dedicated ? settings.n_at_once : 0),
          scheduler_(order, settings, communicator.gather(n_at_once_)),
          sender_(comm_),
          workers_(n_at_once_, field_work) {}

    std::vector<std::int64_t> run() {
        while (!scheduler_.is_closing()) {
            take_reports();
            const bool has_news = take_news();
            const bool has_handed_out = hand_out_one();
            if (!has_news && !has_handed_out) {
                std::this_thread::sleep_for(message_pause);
            }
        }
        for (int rank = 1; rank < n_ranks_; ++rank) {
            sender_.start(rank, no_more_fields, {});
            scheduler_.heard(rank, clock_.seconds());
        }
        if (field_work_.report) {
            field_work_.take_reports(field_work_.report(/*is_last=*/true));
        }
        while (!scheduler_.is_over()) {
            if (!take_reports()) {
                std::this_thread::sleep_for(message_pause);
            }
        }
        sender_.finish_all(settings_.lease_s);
        return std::move(worked_here_);
    }

  private:
    void tell_progress() {
        if (field_work_.progress) {
            field_work_.progress(static_cast<std::int64_t>(scheduler_.n_ended()));
        }
    }

    /// @param reason  of an unreadable field, which is always rank 0's.
    void take(const NewsMessage& message, int from, const std::string& reason = "") {
        scheduler_.heard(from, clock_.seconds());
        const std::int64_t field = message[1];
        switch (static_cast<News>(message[0])) {
            case News::begun:
                if (field_work_.begun) {
                    field_work_.begun(field, from);
                }
                return;
            case News::finished:
                scheduler_.ended(from);
                if (from == 0) {
                    worked_here_.push_back(field);
                }
                tell_progress();
                return;
            case News::asked_to_stop:
                scheduler_.stop();
                return;
            case News::unreadable:
                scheduler_.ended(from);
                field_work_.fail(field, reason);
                tell_progress();
                return;
        }
    }

    bool take_news() {
        bool is_any = false;
        for (int is_there = n_ranks_ > 1 ? 1 : 0; is_there != 0;) {
            MPI_Status status;
            check_mpi(MPI_Iprobe(MPI_ANY_SOURCE, tag_news, comm_, &is_there, &status),
                      "MPI_Iprobe");
            if (is_there != 0) {
                NewsMessage message{};
                check_mpi(MPI_Recv(message.data(),
                                   2,
                                   MPI_INT64_T,
                                   status.MPI_SOURCE,
                                   tag_news,
                                   comm_,
                                   MPI_STATUS_IGNORE),
                          "MPI_Recv");
                take(message, status.MPI_SOURCE);
                is_any = true;
            }
        }
        for (const Workers::Event& event : workers_.take_news()) {
            take(event.message, 0, event.reason);
            is_any = true;
        }
        workers_.release();
        if (field_work_.is_asked_to_stop && field_work_.is_asked_to_stop()) {
            scheduler_.stop();
        }
        return is_any;
    }

    /// Takes what ranks report, tells them that this one is still there, and looks for silent ones.
    bool take_reports() {
        bool is_any = false;
        // All that wait go on together: what they say then takes one flush.
        std::string reports;
        for (int is_there = n_ranks_ > 1 ? 1 : 0; is_there != 0;) {
            MPI_Status status;
            check_mpi(MPI_Iprobe(MPI_ANY_SOURCE, tag_report, comm_, &is_there, &status),
                      "MPI_Iprobe");
            if (is_there != 0) {
                reports += receive_report(status);
                is_any = true;
            }
        }
        if (field_work_.report && !scheduler_.is_closing()) {
            reports += field_work_.report(/*is_last=*/false);
        }
        if (!reports.empty()) {
            field_work_.take_reports(reports);
        }
        sender_.forget_finished();
        if (settings_.lease_s > 0 && n_ranks_ > 1) {
            keep_in_touch();
        }
        return is_any;
    }

    std::string receive_report(const MPI_Status& status) {
        int n_bytes = 0;
        check_mpi(MPI_Get_count(&status, MPI_BYTE, &n_bytes), "MPI_Get_count");
        std::string report(static_cast<std::size_t>(n_bytes), '\0');
        MPI_Request request = MPI_REQUEST_NULL;
        check_mpi(
            MPI_Irecv(
                report.data(), n_bytes, MPI_BYTE, status.MPI_SOURCE, tag_report, comm_, &request),
            "MPI_Irecv");
        finish(request, status.MPI_SOURCE, settings_.lease_s);
        scheduler_.heard(status.MPI_SOURCE, clock_.seconds());
        if (report.back() == last_report) {
            scheduler_.reported_last(status.MPI_SOURCE);
        }
        report.pop_back();
        return report;
    }

    void keep_in_touch() {
        const double now_s = clock_.seconds();
        if (const std::optional<int> rank = scheduler_.silent(now_s)) {
            throw_silent(*rank, settings_.lease_s);
        }
        if (now_s - last_beat_s_ > settings_.lease_s / 4) {
            last_beat_s_ = now_s;
            for (int r = 1; r < n_ranks_; ++r) {
                if (!scheduler_.is_closing()) {
                    sender_.start(r, still_there, {});
                }
            }
        }
    }

    bool hand_out_one() {
        const std::optional<FieldScheduler::HandOut> next =
            sender_.is_full() ? std::nullopt : scheduler_.next();
        if (!next) {
            return false;
        }
        const auto [rank, field] = *next;
        std::vector<float> pixels;
        if (rank > 0) {
            try {
                pixels = field_work_.read(field);
            } catch (const base::InputError& error) {
                scheduler_.unreadable();
                field_work_.fail(field, error.what());
                tell_progress();
                return true;
            }
        }
        scheduler_.given(rank, clock_.seconds());
        if (rank == 0) {
            workers_.add(field, std::nullopt);
        } else {
            sender_.start(rank, field, std::move(pixels));
        }
        return true;
    }

    MPI_Comm comm_;
    int n_ranks_;
    const ShareSettings& settings_;
    const FieldWork& field_work_;
    int n_at_once_;  ///< of rank 0
    FieldScheduler scheduler_;
    const base::Stopwatch clock_;
    double last_beat_s_ = 0;
    std::vector<std::int64_t> worked_here_;
    Sender sender_;
    Workers workers_;  // last: its threads may still be at work while the others go
};

/// Any other rank.
class Follower {
  public:
    Follower(const Communicator& communicator,
             const ShareSettings& settings,
             const FieldWork& field_work)
        : comm_(comm_of(communicator)),
          settings_(settings),
          field_work_(field_work),
          workers_(settings.n_at_once, field_work) {
        communicator.gather(settings.n_at_once);
    }

    std::vector<std::int64_t> run() {
        while (!is_over_) {
            const bool has_told = tell_news();
            report();
            if (!take_message() && !has_told) {
                std::this_thread::sleep_for(message_pause);
            }
        }
        // Always one: rank 0 waits for it.
        send_report((field_work_.report ? field_work_.report(/*is_last=*/true) : "") + last_report);
        return std::move(worked_here_);
    }

  private:
    void tell(const NewsMessage& message) {
        send(message.data(), message.size(), MPI_INT64_T, tag_news);
    }

    bool tell_news() {
        const std::vector<Workers::Event> news = workers_.take_news();
        for (const auto& [message, reason] : news) {
            if (message[0] == static_cast<std::int64_t>(News::finished)) {
                worked_here_.push_back(message[1]);
            }
            tell(message);
        }
        workers_.release();
        if (!has_asked_to_stop_ && field_work_.is_asked_to_stop && field_work_.is_asked_to_stop()) {
            has_asked_to_stop_ = true;
            tell({static_cast<std::int64_t>(News::asked_to_stop), 0});
        }
        return !news.empty();
    }

    void report() {
        if (field_work_.report) {
            const std::string report = field_work_.report(/*is_last=*/false);
            if (!report.empty()) {
                send_report(report + more_to_come);
            }
        }
    }

    void send_report(const std::string& report) {
        send(report.data(), report.size(), MPI_BYTE, tag_report);
    }

    void send(const void* data, std::size_t n, MPI_Datatype type, int tag) {
        MPI_Request request = MPI_REQUEST_NULL;
        check_mpi(MPI_Isend(data, static_cast<int>(n), type, 0, tag, comm_, &request), "MPI_Isend");
        finish(request, 0, settings_.lease_s);
    }

    void receive(void* data, std::size_t n, MPI_Datatype type, int tag) {
        MPI_Request request = MPI_REQUEST_NULL;
        check_mpi(MPI_Irecv(data, static_cast<int>(n), type, 0, tag, comm_, &request), "MPI_Irecv");
        finish(request, 0, settings_.lease_s);
    }

    bool take_message() {
        int is_there = 0;
        check_mpi(MPI_Iprobe(0, tag_header, comm_, &is_there, MPI_STATUS_IGNORE), "MPI_Iprobe");
        if (is_there == 0) {
            if (is_overdue(heard_, settings_.lease_s)) {
                throw_silent(0, settings_.lease_s);
            }
            return false;
        }
        heard_ = Clock::now();
        std::array<std::int64_t, 2> header{};
        receive(header.data(), header.size(), MPI_INT64_T, tag_header);
        std::vector<float> pixels(static_cast<std::size_t>(header[1]));
        receive(pixels.data(), pixels.size(), MPI_FLOAT, tag_pixels);
        if (header[0] == no_more_fields) {
            is_over_ = true;
        } else if (header[0] != still_there) {
            workers_.add(header[0], std::move(pixels));
        }
        return true;
    }

    MPI_Comm comm_;
    const ShareSettings& settings_;
    const FieldWork& field_work_;
    std::vector<std::int64_t> worked_here_;
    bool is_over_ = false;
    bool has_asked_to_stop_ = false;
    Clock::time_point heard_ = Clock::now();
    Workers workers_;  // last: its threads may still be at work while the others go
};

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
    FAINTWEB_EXPECTS(settings.credits >= 1 && settings.n_at_once >= 1);
    return communicator.is_root() ? Leader(communicator, order, settings, field_work).run()
                                  : Follower(communicator, settings, field_work).run();
}

}  // namespace faintweb::comm
