// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/random.h"
#include "lib/campaign/value.h"
#include "lib/learn/network.h"
#include "test/lib/campaign/campaign_text.h"

namespace faintweb::campaign {
namespace {

namespace fs = std::filesystem;

struct BadCase {
    std::string text;
    std::string message;
};

TEST(Campaign, EveryFaultIsOneLineWithPlaceAndAdvice) {
    const std::vector<BadCase> cases = {
        // unknown and misplaced keys
        {needed + "train:\n  learning_rte: 1e-4\n",
         "c.yaml:5:3: unknown key 'train.learning_rte' (it would have no effect), did you mean "
         "train.learning_rate?"},
        {needed + "trian:\n  epochs: 3\n",
         "c.yaml:4:1: unknown key 'trian' (it would have no effect), did you mean train?"},
        {needed + "epochs: 3\n",
         "c.yaml:4:1: unknown key 'epochs' (it would have no effect), did you mean train.epochs?"},
        {needed + "sky:\n  beam_fwhm_arcsec: 3\n",
         "c.yaml:5:3: unknown key 'sky.beam_fwhm_arcsec' (it would have no effect), did you mean "
         "observation.beam_fwhm_arcsec?"},
        {needed + "flux_capacitor: 3\n",
         "c.yaml:4:1: unknown key 'flux_capacitor' (it would have no effect), see --dump-defaults "
         "for all keys"},
        {needed + "train.epochs: 3\n",
         "c.yaml:4:1: unknown key 'train.epochs' (it would have no effect), see --dump-defaults "
         "for "
         "all keys"},
        {needed + "<<: {seed: 3}\n",
         "c.yaml:4:1: unknown key '<<' (it would have no effect), see --dump-defaults for all "
         "keys"},
        {needed + "\"sk\\x1by\": 3\n",
         "c.yaml:4:1: unknown key 'sk?y' (it would have no effect), did you mean sky?"},
        {needed + "[a, b]: 3\n",
         "c.yaml:4:1: a list as a key (a key is a word), see --dump-defaults for all keys"},
        // duplicates
        {needed + "seed: 1\nseed: 2\n",
         "c.yaml:5:1: key 'seed' is given twice (first at c.yaml:4:1), remove one of the two"},
        {needed + "train:\n  epochs: 1\nsky:\n  size_px: 9\ntrain:\n  epochs: 2\n",
         "c.yaml:8:1: key 'train' is given twice (first at c.yaml:4:1), remove one of the two"},
        {needed + "train: {epochs: 1, epochs: 1}\n",
         "c.yaml:4:20: key 'train.epochs' is given twice (first at c.yaml:4:9), remove one of the "
         "two"},
        // wrong types
        {needed + "train:\n  epochs: many\n",
         "c.yaml:5:11: train.epochs is 'many' (not a whole number), give one in [1, 100000]"},
        {needed + "train:\n  epochs:\n  batch_size: 10\n",
         "c.yaml:5:3: train.epochs is empty (not a whole number), give one in [1, 100000]"},
        {needed + "train: 3\n",
         "c.yaml:4:8: train is '3' (it is a section), give its keys below it, indented"},
        {needed + "seed: {a: 1}\n",
         "c.yaml:4:7: seed is a mapping (not a whole number of at least 0), give one"},
        {needed + "train:\n  augment: yes\n",
         "c.yaml:5:12: train.augment is 'yes' (neither true nor false), give one of the two"},
        {needed + "detect:\n  maps: a.fits\n",
         "c.yaml:5:9: detect.maps is 'a.fits' (not a list), give one, for instance [a, b]"},
        // out of range
        {needed + "train:\n  learning_rate: 0\n",
         "c.yaml:5:18: train.learning_rate is '0' (outside (0, 1]), give a value in that range"},
        {needed + "train:\n  learning_rate: .nan\n",
         "c.yaml:5:18: train.learning_rate is '.nan' (not a finite number), give one in (0, 1]"},
        {needed + "tile_px: 7\n",
         "c.yaml:4:10: tile_px is '7' (outside [8, 256]), give a value in that range"},
        {needed + "tile_px: 5000000000\n",
         "c.yaml:4:10: tile_px is '5000000000' (too large a number), give a smaller one in [8, "
         "256]"},
        {needed + "train:\n  network: cosmodeep_sp\n",
         fmt::format("c.yaml:5:12: train.network is 'cosmodeep_sp' (not among {}), did you mean "
                     "cosmodeep_spp?",
                     either(learn::network_names()))},
        {needed + "train:\n  scaling: linear\n",
         "c.yaml:5:12: train.scaling is 'linear' (not among paper, fixed, asinh_sigma or "
         "asinh_local), give one "
         "of these"},
        {needed + "detect:\n  precision: int8\n",
         "c.yaml:5:14: detect.precision is 'int8' (int8 was removed), use auto, or train "
         "faintweb_lite, which is faster"},
        {needed + "detect:\n  exports: [csv, votable]\n",
         "c.yaml:5:18: detect.exports is 'votable' (not among csv, fits, ds9, probability, score "
         "or "
         "rms), give "
         "one of "
         "these"},
        {"name: t\noutput: ''\nstages: [detect]\n",
         "c.yaml:2:9: output is '' (no characters), give a text"},
        // missing
        {"name: t\nstages: [train]\n",
         "c.yaml:1:1: key output is missing (a campaign cannot run without it), add it, for "
         "instance "
         "'output: results/campaign'"},
        {"",
         "c.yaml:1:1: the file is empty (a campaign needs at least name, output and stages), see "
         "--dump-defaults for all keys"},
        {"- a\n- b\n",
         "c.yaml:1:1: the file holds a list (a campaign is a list of 'key: value' lines), see "
         "--dump-defaults for all keys"},
        {"campaign\n",
         "c.yaml:1:1: the file holds 'campaign' (a campaign is a list of 'key: value' lines), see "
         "--dump-defaults for all keys"},
        // values that do not go together
        {"name: t\noutput: o\nstages: [train, simulate]\n",
         "c.yaml:3:17: stage simulate after train (each stage runs once, in the order simulate, "
         "train, evaluate, detect), give them in that order"},
        {"name: t\noutput: o\nstages: [train, train]\n",
         "c.yaml:3:17: stage train after train (each stage runs once, in the order simulate, "
         "train, evaluate, detect), give them in that order"},
        {"name: t\noutput: o\nstages: []\n",
         "c.yaml:3:9: stages is an empty list (nothing would be done), name at least one"},
        {needed + "field_px: 30\n",
         "c.yaml:4:11: tile_px is 40 (a field has only 30 pixels), give a smaller tile_px or a "
         "larger "
         "field_px"},
        {needed + "sky:\n  z_max: 0.03\n",
         "c.yaml:5:10: sky.z_min is 0.04 (not below sky.z_max, 0.03), give a smaller one"},
        {needed + "detect:\n  maps: [a.fits, b.fits]\n  truth: [c.fits]\n",
         "c.yaml:6:10: detect.truth has 1 files (detect.maps has 2), give one for each map, or "
         "none"},
        {needed + "detect:\n  maps: [simulated, b.fits]\n",
         "c.yaml:5:9: detect.maps names 'simulated' beside others (the simulated maps have their "
         "truth, others have not), give it alone, and the others in a campaign of their own"},
        {needed + "detect:\n  truth: [c.fits]\n",
         "c.yaml:5:10: detect.truth is given (the simulated maps have their own), leave it out"},
        {needed + "detect:\n  maps: []\n",
         "c.yaml:5:9: detect.maps is an empty list (the detect stage needs a map), name at least "
         "one"},
        {needed + "simulate:\n  n_train: 0\n",
         "c.yaml:5:12: simulate.n_train is 0 (the train stage needs a sky), give at least 1"},
        {needed + "train:\n  validation_skies: 10\n",
         "c.yaml:5:21: train.validation_skies is 10 (of 10 none would be left to train on), give "
         "fewer of them or more skies"},
        {needed + "train:\n  patience: 3\n",
         "c.yaml:5:13: train.patience is 3 (without validation skies no epoch is better than "
         "another), give train.validation_skies"},
        {needed + "train:\n  choose_threshold: true\n",
         "c.yaml:5:21: train.choose_threshold is true (without validation skies there is nothing "
         "to choose it by), give train.validation_skies"},
        // hostile
        {needed + "seed: &a 1\n",
         "c.yaml:4:7: an anchor or alias (a campaign holds plain values only), write the value "
         "itself"},
        {needed + "sky:\n\tsize_px: 9\n",
         "c.yaml:5:1: a tab in the indentation (YAML allows only spaces there), replace it by "
         "spaces"},
        {needed + "seed: [1\n",
         "c.yaml:5:1: not YAML (end of sequence flow not found), correct the text there"},
    };
    for (const BadCase& bad : cases) {
        EXPECT_EQ(fault_in(bad.text), bad.message) << bad.text;
    }
}

TEST(Campaign, AllFaultsOfAFileAreShown) {
    EXPECT_EQ(fault_in("nmae: x\noutput: o\nseed: -1\n", {"tile_px=1"}),
              "c.yaml:1:1: unknown key 'nmae' (it would have no effect), did you mean name?\n"
              "c.yaml:3:7: seed is '-1' (not a whole number of at least 0), give one\n"
              "--set: tile_px is '1' (outside [8, 256]), give a value in that range\n"
              "c.yaml:1:1: key name is missing (a campaign cannot run without it), add it, for "
              "instance 'name: campaign'\n"
              "c.yaml:1:1: key stages is missing (a campaign cannot run without it), add it, for "
              "instance 'stages: [simulate, train, evaluate, detect]'");
    std::string many = needed;
    for (int i = 0; i < 500; ++i) {
        many += fmt::format("zzzzzzzzzz{}: 1\n", i);
    }
    const std::string fault = fault_in(many);
    EXPECT_EQ(std::count(fault.begin(), fault.end(), '\n'), 20);
    EXPECT_NE(fault.find("\nand 480 more faults"), std::string::npos);
}

TEST(Campaign, ReadsEveryKindOfValue) {
    const Campaign c = parse(R"(
name: my run
seed: 18446744073709551615
output: some/where
stages: [train, detect]
tile_px: 48
sky: {size_px: 1000, z_max: 0.3}
observation:          # a comment
  noise_jy_beam: 4.5e-4
label:
train:
  scaling: paper
  augment: false
detect:
  maps:
    - ../a.fits
    - /data/b.fits
  model: m.safetensors
  accept_mismatch: [pixel, beam]
  threshold: 0.25
  beam: [45, 40, -10]
  unit: jy_beam
  pixel_arcsec: 7.5
  hdu: 1
  exports: []
image:
  max_unpacked_bytes: 1000000
)");
    EXPECT_EQ(c.name, "my run");
    EXPECT_EQ(c.seed, 18446744073709551615u);
    EXPECT_EQ(c.output, "some/where");
    EXPECT_EQ(c.stages, (std::vector<Stage>{Stage::train, Stage::detect}));
    EXPECT_TRUE(c.has_stage(Stage::detect));
    EXPECT_FALSE(c.has_stage(Stage::evaluate));
    EXPECT_EQ(c.tile_px, 48);
    EXPECT_EQ(c.field_px, 2000);
    EXPECT_EQ(c.sky.size_px, 1000);
    EXPECT_EQ(c.sky.z_max, 0.3);
    EXPECT_EQ(c.observation.noise_jy_beam, 4.5e-4);
    EXPECT_EQ(c.label.min_pixels, 40);
    EXPECT_EQ(c.train.scaling, tile::Scaling::paper);
    EXPECT_FALSE(c.train.augment);
    EXPECT_EQ(c.detect.maps, (Texts{"../a.fits", "/data/b.fits"}));
    EXPECT_EQ(c.detect.accept_mismatch, (Texts{"pixel", "beam"}));
    EXPECT_EQ(c.detect.threshold, 0.25);
    EXPECT_TRUE(c.detect.exports.empty());
    EXPECT_EQ(c.positions.at("detect.maps[1]"), "c.yaml:17:7");
    const image::MapOptions options = map_options(c);
    EXPECT_EQ(options.beam, (image::Beam{45, 40, -10}));
    EXPECT_EQ(options.unit, (image::ScaledUnit{image::PixelUnit::jy_beam, 1}));
    EXPECT_EQ(options.pixel_arcsec, 7.5);
    EXPECT_EQ(options.hdu, 1);
    EXPECT_EQ(options.max_unpacked_bytes, 1000000);
}

TEST(Campaign, UnitsAreReadAsHeadersSpellThem) {
    const auto unit_of = [](const std::string& text) {
        return default_campaign({"detect.unit=" + text}).detect.unit;
    };
    EXPECT_EQ(unit_of("null"), std::nullopt);
    EXPECT_EQ(unit_of("uJy/beam"), (image::ScaledUnit{image::PixelUnit::jy_beam, 1e-6}));
    EXPECT_EQ(unit_of("beam-1 Jy"), (image::ScaledUnit{image::PixelUnit::jy_beam, 1}));
    EXPECT_EQ(unit_of("mK"), (image::ScaledUnit{image::PixelUnit::kelvin, 1e-3}));
    EXPECT_EQ(fault_of([&] { unit_of("MJY/BEAM"); }),
              "--set: detect.unit is 'MJY/BEAM' (M in capitals may mean milli or mega), give it as "
              "in BUNIT: Jy/beam, mJy/beam, Jy/arcsec2, MJy/sr, K");
}

TEST(Campaign, ForcesOnlyWhatIsGiven) {
    const image::MapOptions options =
        map_options(default_campaign({"detect.beam=[45, 40, 10]", "detect.force=[beam]"}));
    EXPECT_TRUE(options.force_beam);
    EXPECT_FALSE(options.force_unit);
    EXPECT_FALSE(options.force_pixel);
    EXPECT_EQ(
        fault_of([&] {
            default_campaign({"detect.beam=[45, 40, 10]", "detect.force=[pixel]"});
        }),
        "--set: detect.force names pixel (detect.pixel_arcsec is not given), give it or leave "
        "it out of the list");
}

TEST(Campaign, AThresholdThatNothingOrEverythingPassesIsRefused) {
    EXPECT_EQ(default_campaign().detect.threshold, std::nullopt);
    EXPECT_EQ(default_campaign({"detect.threshold=null"}).detect.threshold, std::nullopt);
    EXPECT_EQ(default_campaign({"detect.threshold=1e-9"}).detect.threshold, 1e-9);
    for (const char* value : {"0", "0.0", "-0.0", "1", "1.0"}) {
        EXPECT_THROW(default_campaign({fmt::format("detect.threshold={}", value)}),
                     base::UsageError)
            << value;
    }
}

TEST(Campaign, InputFilesAreFoundFromTheCampaignFile) {
    const std::string text =
        "name: t\noutput: out\nstages: [detect]\ndetect:\n  maps: [a.fits, "
        "../b.fits, /c.fits]\n  truth: [x, y, z]\n  model: m.safetensors\n";
    const Campaign c = parse_campaign(text, "night/one/c.yaml", {});
    EXPECT_EQ(c.detect.maps, (Texts{"night/one/a.fits", "night/b.fits", "/c.fits"}));
    EXPECT_EQ(c.detect.truth, (Texts{"night/one/x", "night/one/y", "night/one/z"}));
    EXPECT_EQ(c.detect.model, "night/one/m.safetensors");
    EXPECT_EQ(c.output, "out");
    // From an override: from the current folder.
    const Campaign set =
        parse_campaign(text, "night/one/c.yaml",
                       {"detect.maps=[d.fits]", "detect.truth=[]", "detect.model=trained"});
    EXPECT_EQ(set.detect.maps, (Texts{"d.fits"}));
    EXPECT_EQ(set.detect.model, trained_model);
    // A file of a reserved name can be meant, too.
    const Campaign file =
        parse_campaign(text, "c.yaml", {"detect.maps=[./simulated]", "detect.truth=[./t]"});
    EXPECT_EQ(file.detect.maps, (Texts{"./simulated"}));
    EXPECT_EQ(
        parse_campaign(text, "a/c.yaml", {"detect.maps=[trained]", "detect.truth=[simulated]"})
            .detect.truth,
        (Texts{"simulated"}));  // reserved for maps only
}

TEST(Campaign, OverridesWinAndTheLastOneOfAll) {
    const Texts overrides = {"train.epochs=3", "train.epochs=4", "name=other = one",
                             "sky.z_max=.3"};
    const Campaign c = parse(needed + "train:\n  epochs: wrong\n", overrides);
    EXPECT_EQ(c.train.epochs, 4);
    EXPECT_EQ(c.name, "other = one");
    EXPECT_EQ(c.sky.z_max, .3);
    EXPECT_EQ(c.positions.at("train.epochs"), "--set");
    EXPECT_EQ(parse("seed: 1\n", {"name=a", "output=b", "stages=[train]"}).name, "a");
}

TEST(Campaign, OverridesAreCheckedAsTheFileIs) {
    const std::vector<BadCase> cases = {
        {"train.epoch=3",
         "--set: unknown key 'train.epoch' (it would have no effect), did you mean train.epochs?"},
        {"epochs=3",
         "--set: unknown key 'epochs' (it would have no effect), did you mean train.epochs?"},
        {"train.epochs=many",
         "--set: train.epochs is 'many' (not a whole number), give one in [1, 100000]"},
        {"train.epochs=0",
         "--set: train.epochs is '0' (outside [1, 100000]), give a value in that range"},
        {"train.epochs=",
         "--set: train.epochs is empty (not a whole number), give one in [1, 100000]"},
        {"train.epochs", "--set: 'train.epochs' (not KEY=VALUE), give for instance train.epochs=5"},
        {"=3", "--set: '=3' (not KEY=VALUE), give for instance train.epochs=5"},
        {"train=3",
         "--set: train is a section (only keys have values), see --dump-defaults for all keys"},
        {"detect.maps=[a",
         "--set: not YAML (end of sequence flow not found), correct the text there"},
        {"field_px=30",
         "--set: tile_px is 40 (a field has only 30 pixels), give a smaller tile_px or a larger "
         "field_px"},
    };
    for (const BadCase& bad : cases) {
        EXPECT_EQ(fault_in(needed, {bad.text}), bad.message);
        EXPECT_EQ(fault_of([&] { default_campaign({bad.text}); }), bad.message);
    }
    EXPECT_EQ(default_campaign({"train.epochs=7"}).train.epochs, 7);
}

TEST(Campaign, OnlyTextFilesOfReasonableSizeAreRead) {
    const Folder folder;
    const auto fault = [&](const std::string& path) {
        return fault_of([&] { read_campaign(path, {}); });
    };
    EXPECT_EQ(fault(folder.path("gone.yaml")),
              folder.path("gone.yaml") +
                  ":1:1: no campaign file (there is no file of this name), give "
                  "the path of a YAML file");
    EXPECT_EQ(fault(folder.path("")),
              folder.path("") +
                  ":1:1: no campaign file (it is no regular file), give the path of a "
                  "YAML file");
    // A FIFO without a writer would block an open for ever.
    ASSERT_EQ(mkfifo(folder.path("fifo").c_str(), 0600), 0);
    EXPECT_NE(fault(folder.path("fifo")).find("(it is no regular file)"), std::string::npos);
    // A sparse file of 1 GB: known by its first megabyte.
    const std::string big = folder.write("big.yaml", "name: x\n");
    ASSERT_EQ(truncate(big.c_str(), off_t{1} << 30), 0);
    EXPECT_EQ(
        fault(big),
        big + ":1:1: more than 1048576 bytes (a campaign is a short text), give a campaign file");
    EXPECT_NE(fault(folder.write("binary.yaml", std::string("\x7F"
                                                            "ELF\0\1\2",
                                                            7)))
                  .find(":1:1: the byte 127 is no text"),
              std::string::npos);
}

// Damaged files give a campaign or readable lines, whatever the damage is.
TEST(Campaign, RandomDamageIsReported) {
    const std::string whole = dump(default_campaign());
    const std::string pieces = "[]{}:,-?&*!|>'\"%@#~\t\n\r \\\0\xFF.0e";
    for (std::uint64_t i = 0; i < 2000; ++i) {
        base::RandomStream random(1, base::Purpose::test, i);
        std::string text = whole;
        for (std::uint64_t n = 1 + random.below(4); n > 0; --n) {
            const std::size_t at = random.below(text.size());
            switch (random.below(4)) {
                case 0:
                    text[at] = pieces[random.below(pieces.size())];
                    break;
                case 1:
                    text.insert(at, 1, pieces[random.below(pieces.size())]);
                    break;
                case 2:
                    text.erase(at, 1 + random.below(20));
                    break;
                default:
                    text.insert(at, text.substr(random.below(text.size()), random.below(50)));
            }
        }
        const std::string fault = fault_in(text);
        std::istringstream lines(fault == "no fault" ? "" : fault);
        for (std::string line; std::getline(lines, line);) {
            EXPECT_TRUE(line.starts_with("c.yaml:") || line.starts_with("and ")) << line;
            EXPECT_TRUE(std::all_of(line.begin(), line.end(), [](char c) {
                return static_cast<unsigned char>(c) >= 0x20;
            })) << line;
        }
    }
}

TEST(Campaign, EveryConfigFileIsRight) {
    int n_read = 0;
    for (const auto& entry :
         fs::recursive_directory_iterator(fs::path(FAINTWEB_SOURCE_DIR) / "config")) {
        if (entry.path().extension() == ".yaml") {
            ++n_read;
            EXPECT_EQ(fault_of([&] { read_campaign(entry.path().string(), {}); }), "no fault");
        }
    }
    EXPECT_GE(n_read, 3);
}

TEST(Campaign, SurveyProfilesLabelAtOneSigma) {
    for (const std::string name : {"demo", "nvss", "nvss-15"}) {
        const Campaign c =
            read_campaign(std::string(FAINTWEB_SOURCE_DIR) + "/config/" + name + ".yaml", {});
        const double sigma = sky::noise_rms_jy_arcsec2(c.observation);
        EXPECT_NEAR(c.label.flux_threshold_jy_arcsec2 / sigma, name == "demo" ? 1.133 : 1.0, 2e-3)
            << name;
        EXPECT_LE(c.sky.size_px, 2000) << name;
    }
}

}  // namespace
}  // namespace faintweb::campaign
