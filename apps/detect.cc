#include <algorithm>
#include <array>
#include <ctime>
#include <functional>
#include <mutex>
#include <optional>
#include <set>

#include <unistd.h>

#include "apps/commands.h"
#include "apps/outputs.h"
#include "lib/base/drain.h"
#include "lib/base/file.h"
#include "lib/base/hash.h"
#include "lib/base/log.h"
#include "lib/base/memory.h"
#include "lib/base/stopwatch.h"
#include "lib/base/text.h"
#include "lib/base/version.h"
#include "lib/base/watchdog.h"
#include "lib/campaign/value.h"
#include "lib/catalogue/accounting.h"
#include "lib/catalogue/field_rows.h"
#include "lib/image/wcs.h"
#include "lib/infer/classifier.h"
#include "lib/infer/precision.h"
#include "lib/label/rule.h"
#include "lib/learn/model.h"
#include "lib/source/photometry.h"
#include "lib/tile/grid.h"
#include "lib/tile/pixel_counts.h"
#include "lib/tile/scaling.h"
#include "mpi/io/catalogue_file.h"
#include "mpi/io/versions.h"
#include "mpi/pipeline/catalogue_maps.h"
#include "mpi/pipeline/detect_profile.h"
#include "mpi/pipeline/device.h"
#include "mpi/pipeline/field_store.h"
#include "mpi/pipeline/output_lock.h"
#include "mpi/pipeline/paths.h"
#include "mpi/pipeline/work_on_fields.h"

namespace faintweb::apps {
namespace {

/// Maps that one warning names.
constexpr std::size_t most_named = 5;

std::string and_more(std::size_t n) {
    return n > most_named ? base::text(" and ", n - most_named, " more") : "";
}

void warn_of_repeats(const std::vector<std::string>& repeats) {
    std::string named;
    for (std::size_t i = 0; i < std::min(repeats.size(), most_named); ++i) {
        named += (i == 0 ? "" : ", ") + repeats[i];
    }
    if (!repeats.empty()) {
        base::log_warning(base::text("detect: named twice: ",
                                     named,
                                     and_more(repeats.size()),
                                     " (what is found there would be counted twice), done once"));
    }
}

/// Flags for every row of a map that the model does not fit, or why such a map is refused.
struct Fit {
    std::int32_t flags = 0;
    std::string refusal;
};

Fit fit_of(const learn::Model& model,
           const campaign::DetectSettings& settings,
           const image::MapInfo& info) {
    Fit fit;
    std::string reasons;
    std::string words;
    for (const learn::Mismatch& mismatch :
         learn::check_model_fits(model, info.pixel_shape, info.beam)) {
        fit.flags |=
            mismatch.what == "pixel" ? catalogue::pixel_mismatch : catalogue::beam_mismatch;
        if (std::ranges::count(settings.accept_mismatch, mismatch.what) == 0) {
            reasons += (reasons.empty() ? "" : ", ") + mismatch.reason;
            words += (words.empty() ? "" : ",") + mismatch.what;
        }
    }
    if (!reasons.empty()) {
        fit.refusal = base::text(
            info.path, ": ", reasons, "; use a model for such maps, or --accept-mismatch ", words);
    }
    return fit;
}

/// Says which maps go on although the model does not fit them, and by how much.
void warn_of_mismatches(const pipeline::FieldPlan& plan, const learn::Model& model) {
    std::string misfits;
    std::size_t n_misfits = 0;
    for (const pipeline::PlannedMap& map : plan.maps) {
        if (!map.failure.empty()) {
            continue;
        }
        std::string reasons;
        for (const learn::Mismatch& mismatch :
             learn::check_model_fits(model, map.info.pixel_shape, map.info.beam)) {
            reasons += (reasons.empty() ? "" : ", ") + mismatch.reason;
        }
        if (!reasons.empty() && ++n_misfits <= most_named) {
            misfits += (misfits.empty() ? "" : "; ") + map.info.path + ": " + reasons;
        }
    }
    if (n_misfits > 0) {
        base::log_warning(base::text("detect: a mismatch is accepted: ",
                                     misfits,
                                     and_more(n_misfits),
                                     "; rows are flagged (nobody has tested what the model makes "
                                     "of such maps)"));
    }
}

/// Classifies the fields that a rank is handed, several at the same time.
class FieldClassifier {
  public:
    FieldClassifier(const campaign::Campaign& campaign,
                    const learn::Model& model,
                    const infer::Classifier& classifier,
                    const pipeline::FieldPlan& plan,
                    int n_threads,
                    pipeline::DetectProfile& profile)
        : campaign_(campaign),
          model_(model),
          classifier_(classifier),
          plan_(plan),
          n_threads_(n_threads),
          profile_(profile),
          threshold_(campaign.detect.threshold.value_or(model.threshold)),
          wcs_(plan.maps.size()) {}

    catalogue::FieldResult classify(std::int64_t field, const pipeline::FieldPixels& pixels) {
        const std::int32_t map = plan_.fields[static_cast<std::size_t>(field)].map;
        const image::MapInfo& info = plan_.map_of(field).info;
        const tile::TileGrid grid = pixels.grid(model_.tile_px);
        const infer::FieldAnswer answer =
            classifier_.classify(pixels.wide, grid, pixels.noise, n_threads_);
        base::Stopwatch stopwatch;
        const std::vector<float> scores = infer::scores_of_logits(answer.logits);
        std::vector<double> probabilities(scores.size());
        std::ranges::transform(answer.logits, probabilities.begin(), [&](float logit) {
            return score::probability_of(model_.calibration, static_cast<double>(logit));
        });
        const std::vector<source::TileFlux> fluxes =
            source::tile_photometry(answer.sums, grid.tile_px, info.pixel_arcsec);
        std::vector<std::uint8_t> is_blank(fluxes.size());
        std::transform(
            fluxes.begin(), fluxes.end(), is_blank.begin(), [&](const source::TileFlux& flux) {
                return static_cast<std::uint8_t>(tile::is_blank_tile(flux.n_blank, grid.tile_px));
            });
        std::vector<std::uint8_t> labels;
        if (pixels.sky) {
            labels = label::label_tiles(*pixels.sky, grid, model_.label_rule);
        }
        catalogue::ClassifiedField classified;
        classified.map = map;
        classified.field = static_cast<std::int32_t>(field);
        classified.window = plan_.window_of(field);
        classified.grid = grid;
        classified.scores = scores;
        classified.fluxes = fluxes;
        classified.is_blank = is_blank;
        classified.labels = labels;
        classified.threshold = threshold_;
        classified.probabilities = probabilities;
        classified.wcs = wcs_of(map);
        classified.flags = fit_of(model_, campaign_.detect, info).flags;
        classified.rms_jy_arcsec2 = static_cast<double>(answer.robust.rms);
        const std::vector<float> local_rms = local_rms_of(pixels, grid);
        classified.local_rms = local_rms;
        classified.pixels = tile::count_pixels(pixels.wide, grid, pixels.margin_px, is_blank);
        classified.window_hash = pixels.hash;
        catalogue::FieldResult result = catalogue::make_field_result(classified);
        profile_.add(pixels, answer, stopwatch.lap());
        return result;
    }

  private:
    /// Of each tile, at its centre.
    static std::vector<float> local_rms_of(const pipeline::FieldPixels& pixels,
                                           const tile::TileGrid& grid) {
        std::vector<float> rms(static_cast<std::size_t>(grid.count()),
                               static_cast<float>(catalogue::no_rms));
        for (std::int64_t t = 0; t < grid.count() && !pixels.noise.rms.is_empty(); ++t) {
            const image::Window tile = grid.inside(t);
            rms[static_cast<std::size_t>(t)] =
                pixels.noise.rms.at(pixels.noise.x0 + pixels.margin_px + tile.x0 + tile.cols / 2,
                                    pixels.noise.y0 + pixels.margin_px + tile.y0 + tile.rows / 2);
        }
        return rms;
    }

    const image::Wcs* wcs_of(std::int32_t map) {
        const std::scoped_lock lock(mutex_);
        std::optional<image::Wcs>& wcs = wcs_[static_cast<std::size_t>(map)];
        const image::MapInfo& info = plan_.maps[static_cast<std::size_t>(map)].info;
        if (!info.has_wcs) {
            return nullptr;
        }
        if (!wcs) {
            wcs.emplace(info.header_cards);
        }
        return &*wcs;
    }

    const campaign::Campaign& campaign_;
    const learn::Model& model_;
    const infer::Classifier& classifier_;
    const pipeline::FieldPlan& plan_;
    int n_threads_;
    pipeline::DetectProfile& profile_;
    double threshold_;
    std::mutex mutex_;
    std::vector<std::optional<image::Wcs>> wcs_;
};

/// The rows of the maps table.
std::vector<catalogue::MapRecord> map_records(const pipeline::FieldPlan& plan,
                                              const learn::Model& model,
                                              const campaign::DetectSettings& settings) {
    std::vector<std::int32_t> n_fields(plan.maps.size(), 0);
    for (const pipeline::PlannedField& field : plan.fields) {
        ++n_fields[static_cast<std::size_t>(field.map)];
    }
    std::vector<catalogue::MapRecord> records;
    for (std::size_t i = 0; i < plan.maps.size(); ++i) {
        const pipeline::PlannedMap& map = plan.maps[i];
        const auto number = static_cast<std::int32_t>(i);
        if (map.failure.empty()) {
            records.push_back(catalogue::make_map_record(number,
                                                         map.info,
                                                         n_fields[i],
                                                         fit_of(model, settings, map.info).flags,
                                                         map.noise,
                                                         map.mesh()));
        } else {
            base::log_warning("not used: " + map.failure);
            records.push_back(catalogue::make_failed_map(number, map.info.path, map.failure));
        }
    }
    return records;
}

std::string now_text() {
    const std::time_t now = std::time(nullptr);
    std::tm utc{};
    gmtime_r(&now, &utc);
    std::array<char, 32> buffer{};
    std::strftime(buffer.data(), buffer.size(), "%Y-%m-%dT%H:%M:%SZ", &utc);
    return buffer.data();
}

/// The kernels of all ranks, each once.
std::string kernels_of_ranks(const comm::Communicator& communicator,
                             const infer::Classifier& classifier) {
    const std::vector<std::string> all =
        communicator.all_gather(infer::kernels_of(classifier.device(), classifier.precision()));
    const std::set<std::string> different(all.begin(), all.end());
    std::string joined;
    for (const std::string& kernels : different) {
        joined += (joined.empty() ? "" : ", ") + kernels;
    }
    if (communicator.is_root() && different.size() > 1) {
        base::log_warning("detect: ranks have different processors: " + joined +
                          " (their scores differ in the last bits, and so may the digests of two "
                          "runs), run on one kind for a catalogue that can be repeated");
    }
    return joined;
}

catalogue::Provenance make_provenance(const comm::Communicator& communicator,
                                      const campaign::Campaign& campaign,
                                      const learn::Model& model,
                                      const infer::Classifier& classifier,
                                      const std::string& kernels,
                                      const pipeline::FieldPlan& plan,
                                      const std::string& started) {
    std::array<char, 256> host{};
    gethostname(host.data(), host.size() - 1);
    catalogue::Provenance provenance;
    // Overrides and defaults count as much as the file.
    provenance.campaign_text =
        campaign.text + "# All settings in effect:\n" + campaign::dump(campaign);
    provenance.model_sha256 = model.sha256;
    provenance.device = classifier.device().kind == learn::DeviceKind::cpu ? "cpu" : "cuda";
    provenance.precision = learn::precision_name(classifier.precision());
    provenance.settings =
        campaign::result_settings(campaign, {"detect", "field_px"}, campaign::InputNames::left_out);
    for (auto& [name, value] : provenance.settings) {
        if (name == "detect.precision") {
            value = provenance.precision;  // not "auto"
        } else if (name == "detect.threshold" && !campaign.detect.threshold) {
            value = campaign::print_double(model.threshold);
        }
    }
    provenance.settings.emplace_back("model.tile_px", base::text(model.tile_px));
    provenance.settings.emplace_back("model.scaling", tile::scaling_name(model.scaling));
    // Probabilities follow from scores by it, also without the model file.
    provenance.settings.emplace_back(pipeline::calibration_keys[0],
                                     campaign::print_double(model.calibration.scale));
    provenance.settings.emplace_back(pipeline::calibration_keys[1],
                                     campaign::print_double(model.calibration.offset));
    provenance.settings.emplace_back(pipeline::compact_sources_key,
                                     learn::compact_sources_word(model));
    provenance.versions = {{"faintweb", base::version()},
                           {"torch", learn::torch_version()},
                           {"mpi", io::library_versions()}};
    provenance.run = {{"host", host.data()},
                      {"started", started},
                      {"kernels", kernels},
                      {"ranks", base::text(communicator.size())},
                      {"threads", base::text(pipeline::threads_of_rank(campaign, communicator))},
                      {io::folder_key, pipeline::absolute_path(".")}};
    for (const pipeline::PlannedMap& map : plan.maps) {
        provenance.map_headers.push_back(map.info.header_cards);
    }
    return provenance;
}

/// What a person wants beside the catalogue; on rank 0. The catalogue is whole by now: what cannot
/// be written costs itself only.
///
/// @return  whether all of it was written.
bool write_companions(const campaign::Campaign& campaign) {
    const std::string path = pipeline::catalogue_path(campaign);
    bool is_all_written = true;
    const auto attempt = [&](const std::function<void()>& write) {
        try {
            write();
        } catch (const base::DiskError&) {
            throw;
        } catch (const base::Error& error) {
            base::log_warning(error.what());
            is_all_written = false;
        }
    };
    for (const std::string& format : campaign.detect.exports) {
        attempt([&] { write_exports(path, export_paths(campaign, format)); });
    }
    if (campaign.detect.pictures) {
        attempt([&] { draw_catalogue(path, pictures_folder(campaign)); });
    }
    return is_all_written;
}

/// A hash of all that rows follow from beside their field.
std::string run_hash_of(const catalogue::Provenance& provenance, const std::string& kernels) {
    std::string state = base::text(base::version(),
                                   "\n",
                                   provenance.model_sha256,
                                   "\n",
                                   provenance.device,
                                   " ",
                                   provenance.precision,
                                   " ",
                                   kernels,
                                   "\n");
    for (const auto& [name, value] : provenance.settings) {
        state += base::text(name, " ", value, "\n");
    }
    return base::sha256(state);
}

/// Bytes that a run writes at least: everything but the rows of /tiles, whose number is not known
/// yet, once in the shards and once in the catalogue.
std::int64_t bytes_needed(const pipeline::FieldPlan& plan, std::int64_t tile_px) {
    std::int64_t bytes = 0;
    for (const pipeline::PlannedField& field : plan.fields) {
        const tile::TileGrid grid{field.window.rows, field.window.cols, tile_px};
        bytes += static_cast<std::int64_t>(sizeof(catalogue::FieldRecord)) +
                 grid.count() * static_cast<std::int64_t>(2 * sizeof(float));
    }
    return 2 * bytes;
}

/// How long a rank may take to write the catalogue or wait for others that do.
double merge_deadline_s(const campaign::Campaign& campaign, const io::FieldSource& source) {
    // Slower than any disk that a survey would be kept on.
    constexpr double bytes_per_s = 20e6;
    double bytes = 0;
    for (const io::FieldSource::Size& size : source.sizes) {
        bytes += sizeof(catalogue::FieldRecord) +
                 static_cast<double>(size.n_rows) * sizeof(catalogue::TileRecord) +
                 static_cast<double>(size.n_scores) * 2 * sizeof(float);
    }
    // Read from the shards, written, read back.
    return campaign.parallel.deadline_s + 3 * bytes / bytes_per_s;
}

/// What the threads of a rank do.
struct Threads {
    int fields_at_once = 1;
    int per_field = 1;
};

/// Each works on a field of its own; where there are too few, several work on one.
Threads share_threads(const comm::Communicator& communicator,
                      const campaign::Campaign& campaign,
                      const pipeline::FieldPlan& plan) {
    const int n_threads = pipeline::threads_of_rank(campaign, communicator);
    const std::int64_t n_of_rank =
        (std::ssize(plan.fields) + communicator.size() - 1) / communicator.size();
    const int at_once = static_cast<int>(std::clamp<std::int64_t>(n_of_rank, 1, n_threads));
    return {at_once, n_threads / at_once};
}

/// A field that was stored when the maps of a plan may have been others, or in another order.
catalogue::FieldResult with_place_of(const pipeline::FieldPlan& plan,
                                     std::int64_t field,
                                     catalogue::FieldResult result) {
    result.field.field = static_cast<std::int32_t>(field);
    result.field.map = plan.fields[static_cast<std::size_t>(field)].map;
    for (catalogue::TileRecord& row : result.tiles) {
        row.field = result.field.field;
        row.map = result.field.map;
    }
    return result;
}

}  // namespace

base::ExitCode detect(const comm::Communicator& communicator, const campaign::Campaign& campaign) {
    const base::DrainSignals drain;
    base::keep_freed_memory();
    base::Stopwatch stopwatch;
    const std::string started = now_text();
    const std::string path = pipeline::catalogue_path(campaign);
    pipeline::prepare_output(communicator, path);
    const pipeline::OutputLock lock(communicator, lock_path(path), path);
    const auto [model, classifier] = pipeline::load_model(
        communicator,
        campaign,
        campaign.detect.model == campaign::trained_model ? pipeline::model_path(campaign)
                                                         : campaign.detect.model,
        campaign.detect.precision);
    const image::MapOptions options = campaign::map_options(campaign);
    // Rank 0 alone may see the files.
    const pipeline::DetectMaps wanted =
        communicator.is_root() ? pipeline::maps_to_detect(campaign) : pipeline::DetectMaps();
    warn_of_repeats(wanted.repeats);
    const pipeline::FieldPlan plan = pipeline::plan_fields(
        communicator,
        wanted.maps,
        options,
        {.field_px = campaign.field_px,
         .tile_px = model.tile_px,
         .margin_px = learn::network_info(model.network, model.tile_px).margin_px,
         .noise = pipeline::Noise::measured},
        [&](const image::MapInfo& info) { return fit_of(model, campaign.detect, info).refusal; });
    if (communicator.is_root()) {
        warn_of_mismatches(plan, model);
    }
    const std::string kernels = kernels_of_ranks(communicator, classifier);
    const catalogue::Provenance provenance =
        make_provenance(communicator, campaign, model, classifier, kernels, plan, started);
    comm::on_root(communicator, [&] { base::check_room(path, bytes_needed(plan, model.tile_px)); });
    pipeline::FieldStore store(communicator,
                               run_folder(path),
                               run_hash_of(provenance, kernels),
                               pipeline::field_keys(plan));
    base::Watchdog watchdog({store.notes_path(), communicator.has_launcher()});

    const Threads threads = share_threads(communicator, campaign, plan);
    pipeline::DetectProfile profile;
    FieldClassifier field_classifier(campaign, model, classifier, plan, threads.per_field, profile);
    const auto classify = [&](std::int64_t field, const pipeline::FieldPixels& pixels) {
        store.keep(field, field_classifier.classify(field, pixels));
    };
    const auto fail = [&](std::int64_t field, const std::string& reason) {
        base::log_warning("not used: " + reason);
        const image::Window& window = plan.window_of(field);
        store.keep(field,
                   catalogue::make_failed_field(plan.fields[static_cast<std::size_t>(field)].map,
                                                static_cast<std::int32_t>(field),
                                                window,
                                                {window.rows, window.cols, model.tile_px},
                                                reason));
    };
    if (communicator.is_root() && store.pending().size() < plan.fields.size()) {
        base::log_info(base::text("detect: goes on with a run in which ",
                                  store.n_done(),
                                  " of ",
                                  plan.fields.size(),
                                  " fields are done and ",
                                  store.interrupted().size(),
                                  " were left unfinished"));
    }
    for (const std::int64_t field : store.quarantined()) {
        const image::Window& window = plan.window_of(field);
        fail(field,
             base::text(plan.map_of(field).info.path,
                        ": field at x ",
                        window.x0,
                        ", y ",
                        window.y0,
                        " ended the program each time it was tried"));
    }
    pipeline::DetectPhases phases{.fields_at_once = threads.fields_at_once,
                                  .threads_per_field = threads.per_field,
                                  .begin_s = stopwatch.lap()};
    pipeline::work_on_fields(communicator,
                             campaign,
                             "detect",
                             plan,
                             options,
                             {.work = classify,
                              .fail = fail,
                              .n_at_once = threads.fields_at_once,
                              .store = &store,
                              .watchdog = &watchdog});
    phases.fields_s = stopwatch.lap();
    if (const std::int64_t n_missing = communicator.max(store.n_missing()); n_missing > 0) {
        throw comm::CollectiveError(
            base::ExitCode::interrupted,
            base::text("detect: stopped (it was asked to) with ",
                       n_missing,
                       " fields still to do, the same command goes on from there"));
    }

    io::FieldSource source = store.source();
    source.load = [&plan, load = std::move(source.load)](std::int64_t field) {
        return with_place_of(plan, field, load(field));
    };
    std::optional<base::Watchdog::Task> merge;
    merge.emplace(watchdog, "writing " + path, merge_deadline_s(campaign, source));
    std::vector<catalogue::MapRecord> maps;
    if (communicator.is_root()) {
        maps = map_records(plan, model, campaign.detect);
    }
    const io::WrittenCatalogue written =
        io::write_catalogue(communicator, path, maps, source, provenance);
    merge.reset();
    phases.merge_s = stopwatch.lap();
    if (campaign.parallel.profile) {
        const std::string table = profile.table(
            communicator, phases, learn::network_info(model.network, model.tile_px), classifier);
        if (communicator.is_root()) {
            base::print(table);
        }
    }
    std::int64_t has_failures = 0;
    if (communicator.is_root()) {
        store.remove();
        has_failures = written.accounting.has_failures() ? 1 : 0;
        base::print(base::text(path, ": ", catalogue::accounting_text(written.accounting)));
        base::print("digest " + written.digest);
        if (!write_companions(campaign)) {
            has_failures = 1;
        }
    }
    return communicator.max(has_failures) != 0 ? base::ExitCode::failed_inputs
                                               : base::ExitCode::done;
}

}  // namespace faintweb::apps
