// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/sky/settings.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "lib/base/error.h"
#include "lib/sky/cosmology/cosmology.h"

namespace faintweb::sky {
namespace {

TEST(SkySettings, defaults_are_in_range) {
    EXPECT_NO_THROW(check(SkySettings{}));
}

TEST(SkySettings, a_bad_value_is_named_in_one_line) {
    SkySettings settings;
    settings.z_max = 0.03;
    try {
        check(settings);
        FAIL() << "accepted";
    } catch (const base::UsageError& error) {
        const std::string message = error.what();
        EXPECT_NE(message.find("z_max is 0.03"), std::string::npos) << message;
        EXPECT_EQ(message.find('\n'), std::string::npos);
    }
}

TEST(SkySettings, more_baryons_than_matter_are_refused) {
    Cosmology cosmology;
    cosmology.omega_baryon = 0.2;
    cosmology.omega_matter = 0.1;
    try {
        check(cosmology, SkySettings{}, BoxSettings{});
        FAIL() << "accepted";
    } catch (const SettingError& error) {
        EXPECT_EQ(error.keys().front(), "cosmology.omega_baryon");
    }
}

TEST(SkySettings, pixels_too_coarse_for_the_resolution_are_refused) {
    SkySettings settings;
    settings.pixel_arcsec = 25;
    EXPECT_THROW(check(settings), base::UsageError);
}

std::string refusal(const SkySettings& sky, const BoxSettings& boxes) {
    try {
        check(Cosmology{}, sky, boxes);
    } catch (const base::UsageError& error) {
        return error.what();
    }
    return "";
}

TEST(BoxSettings, defaults_fit_the_default_sky) {
    EXPECT_EQ(refusal({}, {}), "");
}

TEST(BoxSettings, what_does_not_fit_is_named_with_what_would) {
    struct Bad {
        BoxSettings boxes;
        const char* named;
    };
    std::vector<Bad> all;
    const auto add = [&all](auto change, const char* named) {
        BoxSettings boxes;
        change(boxes);
        all.push_back({boxes, named});
    };
    add([](BoxSettings& b) { b.n_slabs = {4, 4}; }, "n_slabs has 2 numbers");
    add([](BoxSettings& b) { b.n_slabs = {4, 4, 5}; }, "add 1 to its last number");
    add([](BoxSettings& b) { b.n_particles = 32; }, "set at least 48");
    add([](BoxSettings& b) { b.n_mesh = 96; }, "n_mesh is 96");
    add([](BoxSettings& b) { b.map_px = 3000; }, "map_px is 3000");
    add([](BoxSettings& b) { b.n_test_realisations = 3; }, "n_test_realisations is 3");
    add([](BoxSettings& b) { b.ranks_per_box = 129; },
        "(a group of ranks may be nearly twice as large, and each needs a plane of the 256");
    for (const auto& [boxes, named] : all) {
        const std::string message = refusal({}, boxes);
        EXPECT_NE(message.find(named), std::string::npos) << message;
        EXPECT_EQ(message.find('\n'), std::string::npos);
    }
}

TEST(BoxSettings, one_class_of_small_boxes_can_make_a_sky) {
    SkySettings sky;
    sky.z_max = 0.065;
    BoxSettings boxes;
    boxes.edges_mpc = {50};
    boxes.n_slabs = {3};
    boxes.n_particles = 64;
    boxes.n_mesh = 96;
    EXPECT_EQ(refusal(sky, boxes), "");
}

}  // namespace
}  // namespace faintweb::sky
