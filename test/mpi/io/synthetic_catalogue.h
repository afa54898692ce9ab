// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/base/random.h"
#include "lib/catalogue/digest.h"
#include "lib/catalogue/field_rows.h"
#include "lib/image/wcs.h"
#include "lib/tile/grid.h"
#include "mpi/io/catalogue_file.h"
#include "test/lib/catalogue/example_field.h"

namespace faintweb::io {

/// What a run over three maps would give, made from random numbers keyed by field and tile:
///   map 0  130 x 90 px with a WCS and truth;
///   map 1  any size, without WCS and truth; its second field failed, its third is blank;
///   map 2  could not be opened.
struct SyntheticCatalogue {
    std::vector<catalogue::MapRecord> maps;
    std::vector<catalogue::FieldResult> results;  ///< in the order of fields
    catalogue::Provenance provenance;

    /// @param edge_px    map 1 is edge_px x edge_px px; its fields are of 50 x 50 px, its tiles of
    ///                   10.
    /// @param threshold  1: nothing is detected.
    explicit SyntheticCatalogue(std::int64_t edge_px = 120, double threshold = 0.7) {
        const std::string header = catalogue::example_header_cards();
        const image::Wcs wcs(header);
        add_map({.path = "/data/a.fits",
                 .cols = 130,
                 .rows = 90,
                 .beam = image::Beam{45, 40, 10},
                 .pixel_arcsec = 7.5,
                 .frequency_hz = 1.4e9,
                 .has_wcs = true,
                 .header_cards = header,
                 .header_sha256 = std::string(64, '1'),
                 .jy_arcsec2_per_unit = 1e-3,
                 .object = "Coma"},
                &wcs, threshold);
        add_map({.path = "/data/b.fits",
                 .cols = edge_px,
                 .rows = edge_px,
                 .unit = image::PixelUnit::jy_arcsec2,
                 .beam = {},
                 .pixel_arcsec = 10,
                 .header_cards = {},
                 .header_sha256 = std::string(64, '2'),
                 .object = {}},
                nullptr, threshold);
        maps.push_back(catalogue::make_failed_map(catalogue::MapId(2), "/data/c.fits",
                                                  "no beam in the header"));
        provenance = {.campaign_text = "detect:\n  threshold: 0.7  # \u03c3\n",
                      .model_sha256 = std::string(64, 'b'),
                      .device = "cpu",
                      .precision = "fp32",
                      .settings = {{"threshold", "0.7"}, {"seed", "1"}},
                      .versions = {{"faintweb", "0.3.0"}},
                      .run = {{"start", "2024-01-01T00:00:00Z"}, {"host", "node1"}, {"ranks", "?"}},
                      .map_headers = {header, "", ""}};
    }

    std::int64_t n_fields() const { return static_cast<std::int64_t>(results.size()); }

    /// What write_catalogue reads.
    FieldSource source() const {
        FieldSource source;
        for (const catalogue::FieldResult& result : results) {
            source.sizes.push_back({static_cast<std::int64_t>(result.tiles.size()),
                                    static_cast<std::int64_t>(result.scores.size())});
        }
        source.load = [this](catalogue::FieldId field) { return results[field.place()]; };
        return source;
    }

    /// The catalogue as it must come back, made without a file and without ranks.
    catalogue::Catalogue expected() const {
        catalogue::Catalogue catalogue;
        catalogue.maps = maps;
        std::string digests;
        for (catalogue::FieldResult result : results) {
            result.field.score_offset = static_cast<std::int64_t>(catalogue.scores.size());
            catalogue.fields.push_back(result.field);
            digests += catalogue::field_digest(result);
            catalogue.tiles.insert(catalogue.tiles.end(), result.tiles.begin(), result.tiles.end());
            catalogue.scores.insert(catalogue.scores.end(), result.scores.begin(),
                                    result.scores.end());
            catalogue.local_rms.insert(catalogue.local_rms.end(), result.local_rms.begin(),
                                       result.local_rms.end());
        }
        // The example's header has 18 cards, of which one is history.
        for (std::size_t m = 0; m < maps.size(); ++m) {
            catalogue.maps[m].first_header_card = m == 0 ? 0 : 17;
            catalogue.maps[m].n_header_cards = m == 0 ? 17 : 0;
        }
        catalogue.digest = catalogue::catalogue_digest(catalogue.maps, digests, provenance);
        return catalogue;
    }

  private:
    void add_map(const image::MapInfo& info, const image::Wcs* wcs, double threshold) {
        const catalogue::MapId map(maps.size());
        const auto windows = tile::field_windows(info.cols, info.rows, 50, 10);
        maps.push_back(
            catalogue::make_map_record(map, info, static_cast<std::int32_t>(windows.size())));
        for (std::size_t i = 0; i < windows.size(); ++i) {
            results.push_back(make_result(map, static_cast<int>(i), windows[i], wcs, threshold));
        }
    }

    catalogue::FieldResult make_result(catalogue::MapId map,
                                       int number_in_map,
                                       const image::MapWindow& window,
                                       const image::Wcs* wcs,
                                       double threshold) const {
        const catalogue::FieldId field(results.size());
        const tile::TileGrid grid{
            .field_rows = window.rows, .field_cols = window.cols, .tile_px = 10};
        if (map == catalogue::MapId(1) && number_in_map == 1) {
            return catalogue::make_failed_field(map, field, window, grid, "cannot read the window");
        }
        const auto n = static_cast<std::size_t>(grid.count());
        std::vector<float> scores(n);
        std::vector<source::TileFlux> fluxes(n);
        std::vector<std::uint8_t> labels(n);
        std::vector<float> local_rms(n);
        std::vector<std::uint8_t> is_blank(
            n, map == catalogue::MapId(1) && number_in_map == 2 ? 1 : 0);
        for (std::size_t t = 0; t < n; ++t) {
            base::RandomStream random(1, base::Purpose::test, field.place(),
                                      static_cast<std::uint32_t>(t));
            scores[t] = random.uniform();
            labels[t] = random.uniform() < 0.3F ? 1 : 0;
            local_rms[t] = 1e-7F * (1 + random.uniform());
            fluxes[t] = {.sum_jy = random.uniform_double(),
                         .peak_jy_arcsec2 = random.uniform() * 1e-5F,
                         .mean_jy_arcsec2 = random.uniform() * 1e-6F,
                         .rms_jy_arcsec2 = random.uniform() * 1e-6F};
        }
        catalogue::ClassifiedField classified{.map = map,
                                              .field = field,
                                              .window = window,
                                              .grid = grid,
                                              .scores = scores,
                                              .fluxes = fluxes,
                                              .is_blank = is_blank,
                                              .threshold = threshold,
                                              .wcs = wcs,
                                              .rms_jy_arcsec2 = 1e-7,
                                              .local_rms = local_rms,
                                              .pixels = {.n_searched = window.rows * window.cols},
                                              .window_hash = std::string(32, 'e')};
        if (map == catalogue::MapId(0)) {
            classified.labels = labels;
        }
        return catalogue::make_field_result(classified);
    }
};

}  // namespace faintweb::io
