#include <algorithm>
#include <array>
#include <cmath>
#include <ctime>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

#include <unistd.h>

#include "apps/commands.h"
#include "apps/workplace.h"
#include "lib/base/file.h"
#include "lib/base/hash.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/base/version.h"
#include "lib/catalogue/accounting.h"
#include "lib/catalogue/field_rows.h"
#include "lib/image/wcs.h"
#include "lib/label/rule.h"
#include "lib/learn/classifier.h"
#include "lib/learn/model.h"
#include "lib/source/photometry.h"
#include "lib/tile/grid.h"
#include "lib/tile/scaling.h"
#include "mpi/catalogue_file.h"
#include "mpi/session.h"

namespace faintweb::apps {
namespace {

std::vector<mpi::MapPaths> maps_of(const campaign::Campaign& campaign) {
    const campaign::DetectSettings& settings = campaign.detect;
    if (settings.maps.size() == 1 && settings.maps.front() == campaign::simulated_maps) {
        return mock_maps(campaign, MockSet::test);
    }
    std::vector<mpi::MapPaths> maps;
    for (std::size_t i = 0; i < settings.maps.size(); ++i) {
        maps.push_back({settings.maps[i], settings.truth.empty() ? "" : settings.truth[i]});
    }
    return maps;
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
         learn::check_model_fits(model, info.pixel_arcsec, info.beam)) {
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

/// Classifies the fields that a rank is handed.
class FieldClassifier {
  public:
    FieldClassifier(const campaign::Campaign& campaign,
                    const learn::Model& model,
                    const learn::Classifier& classifier,
                    const mpi::FieldPlan& plan)
        : campaign_(campaign),
          model_(model),
          classifier_(classifier),
          plan_(plan),
          threshold_(campaign.detect.threshold > 0 ? campaign.detect.threshold : model.threshold),
          wcs_(plan.maps.size()) {}

    catalogue::FieldResult classify(std::int64_t field, const mpi::FieldPixels& pixels) {
        const std::int32_t map = plan_.fields[static_cast<std::size_t>(field)].map;
        const image::MapInfo& info = plan_.map_of(field).info;
        const tile::TileGrid grid{pixels.noise.rows, pixels.noise.cols, model_.tile_px};
        const tile::ScaledField scaled =
            tile::scale_field(pixels.wide_noise, model_.scaling, plan_.margin_px);
        const std::vector<float> logits = classifier_.logits(
            tile::cut_tiles(scaled.pixels, grid, scaled.blank_value, plan_.margin_px));
        const std::vector<float> scores = learn::scores_of_logits(logits);
        std::vector<double> probabilities(logits.size());
        std::transform(logits.begin(), logits.end(), probabilities.begin(), [&](float logit) {
            return learn::probability_of(model_.calibration, static_cast<double>(logit));
        });
        const std::vector<source::TileFlux> fluxes =
            source::tile_photometry(pixels.noise, grid, info.pixel_arcsec);
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
        classified.rms_jy_arcsec2 =
            static_cast<double>(tile::robust_statistics(pixels.noise.pixels).rms);
        classified.window_sha256 = pixels.sha256;
        return catalogue::make_field_result(classified);
    }

  private:
    const image::Wcs* wcs_of(std::int32_t map) {
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
    const learn::Classifier& classifier_;
    const mpi::FieldPlan& plan_;
    double threshold_;
    std::vector<std::optional<image::Wcs>> wcs_;
};

/// Empty if the file has gone since it was read; its fields say how they ended.
std::string hash_of(const std::string& path) {
    try {
        return base::sha256_of_file(path);
    } catch (const base::InputError& error) {
        base::log_warning(error.what());
        return "";
    }
}

/// The rows of the maps table; on rank 0, which alone may see the files.
std::vector<catalogue::MapRecord> map_records(const mpi::FieldPlan& plan,
                                              const learn::Model& model,
                                              const campaign::DetectSettings& settings) {
    std::vector<std::int32_t> n_fields(plan.maps.size(), 0);
    for (const mpi::PlannedField& field : plan.fields) {
        ++n_fields[static_cast<std::size_t>(field.map)];
    }
    std::vector<catalogue::MapRecord> records;
    for (std::size_t i = 0; i < plan.maps.size(); ++i) {
        const mpi::PlannedMap& map = plan.maps[i];
        const auto number = static_cast<std::int32_t>(i);
        if (map.failure.empty()) {
            records.push_back(catalogue::make_map_record(number,
                                                         map.info,
                                                         hash_of(map.info.path),
                                                         n_fields[i],
                                                         fit_of(model, settings, map.info).flags));
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

catalogue::Provenance make_provenance(const mpi::Communicator& communicator,
                                      const campaign::Campaign& campaign,
                                      const learn::Model& model,
                                      const learn::Device& device,
                                      const mpi::FieldPlan& plan,
                                      const std::string& started) {
    std::array<char, 256> host{};
    gethostname(host.data(), host.size() - 1);
    catalogue::Provenance provenance;
    // Overrides and defaults count as much as the file.
    provenance.campaign_text =
        campaign.text + "# All settings in effect:\n" + campaign::dump(campaign);
    provenance.model_sha256 = model.sha256;
    provenance.device = device.kind == learn::DeviceKind::cpu ? "cpu" : "cuda";
    provenance.precision = "fp32";
    provenance.settings =
        campaign::result_settings(campaign, {"detect", "field_px"}, campaign::InputNames::left_out);
    provenance.settings.emplace_back("model.tile_px", base::text(model.tile_px));
    provenance.settings.emplace_back("model.scaling", tile::scaling_name(model.scaling));
    provenance.versions = {{"faintweb", base::version()},
                           {"torch", learn::torch_version()},
                           {"mpi", mpi::library_versions()}};
    provenance.run = {{"host", host.data()},
                      {"started", started},
                      {"ranks", base::text(communicator.size())},
                      {"threads", base::text(threads_of_rank(campaign, communicator))}};
    for (const mpi::PlannedMap& map : plan.maps) {
        provenance.map_headers.push_back(map.info.header_cards);
    }
    return provenance;
}

/// What a person wants beside the catalogue; on rank 0. The catalogue is whole by now: what cannot
/// be written costs itself only.
///
/// @return  whether all of it was written.
bool write_companions(const campaign::Campaign& campaign) {
    const std::string path = catalogue_path(campaign);
    const std::string stem = std::filesystem::path(path).replace_extension().string();
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
        ExportPaths paths;
        if (format == "csv") {
            paths.csv = stem + ".csv";
        } else if (format == "fits") {
            paths.fits = stem + ".fits";
        } else if (format == "ds9") {
            paths.ds9 = stem + ".reg";
        } else {
            paths.probability = stem + "-probability";
        }
        attempt([&] { export_catalogue(path, paths); });
    }
    if (campaign.detect.pictures) {
        attempt([&] { draw_catalogue(path, stem + "-pictures"); });
    }
    return is_all_written;
}

}  // namespace

base::ExitCode detect(const mpi::Communicator& communicator, const campaign::Campaign& campaign) {
    const std::string started = now_text();
    const std::string path = catalogue_path(campaign);
    prepare_output(communicator, path);
    const auto [model, classifier] =
        load_model(communicator,
                   campaign,
                   campaign.detect.model == campaign::trained_model ? model_path(campaign)
                                                                    : campaign.detect.model);
    const image::MapOptions options = campaign::map_options(campaign);
    const mpi::FieldPlan plan = mpi::plan_fields(
        communicator,
        maps_of(campaign),
        options,
        campaign.field_px,
        [&](const image::MapInfo& info) { return fit_of(model, campaign.detect, info).refusal; },
        learn::network_info(model.network, model.tile_px).margin_px);
    FieldClassifier field_classifier(campaign, model, classifier, plan);
    std::vector<catalogue::FieldResult> results;
    const auto classify = [&](std::int64_t field, const mpi::FieldPixels& pixels) {
        results.push_back(field_classifier.classify(field, pixels));
    };
    const auto fail = [&](std::int64_t field, const std::string& reason) {
        base::log_warning("not used: " + reason);
        const image::Window& window = plan.window_of(field);
        results.push_back(
            catalogue::make_failed_field(plan.fields[static_cast<std::size_t>(field)].map,
                                         static_cast<std::int32_t>(field),
                                         window,
                                         {window.rows, window.cols, model.tile_px},
                                         reason));
    };
    work_on_fields(communicator, campaign, "detect", plan, options, {classify, fail});

    std::vector<catalogue::MapRecord> maps;
    if (communicator.is_root()) {
        maps = map_records(plan, model, campaign.detect);
    }
    const std::string digest = mpi::write_catalogue(
        communicator,
        path,
        maps,
        std::move(results),
        static_cast<std::int64_t>(plan.fields.size()),
        make_provenance(communicator, campaign, model, classifier.device(), plan, started));
    std::int64_t has_failures = 0;
    if (communicator.is_root()) {
        const catalogue::Catalogue catalogue = mpi::read_catalogue(path);
        const catalogue::Accounting accounting =
            catalogue::account(catalogue.maps, catalogue.fields);
        has_failures = accounting.has_failures() ? 1 : 0;
        base::print(base::text(path, ": ", catalogue::accounting_text(accounting)));
        base::print("digest " + digest);
        if (!write_companions(campaign)) {
            has_failures = 1;
        }
    }
    return communicator.max(has_failures) != 0 ? base::ExitCode::failed_inputs
                                               : base::ExitCode::done;
}

}  // namespace faintweb::apps
