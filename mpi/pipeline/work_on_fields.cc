// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/pipeline/work_on_fields.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "lib/base/drain.h"
#include "lib/base/log.h"
#include "lib/base/progress.h"
#include "lib/base/stopwatch.h"
#include "mpi/comm/share_fields.h"

namespace faintweb::pipeline {

void log_shares(const comm::Communicator& communicator,
                const std::string& stage,
                std::size_t n_worked_here) {
    const std::vector<std::size_t> shares = communicator.gather(n_worked_here);
    std::string line = stage + ": fields per rank:";
    for (std::size_t rank = 0; rank < shares.size(); ++rank) {
        line += fmt::format("{}rank {}: {}", rank == 0 ? " " : ", ", rank, shares[rank]);
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

/// The order in which the fields of a plan are handed out, largest first; of a store's, those that
/// were interrupted come before all others.
std::vector<std::int64_t> hand_out_order(const FieldPlan& plan, const FieldStore* store) {
    std::vector<std::int64_t> n_pixels;
    for (const PlannedField& field : plan.fields) {
        n_pixels.push_back(field.window.rows * field.window.cols);
    }
    std::vector<std::int64_t> order = comm::largest_first(n_pixels);
    if (store != nullptr) {
        std::erase_if(order, [&](std::int64_t number) {
            return !std::ranges::binary_search(store->pending(), number);
        });
        order.insert(order.begin(), store->interrupted().begin(), store->interrupted().end());
    }
    return order;
}

comm::ShareSettings share_settings(const campaign::Campaign& campaign,
                                   const FieldPlan& plan,
                                   const PlanJob& job) {
    comm::ShareSettings settings{.schedule = {.credits = campaign.parallel.credits},
                                 .is_rank0_dedicated = campaign.parallel.dedicated_rank0,
                                 .n_at_once = job.n_at_once};
    if (job.store != nullptr) {
        settings.schedule.n_alone = job.store->interrupted().size();
        settings.is_asked_to_stop = &base::is_asked_to_stop;
    }
    if (job.watchdog != nullptr) {
        // A rank that hangs ends itself with a note of its field, if it can.
        constexpr double grace_s = 5;
        settings.schedule.lease_s = field_deadline_s(campaign, plan) + grace_s;
    }
    return settings;
}

/// Reads the fields of a plan and works on them, under the watchdog if there is one.
class WatchedFields {
  public:
    WatchedFields(const FieldPlan& plan,
                  const image::MapOptions& options,
                  const PlanJob& job,
                  double deadline_s)
        : plan_(plan),
          job_(job),
          deadline_s_(deadline_s),
          reader_(plan, options),
          read_s_(plan.fields.size(), 0) {}

    /// For another rank.
    std::vector<float> read(catalogue::FieldId field) {
        const auto task = watch(field);
        return read_timed(field);
    }

    /// @param pixels  none: they are read here.
    void work(catalogue::FieldId field, std::vector<float> pixels) {
        const auto task = watch(field);
        try {
            if (pixels.empty()) {
                pixels = read_timed(field);
            }
            FieldPixels unpacked = unpack_field(plan_, field, std::move(pixels));
            unpacked.read_s = read_s_[field.place()];
            job_.work(field, std::move(unpacked));
        } catch (const base::InputError& error) {
            job_.fail(field, error.what());
        }
    }

  private:
    std::unique_ptr<base::Watchdog::Task> watch(catalogue::FieldId field) const {
        return job_.watchdog == nullptr
                   ? nullptr
                   : std::make_unique<base::Watchdog::Task>(
                         *job_.watchdog,
                         fmt::format("field {} of {}", field.value(),
                                     plan_.map_of(field).info.path),
                         deadline_s_, job_.store == nullptr ? 0 : job_.store->key_of(field));
    }

    std::vector<float> read_timed(catalogue::FieldId field) {
        const base::Stopwatch stopwatch;
        std::vector<float> pixels = reader_.read(field);
        read_s_[field.place()] = stopwatch.seconds();
        return pixels;
    }

    const FieldPlan& plan_;
    const PlanJob& job_;
    double deadline_s_;
    FieldReader reader_;
    std::vector<double> read_s_;  ///< [n_fields], 0 for those that were not read here
};

}  // namespace

void work_on_fields(const comm::Communicator& communicator,
                    const campaign::Campaign& campaign,
                    const std::string& stage,
                    const FieldPlan& plan,
                    const image::MapOptions& options,
                    const PlanJob& job) {
    WatchedFields fields(plan, options, job, field_deadline_s(campaign, plan));
    const bool is_read_by_root = campaign.parallel.scatter == "pixels";
    const std::vector<std::int64_t> order = hand_out_order(plan, job.store);
    base::Progress progress(stage, "fields", static_cast<std::int64_t>(order.size()));
    comm::ShareSettings settings = share_settings(campaign, plan, job);
    settings.progress = [&](std::int64_t) { progress.advance(); };
    comm::NoLedger no_ledger;
    comm::FieldLedger& ledger =
        job.store != nullptr ? static_cast<comm::FieldLedger&>(*job.store) : no_ledger;
    const std::vector<std::int64_t> worked = comm::share_fields(
        communicator, order, settings,
        {.read =
             [&](std::int64_t number) {
                 return is_read_by_root ? fields.read(catalogue::FieldId(number))
                                        : std::vector<float>();
             },
         .work =
             [&](std::int64_t number, std::vector<float> pixels) {
                 fields.work(catalogue::FieldId(number), std::move(pixels));
             },
         .fail = [&](std::int64_t number,
                     const std::string& reason) { job.fail(catalogue::FieldId(number), reason); }},
        ledger);
    if (communicator.is_root()) {
        progress.finish();
    }
    log_shares(communicator, stage, worked.size());
}

}  // namespace faintweb::pipeline
