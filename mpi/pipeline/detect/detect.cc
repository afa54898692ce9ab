// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/pipeline/detect/detect.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "lib/base/drain.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/memory.h"
#include "lib/base/stopwatch.h"
#include "lib/base/watchdog.h"
#include "lib/catalogue/accounting.h"
#include "lib/learn/model.h"
#include "mpi/io/catalogue_file.h"
#include "mpi/pipeline/catalogue_files.h"
#include "mpi/pipeline/detect/budget.h"
#include "mpi/pipeline/detect/companions.h"
#include "mpi/pipeline/detect/detect_profile.h"
#include "mpi/pipeline/detect/field_rows.h"
#include "mpi/pipeline/detect/model_fit.h"
#include "mpi/pipeline/detect/provenance.h"
#include "mpi/pipeline/device.h"
#include "mpi/pipeline/field_store.h"
#include "mpi/pipeline/output_lock.h"
#include "mpi/pipeline/paths.h"
#include "mpi/pipeline/work_on_fields.h"

namespace faintweb::pipeline {
namespace {

/// Looks at all maps and cuts those that fit the model into fields.
/// @collective yes: every rank.
FieldPlan plan_detection(const comm::Communicator& communicator,
                         const campaign::Campaign& campaign,
                         const learn::Model& model) {
    // Rank 0 alone may see the files.
    const DetectMaps wanted = communicator.is_root() ? maps_to_detect(campaign) : DetectMaps();
    warn_of_repeats(wanted.repeats);
    FieldPlan plan = plan_fields(
        communicator, wanted.maps, campaign::map_options(campaign),
        {.field_px = campaign.field_px,
         .tile_px = model.tile_px,
         .margin_px = learn::network_info(model.network, model.tile_px).margin_px,
         .noise = Noise::measured},
        [&](const image::MapInfo& info) { return fit_of(model, campaign.detect, info).refusal; });
    if (communicator.is_root()) {
        warn_of_mismatches(plan, model);
    }
    return plan;
}

/// Keeps of each field that ended the program whenever it was tried that it failed.
void fail_quarantined(const FieldPlan& plan, const FieldRows& rows, FieldStore& store) {
    for (const catalogue::FieldId field : store.quarantined()) {
        const image::MapWindow& window = plan.window_of(field);
        store.keep(
            field,
            rows.fail(field, fmt::format(
                                 "{}: field at x {}, y {} ended the program each time it was tried",
                                 plan.map_of(field).info.path, window.x0, window.y0)));
    }
}

/// Lets the ranks classify all fields that the store does not have yet.
/// @throws comm::CollectiveError  if they were asked to stop before all are done.
/// @collective yes: every rank.
void classify_fields(const comm::Communicator& communicator,
                     const campaign::Campaign& campaign,
                     const FieldPlan& plan,
                     int fields_at_once,
                     FieldRows& rows,
                     FieldStore& store,
                     base::Watchdog& watchdog) {
    if (communicator.is_root() && store.pending().size() < plan.fields.size()) {
        base::log_info(
            fmt::format("detect: goes on with a run in which {} of {} fields are done and {} were "
                        "left unfinished",
                        store.n_done(), plan.fields.size(), store.interrupted().size()));
    }
    fail_quarantined(plan, rows, store);
    work_on_fields(
        communicator, campaign, "detect", plan, campaign::map_options(campaign),
        {.work =
             [&](catalogue::FieldId field, const FieldPixels& pixels) {
                 store.keep(field, rows.classify(field, pixels));
             },
         .fail = [&](catalogue::FieldId field,
                     const std::string& reason) { store.keep(field, rows.fail(field, reason)); },
         .n_at_once = fields_at_once,
         .store = &store,
         .watchdog = &watchdog});
    if (const std::int64_t n_missing = communicator.max(store.n_missing()); n_missing > 0) {
        throw comm::CollectiveError(base::ExitCode::interrupted,
                                    fmt::format("detect: stopped (it was asked to) with {} fields "
                                                "still to do, the same command goes on from there",
                                                n_missing));
    }
}

/// Writes the rows of all fields into the catalogue.
/// @collective yes: every rank.
io::WrittenCatalogue merge(const comm::Communicator& communicator,
                           const campaign::Campaign& campaign,
                           const FieldPlan& plan,
                           const learn::Model& model,
                           const catalogue::Provenance& provenance,
                           FieldStore& store,
                           base::Watchdog& watchdog) {
    const std::string path = catalogue_path(campaign);
    io::FieldSource source = store.source();
    source.load = [&plan, load = std::move(source.load)](catalogue::FieldId field) {
        return with_place_of(plan, field, load(field));
    };
    const base::Watchdog::Task task(watchdog, "writing " + path,
                                    merge_deadline_s(campaign.parallel.deadline_s, source));
    std::vector<catalogue::MapRecord> maps;
    if (communicator.is_root()) {
        maps = map_records(plan, model, campaign.detect);
    }
    return io::write_catalogue(communicator, path, maps, source, provenance);
}

/// Prints what a catalogue holds and writes what belongs beside it.
/// @return  whether everything could be used and written.
bool finish_catalogue(const campaign::Campaign& campaign, const io::WrittenCatalogue& written) {
    base::print(fmt::format("{}: {}", catalogue_path(campaign),
                            catalogue::accounting_text(written.accounting)));
    base::print("digest " + written.digest);
    const bool is_all_written = write_companions(campaign);
    return is_all_written && !written.accounting.has_failures();
}

}  // namespace

base::ExitCode detect(const comm::Communicator& communicator, const campaign::Campaign& campaign) {
    const base::DrainSignals drain;
    base::keep_freed_memory();
    base::Stopwatch stopwatch;
    const std::string started = now_text();
    const std::string path = catalogue_path(campaign);
    prepare_output(communicator, path);
    const OutputLock lock(communicator, lock_path(path), path);
    const LoadedModel loaded =
        load_model(communicator, campaign, model_file(campaign, campaign.detect.model),
                   campaign.detect.precision);
    const learn::Model& model = loaded.model;
    const FieldPlan plan = plan_detection(communicator, campaign, model);
    const std::string kernels = kernels_of_ranks(communicator, loaded.classifier);
    const catalogue::Provenance provenance =
        make_provenance(communicator, campaign, loaded, kernels, plan, started);
    comm::on_root(communicator, [&] { base::check_room(path, bytes_needed(plan, model.tile_px)); });
    FieldStore store(communicator, run_folder(path), run_hash_of(provenance, kernels),
                     field_keys(plan));
    base::Watchdog watchdog({store.notes_path(), communicator.has_launcher()});

    const ThreadShares threads = share_threads(threads_of_rank(campaign, communicator),
                                               std::ssize(plan.fields), communicator.size());
    DetectProfile profile;
    FieldRows rows(campaign.detect, loaded, plan, threads.per_field, profile);
    DetectPhases phases{.fields_at_once = threads.fields_at_once,
                        .threads_per_field = threads.per_field,
                        .begin_s = stopwatch.lap()};
    classify_fields(communicator, campaign, plan, threads.fields_at_once, rows, store, watchdog);
    phases.fields_s = stopwatch.lap();
    const io::WrittenCatalogue written =
        merge(communicator, campaign, plan, model, provenance, store, watchdog);
    phases.merge_s = stopwatch.lap();
    if (campaign.parallel.profile) {
        const std::string table =
            profile.table(communicator, phases, learn::network_info(model.network, model.tile_px),
                          loaded.classifier);
        if (communicator.is_root()) {
            base::print(table);
        }
    }
    std::int64_t has_failures = 0;
    if (communicator.is_root()) {
        store.remove();
        has_failures = finish_catalogue(campaign, written) ? 0 : 1;
    }
    return communicator.max(has_failures) != 0 ? base::ExitCode::failed_inputs
                                               : base::ExitCode::done;
}

}  // namespace faintweb::pipeline
