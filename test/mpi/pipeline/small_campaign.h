// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "lib/base/random.h"
#include "lib/campaign/campaign.h"
#include "lib/image/fits_write.h"
#include "lib/image/image.h"
#include "test/mpi/mpi_test_main.h"

/// A campaign on ready maps of 96 px, small enough for a unit test.
namespace faintweb::test {

/// An empty folder that all ranks of one test run share.
inline std::string shared_folder(const std::string& name) {
    std::string path = testing::TempDir() + name + "_" + std::to_string(world().size());
    if (world().is_root()) {
        std::filesystem::remove_all(path);
        std::filesystem::create_directories(path);
    }
    world().barrier();
    return path;
}

/// Faint noise with some bright round patches, Jy/arcsec2.
inline void write_ready_map(const std::string& path, std::uint64_t key) {
    constexpr std::int64_t edge_px = 96;
    image::Image map = image::make_image(edge_px, edge_px);
    base::fill_normal(1, base::Purpose::test, key, 0, map.pixels.size(), map.pixels.data());
    for (std::int64_t y = 0; y < edge_px; ++y) {
        for (std::int64_t x = 0; x < edge_px; ++x) {
            const bool is_bright = std::hypot(x % 40 - 12, y % 40 - 12) < 5;
            map.at(y, x) = (is_bright ? 1e-6F : 1e-9F) * (2 + 0.1F * map.at(y, x));
        }
    }
    image::FitsHeader header;
    header.bunit = image::unit_name(image::PixelUnit::jy_arcsec2);
    header.pixel_arcsec = 20;
    image::write_fits(path, map, header);
}

/// @param overrides  of its keys, "train.epochs=2".
inline campaign::Campaign small_campaign(const std::string& folder,
                                         const std::vector<std::string>& overrides = {}) {
    // What the maps are told by is also their time of change.
    if (world().is_root() && !std::filesystem::exists(folder + "/a.fits")) {
        write_ready_map(folder + "/a.fits", 1);
        write_ready_map(folder + "/b.fits", 2);
        write_ready_map(folder + "/test.fits", 3);
    }
    world().barrier();
    const std::string text = "name: small\noutput: " + folder + R"(/out
stages: [simulate, train, evaluate, detect]
tile_px: 16
field_px: 48
sky:
  source: fits
  pixel_arcsec: 20
  maps: [a.fits, b.fits]
  test_maps: [test.fits]
observation:
  beam_fwhm_arcsec: 40
label:
  min_pixels: 9
  flux_threshold_jy_arcsec2: 1e-7
simulate:
  n_train: 3
  n_test: 1
train:
  source: simulate
  network: faintweb_lite
  epochs: 1
  batch_size: 8
  validation_skies: 1
parallel:
  device: cpu
  threads: 1
)";
    return campaign::parse_campaign(text, folder + "/small.yaml", overrides);
}

}  // namespace faintweb::test
