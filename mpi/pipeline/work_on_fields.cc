#include "mpi/pipeline/work_on_fields.h"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "lib/base/drain.h"
#include "lib/base/log.h"
#include "lib/base/progress.h"
#include "lib/base/stopwatch.h"
#include "lib/base/text.h"
#include "mpi/comm/share_fields.h"

namespace faintweb::pipeline {

void log_shares(const comm::Communicator& communicator,
                const std::string& stage,
                std::size_t n_worked_here) {
    const std::vector<std::size_t> shares = communicator.gather(n_worked_here);
    std::string line = stage + ": fields per rank:";
    for (std::size_t rank = 0; rank < shares.size(); ++rank) {
        line += base::text(rank == 0 ? " " : ", ", "rank ", rank, ": ", shares[rank]);
    }
    if (communicator.is_root()) {
        base::log_info(line);
    }
}

namespace {

/// How long a rank may take for the largest field of a plan.
double field_deadline_s(const campaign::Campaign& campaign, const FieldPlan& plan) {
    std::int64_t largest = 0;
    for (const PlannedField& field : plan.fields) {
        largest = std::max(largest, field.window.rows * field.window.cols);
    }
    return campaign.parallel.deadline_s * std::max(1.0, static_cast<double>(largest) / 4e6);
}

/// The order in which the fields of a plan are handed out, largest first; a store's suspects come
/// before all others.
std::vector<std::int64_t> hand_out_order(const FieldPlan& plan, const FieldStore* store) {
    std::vector<std::int64_t> n_pixels;
    for (const PlannedField& field : plan.fields) {
        n_pixels.push_back(field.window.rows * field.window.cols);
    }
    std::vector<std::int64_t> order = comm::largest_first(n_pixels);
    if (store != nullptr) {
        const std::vector<std::int64_t>& fresh = store->fresh();
        std::erase_if(
            order, [&](std::int64_t field) { return !std::ranges::binary_search(fresh, field); });
        order.insert(order.begin(), store->suspects().begin(), store->suspects().end());
    }
    return order;
}

}  // namespace

void work_on_fields(const comm::Communicator& communicator,
                    const campaign::Campaign& campaign,
                    const std::string& stage,
                    const FieldPlan& plan,
                    const image::MapOptions& options,
                    const FieldHandling& handling) {
    FieldReader reader(plan, options);
    const bool is_read_by_root = campaign.parallel.scatter == "pixels";
    FieldStore* const store = handling.store;
    const double deadline_s = field_deadline_s(campaign, plan);
    const auto watch = [&](std::int64_t field) {
        return handling.watchdog == nullptr
                   ? nullptr
                   : std::make_unique<base::Watchdog::Task>(
                         *handling.watchdog,
                         base::text("field ", field, " of ", plan.map_of(field).info.path),
                         deadline_s,
                         store == nullptr ? 0 : store->key_of(field));
    };
    const std::vector<std::int64_t> order = hand_out_order(plan, store);
    base::Progress progress(stage, "fields", static_cast<std::int64_t>(order.size()));
    comm::ShareSettings settings{.credits = campaign.parallel.credits,
                                 .is_rank0_dedicated = campaign.parallel.dedicated_rank0,
                                 .n_at_once = handling.n_at_once};
    // Of the fields that were read here.
    std::vector<double> read_s(plan.fields.size(), 0);
    const auto read = [&](std::int64_t field) {
        const base::Stopwatch stopwatch;
        std::vector<float> pixels = reader.read(field);
        read_s[static_cast<std::size_t>(field)] = stopwatch.seconds();
        return pixels;
    };
    const auto read_to_send = [&](std::int64_t field) {
        const auto task = watch(field);
        return read(field);
    };
    const auto work_on = [&](std::int64_t field, std::vector<float> pixels) {
        const auto task = watch(field);
        try {
            if (pixels.empty()) {
                pixels = read(field);
            }
            FieldPixels unpacked = unpack_field(plan, field, std::move(pixels));
            unpacked.read_s = read_s[static_cast<std::size_t>(field)];
            handling.work(field, std::move(unpacked));
        } catch (const base::InputError& error) {
            handling.fail(field, error.what());
        }
    };
    comm::FieldWork work{.read = [](std::int64_t) { return std::vector<float>(); },
                         .work = work_on,
                         .fail = handling.fail,
                         .progress = [&](std::int64_t) { progress.advance(); }};
    if (is_read_by_root) {
        work.read = read_to_send;
    }
    if (store != nullptr) {
        const std::set<std::int64_t> suspects(store->suspects().begin(), store->suspects().end());
        settings.n_alone = suspects.size();
        work.begun = [store, suspects](std::int64_t field, int rank) {
            store->begun(field,
                         rank,
                         suspects.contains(field) ? catalogue::AttemptMode::alone
                                                  : catalogue::AttemptMode::among_others);
        };
        work.report = [store](bool is_last) { return store->report(is_last); };
        work.take_reports = [store](const std::string& reports) { store->take_reports(reports); };
        work.is_asked_to_stop = &base::is_asked_to_stop;
    }
    if (handling.watchdog != nullptr) {
        // A rank that can says itself what it was doing.
        constexpr double grace_s = 5;
        settings.lease_s = deadline_s + grace_s;
    }
    const std::vector<std::int64_t> worked =
        comm::share_fields(communicator, order, settings, work);
    if (communicator.is_root()) {
        progress.finish();
    }
    log_shares(communicator, stage, worked.size());
}

}  // namespace faintweb::pipeline
