// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

// How far detection scales: bench_scaling [gpu|cpu] [OPTION=VALUE...]
//
// A simulation, not a measurement: events in a queue around the FieldScheduler that rank 0 runs.
// Each worker rank has the stage times that one rank was measured to have. Rank 0 does one thing
// after the other, as share_fields does, and does not classify. What transfers share (rank 0's
// network, the file system as a whole and as one rank sees it) passes one after the other. Every
// rank is taken to be alone on its host. Prints a table for `windows` and one for `pixels`; the
// options and where their defaults are from are below.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <functional>
#include <map>
#include <numeric>
#include <queue>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/contract.h"
#include "lib/base/random.h"
#include "lib/catalogue/records.h"
#include "mpi/comm/field_scheduler.h"
#include "mpi/io/catalogue_file.h"
#include "mpi/pipeline/field_store.h"

namespace {

using namespace faintweb;
using Settings = std::map<std::string, double>;

struct Option {
    const char* name;
    double gpu;
    double cpu;
    const char* about;
};
// What is not assumed was measured, on an H200 with 16 cores or, for cpu and read_ms, on two Xeon
// cores with AMX, both with cosmodeep in bf16; message_us, scan_ns, total_us and how the merge is
// shared out on two EPYC cores.
constexpr Option options[] = {
    {"workers", 512, 512, "largest number of worker ranks"},
    {"fields", 1200, 200, "per worker rank"},
    {"rate", 445, 11.9, "fields/s of a rank from files in memory: detect --profile"},
    {"at_once", 16, 2, "fields that a rank works on at a time: its threads"},
    {"credits", 2, 2, "parallel.credits"},
    {"spread", .2, .2, "work on a field is more or less by up to this part, assumed"},
    {"read_ms", 4.5, 4.5, "one thread that reads a window in memory: field_stages"},
    {"message_us", 20, 20, "rank 0 per field: scatter at 7,000 fields/s, 4 ranks of one host"},
    {"scan_ns", 2.7, 2.7, "FieldScheduler per rank and round of rank 0, at 512 ranks"},
    {"fsync_ms", 2, 2, "flush of the journal or of a shard, assumed (0.3 on a local disk)"},
    {"latency_us", 2, 2, "of a message, assumed"},
    {"network_gb_s", 12, 12, "out of rank 0, assumed (100 Gbit/s)"},
    {"client_gb_s", 10, 10, "of the file system as one rank sees it, assumed"},
    {"disk_gb_s", 100, 100, "of the file system for all ranks together, assumed"},
    {"rows", 75, 75, "rows of /tiles per field: 3 % of its tiles, as in the paper"},
    {"merge_us", 50, 50,
     "a rank that copies a field to the catalogue: half of 0.12 s for 1,200 of 0.1.0"},
    {"verify_us", 50, 50, "a rank that reads back a field of another: the other half"},
    {"total_us", .5, .5, "rank 0 that checks /fields as a whole, per field"},
    {"start_s", .54, .54, "until the first field, one rank; taken to be the same for all numbers"},
};

constexpr double window_bytes = 16e6;
constexpr int n_epoch = static_cast<int>(pipeline::epoch_fields);
constexpr double pause_s = std::chrono::duration<double>(comm::message_pause).count();

struct Link {
    double bytes_per_s;
    double free_s = 0;
    double busy_s = 0;

    /// @return  when a transfer is through.
    double pass(double now_s, double n_bytes) {
        busy_s += n_bytes / bytes_per_s;
        return free_s = std::max(now_s, free_s) + n_bytes / bytes_per_s;
    }
};

struct Rank {
    Link client;  ///< to the file system
    std::deque<std::int64_t> waiting{};
    int n_at_work = 0;
    int n_unflushed = 0;
    double unflushed_since_s = 0;
    double flushed_s = 0;
};

enum class News { begun, finished, report, last_report };

struct Event {
    double time_s;
    std::int64_t number;  ///< order of events of the same time
    std::function<void()> happen;
    bool operator<(const Event& other) const {
        return std::pair(time_s, number) > std::pair(other.time_s, other.number);
    }
};

/// The greatest of named numbers.
const char* greatest(const std::vector<std::pair<double, const char*>>& all) {
    return std::max_element(all.begin(), all.end())->second;
}

class Simulation {
  public:
    Simulation(const Settings& settings, int n_workers, bool is_pixels)
        : settings_(settings),
          n_workers_(n_workers),
          is_pixels_(is_pixels),
          n_ended_(static_cast<std::size_t>(n_workers * of("fields"))),
          order_(n_ended_.size()),
          ranks_(static_cast<std::size_t>(n_workers + 1), {{1e9 * of("client_gb_s")}}),
          network_{1e9 * of("network_gb_s")},
          disk_{1e9 * of("disk_gb_s")},
          scheduler_(order_, {.credits = static_cast<int>(of("credits"))}, n_at_once()) {
        std::iota(order_.begin(), order_.end(), std::int64_t{0});
    }

    /// Prints a row of the table.
    void run() {
        at(0, [this] { lead(); });
        const double fields_s = run_events();
        FAINTWEB_EXPECTS(std::ranges::count(n_ended_, 1) == std::ssize(n_ended_));
        const double network = network_.busy_s / fields_s;
        const double disk = disk_.busy_s / fields_s;
        const double client = ranks_[is_pixels_ ? 0 : 1].client.busy_s / fields_s;
        const double workers = work_s_ / (n_workers_ * of("at_once") * fields_s);
        const double rank0 = rank0_busy_s_ / fields_s;
        const double n_batch = static_cast<double>(io::batch_bytes) / stored_bytes();
        for (int rank = 0; rank <= n_workers_; ++rank) {
            do_in_parts(n_fields() / (n_workers_ + 1), n_batch, [this, rank](double n) {
                return pass_disk(now_s_, rank, 2 * n * stored_bytes()) + 1e-6 * of("merge_us") * n;
            });
        }
        now_s_ = run_events() + 1e-3 * of("fsync_ms");
        for (int rank = 0; rank <= n_workers_; ++rank) {
            do_in_parts(n_fields() / (n_workers_ + 1), n_batch, [this, rank](double n) {
                return pass_disk(now_s_, rank, n * stored_bytes()) + 1e-6 * of("verify_us") * n;
            });
        }
        now_s_ = run_events() + 1e-6 * of("total_us") * n_fields();
        const double merge_s = now_s_ - fields_s;
        const double all_s = of("start_s") + now_s_;
        std::printf("| %d | %.0f | %.0f | %.0f | %.0f | %.0f | %.0f | %.0f | %s |\n", n_workers_,
                    n_fields() / fields_s, 100 * n_fields() / fields_s / (n_workers_ * of("rate")),
                    100 * rank0, 100 * network, 100 * disk, 100 * merge_s / all_s,
                    n_fields() / all_s,
                    greatest({{of("start_s"), "start"},
                              {fields_s, greatest({{workers, "workers"},
                                                   {rank0, "rank 0"},
                                                   {network, "network of rank 0"},
                                                   {disk, "file system"},
                                                   {client, "file system of one rank"}})},
                              {merge_s, "merge"}}));
    }

  private:
    double of(const char* option) const { return settings_.at(option); }
    double n_fields() const { return static_cast<double>(order_.size()); }
    Rank& rank_of(int rank) { return ranks_[static_cast<std::size_t>(rank)]; }

    std::vector<int> n_at_once() const {
        std::vector<int> n(ranks_.size(), static_cast<int>(of("at_once")));
        n.front() = 0;
        return n;
    }

    void at(double time_s, std::function<void()> happen) {
        events_.push({time_s, n_events_++, std::move(happen)});
    }

    /// @return  when the last has happened.
    double run_events() {
        while (!events_.empty()) {
            const Event event = events_.top();
            events_.pop();
            now_s_ = event.time_s;
            event.happen();
        }
        return now_s_;
    }

    double pass_disk(double time_s, int rank, double n_bytes) {
        return std::max(disk_.pass(time_s, n_bytes), rank_of(rank).client.pass(time_s, n_bytes));
    }

    double stored_bytes() const {
        return 32 + sizeof(catalogue::FieldRecord) + of("rows") * sizeof(catalogue::TileRecord) +
               2500 * sizeof(float);
    }

    /// One round of rank 0. A field costs it a hand-out, two pieces of news and a part of a report.
    void lead() {
        const double step_s = 1e-6 * of("message_us") / 4;
        double time_s = now_s_ + 1e-9 * of("scan_ns") * static_cast<double>(ranks_.size());
        bool is_idle = inbox_.empty();
        for (const auto& take : std::exchange(inbox_, {})) {
            time_s += take(step_s);
        }
        if (std::exchange(has_reports_, false) && n_journalled_ >= n_epoch) {
            n_journalled_ = 0;
            time_s += 1e-3 * of("fsync_ms");
        }
        const auto next = n_sends_ < comm::max_sends_in_flight ? scheduler_.next() : std::nullopt;
        if (next) {
            is_idle = false;
            scheduler_.given(next->rank, time_s);
            time_s = hand_out(next->rank, next->field, time_s + step_s);
        }
        if (scheduler_.is_closing() && !std::exchange(has_closed_, true)) {
            for (int rank = 1; rank <= n_workers_; ++rank) {
                time_s += step_s;
                at(time_s + 1e-6 * of("latency_us"),
                   [this, rank] { flush(rank, News::last_report); });
            }
        }
        rank0_busy_s_ += time_s - now_s_;
        at(is_idle ? time_s + pause_s : time_s, [this] {
            if (!scheduler_.is_over()) {
                lead();
            }
        });
    }

    /// @return  when rank 0 may go on.
    double hand_out(int rank, std::int64_t field, double time_s) {
        double sent_s = time_s;
        if (is_pixels_) {
            time_s = std::max(time_s + 1e-3 * of("read_ms"), pass_disk(time_s, 0, window_bytes));
            sent_s = network_.pass(time_s, window_bytes);
            ++n_sends_;
            at(sent_s, [this] { --n_sends_; });
        }
        at(sent_s + 1e-6 * of("latency_us"), [this, rank, field] {
            rank_of(rank).waiting.push_back(field);
            work(rank);
        });
        return time_s;
    }

    void work(int number) {
        Rank& rank = rank_of(number);
        FAINTWEB_EXPECTS(rank.n_at_work + std::ssize(rank.waiting) <=
                         static_cast<std::int64_t>(of("credits") * of("at_once")));
        for (; rank.n_at_work < of("at_once") && !rank.waiting.empty(); rank.waiting.pop_front()) {
            const std::int64_t field = rank.waiting.front();
            ++rank.n_at_work;
            tell(now_s_, number, News::begun);
            const double read_s = 1e-3 * of("read_ms");
            base::RandomStream random(1, base::Purpose::test, static_cast<std::uint64_t>(field));
            const double work_s = (of("at_once") / of("rate") - read_s) *
                                  (1 + of("spread") * (2 * random.uniform_double() - 1));
            work_s_ += work_s + (is_pixels_ ? 0 : read_s);
            const double begins_s =
                is_pixels_ ? now_s_
                           : std::max(now_s_ + read_s, pass_disk(now_s_, number, window_bytes));
            at(begins_s + work_s, [this, number, field] { end(number, field); });
        }
    }

    void end(int number, std::int64_t field) {
        ++n_ended_[static_cast<std::size_t>(field)];
        Rank& rank = rank_of(number);
        --rank.n_at_work;
        tell(now_s_, number, News::finished);
        if (rank.n_unflushed++ == 0) {
            rank.unflushed_since_s = now_s_;
        }
        if (rank.n_unflushed == n_epoch || now_s_ - rank.unflushed_since_s > pipeline::epoch_s) {
            flush(number, News::report);
        }
        work(number);
    }

    /// The shard of a rank; its threads work on meanwhile.
    void flush(int number, News news) {
        Rank& rank = rank_of(number);
        const int n = std::exchange(rank.n_unflushed, 0);
        rank.flushed_s = std::max(rank.flushed_s, now_s_);
        if (n > 0) {
            rank.flushed_s =
                pass_disk(rank.flushed_s, number, n * stored_bytes()) + 1e-3 * of("fsync_ms");
        }
        tell(rank.flushed_s, number, news, n);
    }

    /// Rank 0 takes it in its next round, which is longer by what the message gives.
    void tell(double time_s, int rank, News news, int n_fields = 1) {
        const auto take = [=, this](double step_s) {
            if (news == News::finished) {
                scheduler_.ended(rank);
                return step_s;
            }
            if (news == News::last_report) {
                scheduler_.reported_last(rank);
            }
            n_journalled_ += n_fields;
            has_reports_ = has_reports_ || news != News::begun;
            return step_s * n_fields;
        };
        at(time_s + 1e-6 * of("latency_us"), [this, take] { inbox_.emplace_back(take); });
    }

    /// @param until  when a part of n fields is done that is begun now.
    void do_in_parts(double n_left, double n_part, const std::function<double(double n)>& until) {
        if (n_left > 0) {
            const double n = std::min(n_left, n_part);
            at(until(n), [=, this] { do_in_parts(n_left - n, n_part, until); });
        }
    }

    const Settings& settings_;
    int n_workers_;
    bool is_pixels_;
    std::vector<int> n_ended_;  ///< [fields] how often
    std::vector<std::int64_t> order_;
    std::vector<Rank> ranks_;
    Link network_;
    Link disk_;
    comm::FieldScheduler scheduler_;
    std::priority_queue<Event> events_;
    std::int64_t n_events_ = 0;
    double now_s_ = 0;
    std::vector<std::function<double(double step_s)>> inbox_;
    std::size_t n_sends_ = 0;
    int n_journalled_ = 0;
    bool has_reports_ = false;  ///< in this round
    bool has_closed_ = false;
    double rank0_busy_s_ = 0;
    double work_s_ = 0;
};

/// Whether times pass forwards with them.
bool make_sense(const Settings& settings) {
    bool are_positive = true;
    for (const auto& [name, value] : settings) {
        are_positive = are_positive && std::isfinite(value) && value >= 0;
    }
    for (const char* divisor :
         {"rate", "at_once", "workers", "credits", "network_gb_s", "client_gb_s", "disk_gb_s"}) {
        are_positive = are_positive && settings.at(divisor) > 0;
    }
    return are_positive &&
           settings.at("at_once") / settings.at("rate") >= 1e-3 * settings.at("read_ms");
}

/// @return  empty if an argument is wrong.
Settings settings_of(int argc, char** argv) {
    const bool is_cpu = argc > 1 && std::string(argv[1]) == "cpu";
    Settings settings;
    for (const Option& option : options) {
        settings[option.name] = is_cpu ? option.cpu : option.gpu;
    }
    for (int i = is_cpu || (argc > 1 && std::string(argv[1]) == "gpu") ? 2 : 1; i < argc; ++i) {
        const std::string argument = argv[i];
        const std::size_t equals = std::min(argument.find('='), argument.size());
        const auto setting = settings.find(argument.substr(0, equals));
        if (setting == settings.end() || equals + 1 >= argument.size()) {
            return {};
        }
        char* end = nullptr;
        setting->second = std::strtod(argument.c_str() + equals + 1, &end);
        if (*end != '\0') {
            return {};
        }
    }
    return make_sense(settings) ? settings : Settings{};
}

}  // namespace

int main(int argc, char** argv) {
    const Settings settings = settings_of(argc, argv);
    if (settings.empty()) {
        std::printf("bench_scaling [gpu|cpu] [OPTION=VALUE...]\n");
        for (const Option& option : options) {
            std::printf("%s=%g (cpu: %g)  %s\n", option.name, option.gpu, option.cpu, option.about);
        }
        return 2;
    }
    for (const bool is_pixels : {false, true}) {
        std::printf(
            "%s\n\n| workers | fields/s | efficiency | rank 0 | its network | file system | merge "
            "| fields/s of all | the wall |\n"
            "|--:|--:|--:|--:|--:|--:|--:|--:|---|\n",
            is_pixels ? "pixels" : "windows");
        for (int n = 1; n <= settings.at("workers"); n *= 2) {
            Simulation(settings, n, is_pixels).run();
        }
        std::printf("\n");
    }
    return 0;
}
