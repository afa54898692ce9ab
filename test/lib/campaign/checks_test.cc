// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "test/lib/campaign/campaign_text.h"

namespace faintweb::campaign {
namespace {

namespace fs = std::filesystem;

TEST(Campaign, RulesOfTheSkyAreCheckedBeforeTheRun) {
    // A field wider than 40 deg: a rule of lib/sky that no single key can see.
    const std::string fault = fault_in(needed + "sky:\n  size_px: 40000\n");
    EXPECT_EQ(fault.rfind("c.yaml:5:12: sky.size_px is 40000 (", 0), 0u) << fault;
}

TEST(Campaign, AJointTrainingLearnsTheRulesOfTheLabelSection) {
    const std::string label =
        "label:\n"
        "  min_pixels: 9\n"
        "  rules:\n"
        "    - {min_pixels: 40, flux_threshold_jy_arcsec2: 1e-7}\n"
        "    - {flux_threshold_jy_arcsec2: 1e-7, min_pixels: 9}\n"
        "    - {min_pixels: 9, flux_threshold_jy_arcsec2: 5e-8}\n";
    const Campaign alone = parse(needed + label);
    EXPECT_EQ(label_rules(alone), (std::vector<label::LabelRule>{{9, 1e-7}}));
    EXPECT_EQ(training_text(alone), training_text(parse(needed + "label: {min_pixels: 9}\n")));
    const Campaign joint = parse(needed + label + "train: {joint: true}\n");
    EXPECT_EQ(label_rules(joint),
              (std::vector<label::LabelRule>{{9, 1e-7}, {40, 1e-7}, {9, 5e-8}}));
    EXPECT_NE(training_text(joint), training_text(parse(dump(joint), {"label.rules=[]"})));
    EXPECT_EQ(rule_suffix(joint), "_npix9_fth1e-07");
}

TEST(Campaign, FaultsOfALabelRuleNameItsPlace) {
    const std::string advice =
        ", give for instance {min_pixels: 9, flux_threshold_jy_arcsec2: 1e-7}";
    const auto expect = [&](const std::string& rule, const std::string& fault) {
        EXPECT_EQ(fault_in(needed + "label:\n  rules: [" + rule + "]\n"), "c.yaml:5:" + fault);
    };
    expect("9", "11: label.rules is '9' (a label rule has two numbers)" + advice);
    expect("{min_pixels: 9}",
           "11: label.rules is a rule without flux_threshold_jy_arcsec2 (a label rule has two "
           "numbers)" +
               advice);
    expect(
        "{n_pix: 9}",
        "12: label.rules is a rule with 'n_pix' (a label rule has two numbers, each given once)" +
            advice);
    expect("{min_pixels: 9, min_pixels: 9}",
           "27: label.rules is a rule with 'min_pixels' (a label rule has two numbers, each given "
           "once)" +
               advice);
    expect("{min_pixels: -1, flux_threshold_jy_arcsec2: 1e-7}",
           "24: label.rules is a rule with min_pixels '-1' (outside [0, 1048576]), give a value in "
           "that range");
    std::string rules = "{min_pixels: 0, flux_threshold_jy_arcsec2: 1e-7}";
    for (int n = 1; n < 8; ++n) {
        rules += fmt::format(", {{min_pixels: {}, flux_threshold_jy_arcsec2: 1e-7}}", n);
    }
    EXPECT_EQ(
        fault_in(needed + "train: {joint: true}\nlabel:\n  rules: [" + rules + "]\n"),
        "c.yaml:6:10: train.joint is true (label, label.rules and sweep name 9 label rules, a "
        "network learns at most 8), shorten label.rules, or sweep.min_pixels or "
        "sweep.flux_threshold_jy_arcsec2");
}

TEST(Campaign, BothSetsOfSkiesNeedBoxesOfTheirOwn) {
    EXPECT_EQ(fault_of([] { parse(needed + "boxes: {n_test_realisations: 0}\n"); }),
              "c.yaml:4:30: boxes.n_test_realisations is 0 (test skies need boxes that training "
              "skies do not show), give at least 1");
    EXPECT_EQ(fault_of([] { parse(needed + "boxes: {n_test_realisations: 2}\n"); }),
              "c.yaml:4:30: boxes.n_test_realisations is 2 (no realisation is left for training "
              "skies), give more n_realisations");
    // Skies that are made while training need theirs too.
    const std::string no_simulate =
        "name: t\noutput: out\nstages: [train]\nboxes: {n_test_realisations: 2}\n";
    EXPECT_EQ(fault_of([&] { parse(no_simulate, {"train.source=simulate"}); }),
              "c.yaml:4:30: boxes.n_test_realisations is 2 (no realisation is left for training "
              "skies), give more n_realisations");
    EXPECT_EQ(parse(no_simulate).train.source, learn::TileSource::files);
}

TEST(Campaign, BothSetsOfSkiesNeedFilesOfTheirOwn) {
    const std::string same = " (test skies would show what training skies show), name ";
    EXPECT_EQ(fault_in(needed + "sky: {source: hdf5}\n"),
              "c.yaml:4:15: sky.snapshots is an empty list (sky.source is hdf5), name at least "
              "one file");
    EXPECT_EQ(fault_in(needed + "sky: {source: fits, maps: [a.fits]}\n"),
              "c.yaml:4:27: sky.test_maps is an empty list" + same +
                  "files of another universe there, or set simulate.n_test: 0");
    EXPECT_EQ(fault_in(needed + "sky: {source: fits, maps: [a.fits, b.fits], test_maps: [c.fits, "
                                "b.fits]}\n"),
              "c.yaml:4:65: sky.test_maps[1] is among sky.maps too" + same +
                  "a file of another universe");
    EXPECT_EQ(fault_in(needed + "sky: {source: fits, maps: [a.fits], test_maps: [b.fits]}\n"
                                "simulate: {layers: true}\n"),
              "c.yaml:5:20: simulate.layers or simulate.slabs is given (ready maps have neither), "
              "leave them out");
    EXPECT_EQ(fault_in(needed + "snapshot: {velocity: [vx, vy]}\n"),
              "c.yaml:4:22: snapshot.velocity has 2 names (a vector has three parts), name the "
              "datasets of x, y and z");
}

TEST(Campaign, SkiesAreMadeFromTheFilesOfTheirSource) {
    const std::map<std::string, std::string> lists{
        {"boxes", ""},
        {"hdf5", "snapshots: [a.h5], test_snapshots: [b.h5], "},
        {"fits", "maps: [a.fits], test_maps: [b.fits], "}};
    const auto files = [&](const char* source, sky::SkySet set, const Texts& overrides = {}) {
        const std::string sky = fmt::format("sky: {{{}source: {}}}\n", lists.at(source), source);
        const SkyFiles named = sky_files(parse(needed + sky, overrides), set);
        return named.key + (named.files.empty() ? "" : " " + named.files[0]);
    };
    EXPECT_EQ(files("boxes", sky::SkySet::train), "");
    EXPECT_EQ(files("hdf5", sky::SkySet::train), "sky.snapshots a.h5");
    EXPECT_EQ(files("hdf5", sky::SkySet::test), "sky.test_snapshots b.h5");
    EXPECT_EQ(files("fits", sky::SkySet::train), "sky.maps a.fits");
    EXPECT_EQ(files("fits", sky::SkySet::test), "sky.test_maps b.fits");
    // Test skies alone may take the files of training skies, which then show in no other.
    const Texts alone{"simulate.n_train=0", "stages=[simulate]"};
    EXPECT_EQ(files("fits", sky::SkySet::test, alone), "sky.test_maps b.fits");
    Texts one_list = alone;
    one_list.push_back("sky.test_maps=[]");
    EXPECT_EQ(files("fits", sky::SkySet::test, one_list), "sky.maps a.fits");
}

TEST(Campaign, FilesThatNoSkyIsMadeFromAreRefused) {
    const auto unused = [](const char* place, const char* key, const char* source) {
        return fmt::format(
            "c.yaml:{}: {} is given (no sky is made from it unless sky.source is {}), leave it out "
            "or set sky.source: {}",
            place, key, source, source);
    };
    EXPECT_EQ(fault_in(needed + "sky: {snapshots: [a.h5]}\n"),
              unused("4:18", "sky.snapshots", "hdf5"));
    EXPECT_EQ(fault_in(needed + "sky: {test_maps: [a.fits]}\n"),
              unused("4:18", "sky.test_maps", "fits"));
    EXPECT_EQ(fault_in(needed + "sky: {source: hdf5, snapshots: [a.h5], test_snapshots: [b.h5], "
                                "maps: [a.fits]}\n"),
              unused("4:70", "sky.maps", "fits"));
}

TEST(Campaign, SnapshotsNeedNoBoxesThatFitTheSky) {
    // These boxes are too coarse, and none is left for training.
    const std::string text = needed + "boxes: {n_particles: 32, n_test_realisations: 2}\n";
    EXPECT_NE(fault_in(text), "no fault");
    EXPECT_EQ(fault_in(text + "sky: {source: hdf5, snapshots: [a.h5], test_snapshots: [b.h5]}\n"),
              "no fault");
    // Ready maps have a size of their own.
    EXPECT_EQ(fault_in(text + "sky: {source: fits, maps: [a.fits], test_maps: [b.fits], "
                              "pixel_arcsec: 60}\n"),
              "no fault");
}

TEST(Campaign, BoxesThatDoNotFitTheSkyAreOneLineEach) {
    EXPECT_EQ(fault_of([] { parse(needed + "boxes: {n_slabs: [1, 1]}\n"); }),
              "c.yaml:4:18: boxes.n_slabs has 2 numbers for the 3 boxes of boxes.edges_mpc (each "
              "class of boxes needs its own), give one per class");
    for (const auto& [boxes, named] :
         {std::pair{"boxes: {n_particles: 32}", "c.yaml:4:22: boxes.n_particles is 32 ("},
          {"boxes: {n_slabs: [4, 4, 1]}", "c.yaml:4:18: boxes.n_slabs ends at "},
          {"boxes: {map_px: 1000}", "c.yaml:4:17: boxes.map_px is 1000 ("},
          {"boxes: {n_particles: 255}", "c.yaml:4:22: boxes.n_particles is 255 ("},
          {"boxes: {n_mesh: 385}", "c.yaml:4:17: boxes.n_mesh is 385 ("},
          {"boxes: {n_particles: 400}", "c.yaml:4:22: boxes.n_mesh is 384 (coarser"},
          {"boxes: {ranks_per_box: 129}", "c.yaml:4:24: boxes.ranks_per_box is 129 ("},
          // What is to blame was not given: the fault stands where the other side was.
          {"boxes: {map_px: 9000}\nsky: {min_mass_msun: 1e12}",
           "c.yaml:5:22: boxes.n_mesh is 384 ("}}) {
        const std::string fault = fault_of([&] { parse(needed + boxes + "\n"); });
        EXPECT_TRUE(fault.starts_with(named)) << fault;
        EXPECT_EQ(fault.find('\n'), std::string::npos) << fault;
        EXPECT_NE(fault.find("("), std::string::npos) << fault;
    }
    EXPECT_EQ(fault_in(needed, {"boxes.n_mesh=100"}).rfind("--set: boxes.n_mesh is 100 (", 0), 0u);
}

TEST(Campaign, MissingFilesAreNamedWithTheirKey) {
    const Folder folder;
    folder.write("here.fits", "x");
    fs::create_directory(folder.path("folder.fits"));
    const std::string text =
        "name: t\noutput: o\nstages: [detect]\ndetect:\n  maps: [here.fits, "
        "gone.fits, folder.fits]\n  model: gone.safetensors\n";
    const std::string file = folder.write("c.yaml", text);
    const std::string hint =
        ", correct the path (in a campaign file it starts from the file's "
        "folder, after --set from the current one)";
    const Campaign c = read_campaign(file, {});
    EXPECT_EQ(c.text, text);
    EXPECT_EQ(fault_of([&] { check_files(c); }),
              file + ":5:21: detect.maps[1] cannot be read: " + folder.path("gone.fits") +
                  " (there is no file of this name)" + hint + "\n" + file +
                  ":5:32: detect.maps[2] cannot be read: " + folder.path("folder.fits") +
                  " (it is a folder)" + hint + "\n" + file +
                  ":6:10: detect.model cannot be read: " + folder.path("gone.safetensors") +
                  " (there is no file of this name)" + hint);
    // A stage that does not run needs no files; neither do names that mean this campaign's own.
    check_files(read_campaign(file, {"stages=[train]"}));
    check_files(default_campaign());
    check_files(read_campaign(
        file, {"detect.maps=[" + folder.path("here.fits") + "]", "detect.model=trained"}));

    const std::string skies = folder.write(
        "skies.yaml",
        "name: t\noutput: o\nstages: [simulate]\nsky: {source: hdf5, snapshots: [here.fits], "
        "test_snapshots: [gone.h5]}\n");
    EXPECT_EQ(fault_of([&] { check_files(read_campaign(skies, {})); }),
              skies + ":4:62: sky.test_snapshots[0] cannot be read: " + folder.path("gone.h5") +
                  " (there is no file of this name)" + hint);
    check_files(read_campaign(skies, {"sky.test_snapshots=[" + folder.path("here.fits") + "]",
                                      "sky.snapshots=[" + folder.path("c.yaml") + "]"}));
    // Skies that are made in memory need the files that they are made from; those that are read
    // need none.
    const std::string plain = folder.write("plain.yaml", "name: t\noutput: o\n");
    const auto missed = [&](const char* stage, const char* source) {
        return fault_of([&] {
            check_files(read_campaign(
                plain,
                {"sky.source=fits", "sky.maps=[a.fits]", "sky.test_maps=[b.fits]",
                 fmt::format("stages=[{}]", stage), fmt::format("train.source={}", source)}));
        });
    };
    const auto line = [&](const std::string& key, const std::string& name) {
        return "--set: sky." + key + "[0] cannot be read: " + name +
               " (there is no file of this name)" + hint;
    };
    EXPECT_EQ(missed("simulate", "files"),
              line("maps", "a.fits") + "\n" + line("test_maps", "b.fits"));
    EXPECT_EQ(missed("simulate", "simulate"), line("test_maps", "b.fits"));
    EXPECT_EQ(missed("train", "files"), "no fault");
    EXPECT_EQ(missed("train", "simulate"), line("maps", "a.fits"));
    EXPECT_EQ(missed("evaluate", "simulate"), line("maps", "a.fits"));
    EXPECT_EQ(missed("detect", "simulate"), "no fault");
}

}  // namespace
}  // namespace faintweb::campaign
