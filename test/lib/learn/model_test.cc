// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/learn/model.h"

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>

#include <gtest/gtest.h>
#include <unistd.h>

#include "lib/base/error.h"
#include "lib/base/hash.h"
#include "lib/learn/safetensors.h"

namespace faintweb::learn {
namespace {

Model complete_model(const std::string& network = "cosmodeep_spp") {
    Model model = random_model(network, 40, tile::Scaling::fixed, 3);
    model.label_rule = {.min_pixels = 9, .flux_threshold_jy_arcsec2 = 0.1e-7};
    model.pixel_arcsec = 9.6;
    model.beam = {12.5, 10, 30};
    model.noise_jy_beam = 1e-5;
    model.frequency_hz = 1.4e9;
    model.threshold = 0.7;
    model.calibration = {0.9, -0.1};
    model.history = {{1, 10, 1e-4, 0.5, 0.75, std::nullopt},
                     {2, 20, 1e-4, 0.25, 0.875, score::Validation{0.5, 0.75, 0.99, 0.625, 0.9}}};
    model.kept_epoch = 2;
    model.training_data_sha256 = base::sha256("data");
    model.metrics = {.confusion = {.n_1c = 609, .n_1f = 11, .n_0f = 50, .n_0c = 19330},
                     .n_fields = 8};
    return model;
}

/// A folder of this test's own that goes with it.
class ModelFile : public testing::Test {
  protected:
    void SetUp() override {
        const auto* test = testing::UnitTest::GetInstance()->current_test_info();
        folder_ = std::filesystem::temp_directory_path() /
                  ("faintweb_model_" + std::string(test->name()) + std::to_string(::getpid()));
        std::filesystem::create_directories(folder_);
        path_ = (folder_ / "model.safetensors").string();
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    std::string bytes() const {
        std::ifstream file(path_, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    void write(const std::string& text) const { std::ofstream(path_, std::ios::binary) << text; }

    /// Writes a good model whose contents were changed, and expects the reason of its refusal.
    void expect_refused(const std::function<void(Safetensors&)>& change,
                        const std::string& reason) const {
        Model model = complete_model();
        write_model(path_, model);
        Safetensors contents = parse_safetensors(bytes(), path_);
        change(contents);
        write(safetensors_bytes(contents));
        expect_refused(reason);
    }
    void expect_refused(const std::string& reason) const {
        try {
            read_model(path_);
            ADD_FAILURE() << "accepted; expected: " << reason;
        } catch (const base::UsageError& error) {
            const std::string message = error.what();
            EXPECT_NE(message.find(reason), std::string::npos) << message;
            EXPECT_NE(message.find(path_), std::string::npos) << message;
            EXPECT_EQ(message.find('\n'), std::string::npos) << message;
        }
    }
    void expect_metadata_refused(const std::string& from,
                                 const std::string& to,
                                 const std::string& reason) const {
        expect_refused(
            [&](Safetensors& contents) {
                std::string& text = contents.metadata.at("faintweb");
                const std::size_t at = text.find(from);
                ASSERT_NE(at, std::string::npos) << from << " is not in " << text;
                text.replace(at, from.size(), to);
            },
            reason);
    }

    std::filesystem::path folder_;
    std::string path_;
};

TEST_F(ModelFile, ComesBackAsItWas) {
    for (const std::string& network : network_names()) {
        Model model = complete_model(network);
        model.n_thresholds = 3;
        model.tensors = random_weights(network, 40, 3, model.heads());
        write_model(path_, model);
        const Model back = read_model(path_);
        EXPECT_EQ(back.network, network);
        EXPECT_EQ(back.n_thresholds, 3);
        EXPECT_EQ(back.tile_px, 40);
        EXPECT_EQ(back.scaling, tile::Scaling::fixed);
        EXPECT_EQ(back.label_rule, model.label_rule);
        EXPECT_EQ(back.pixel_arcsec, 9.6);
        EXPECT_EQ(back.beam, model.beam);
        EXPECT_EQ(back.noise_jy_beam, 1e-5);
        EXPECT_EQ(back.frequency_hz, 1.4e9);
        EXPECT_EQ(back.threshold, 0.7);
        EXPECT_EQ(back.calibration, model.calibration);
        EXPECT_EQ(back.history, model.history);
        EXPECT_EQ(back.kept_epoch, 2);
        EXPECT_EQ(back.training_data_sha256, model.training_data_sha256);
        EXPECT_EQ(back.metrics, model.metrics);
        EXPECT_EQ(back.tensors, model.tensors);
        EXPECT_EQ(back.sha256, base::sha256_of_file(path_));
        EXPECT_EQ(back.sha256, model.sha256);
        EXPECT_FALSE(back.faintweb_version.empty());
        EXPECT_FALSE(back.torch_version.empty());
    }
    EXPECT_FALSE(std::filesystem::exists(path_ + ".partial"));
}

TEST_F(ModelFile, SaysWhetherItHasSeenCompactSources) {
    const std::pair<std::optional<bool>, const char*> cases[] = {
        {std::nullopt, "unknown"}, {false, "no"}, {true, "yes"}};
    for (const auto& [has_compact_sources, word] : cases) {
        Model model = complete_model();
        model.has_compact_sources = has_compact_sources;
        write_model(path_, model);
        const Model back = read_model(path_);
        EXPECT_EQ(back.has_compact_sources, has_compact_sources);
        EXPECT_STREQ(compact_sources_word(back), word);
    }
    // Models of before say nothing.
    Model model = complete_model();
    write_model(path_, model);
    Safetensors contents = parse_safetensors(bytes(), path_);
    std::string& metadata = contents.metadata.at("faintweb");
    const std::string entry = "\"compact_sources\":null,";
    ASSERT_NE(metadata.find(entry), std::string::npos);
    metadata.erase(metadata.find(entry), entry.size());
    write(safetensors_bytes(contents));
    EXPECT_EQ(read_model(path_).has_compact_sources, std::nullopt);
    expect_metadata_refused("\"compact_sources\":null", "\"compact_sources\":\"no\"",
                            "'compact_sources' in its metadata is neither true nor false");
}

/// The header of a file has a bound, so a long history is kept in part; what was not validated or
/// says nothing comes back as that.
TEST_F(ModelFile, KeepsAThousandEpochs) {
    Model model = complete_model();
    model.history.clear();
    for (int epoch = 1; epoch <= 2501; ++epoch) {
        model.history.push_back({.epoch = epoch, .n_steps = epoch, .loss = 1.0 / epoch});
    }
    model.history.back().validation = score::Validation{.a_s = std::nan("")};
    write_model(path_, model);
    const std::vector<score::EpochRecord> history = read_model(path_).history;
    ASSERT_EQ(history.size(), 834U);
    EXPECT_EQ(history[0].epoch, 3);
    EXPECT_EQ(history[832].epoch, 2499);
    EXPECT_EQ(history[833].epoch, 2501);
    EXPECT_EQ(history[1].loss, 1.0 / 6);
    EXPECT_FALSE(history[0].validation);
    ASSERT_TRUE(history[833].validation);
    EXPECT_TRUE(std::isnan(history[833].validation->a_s));
}

TEST_F(ModelFile, IsTheSameForTheSameModel) {
    Model model = complete_model();
    write_model(path_, model);
    const std::string first = bytes();
    write_model(path_, model);
    EXPECT_EQ(bytes(), first);
}

TEST_F(ModelFile, UnfitModelIsNotWritten) {
    Model model = complete_model();
    model.tensors[2].values[5] = std::numeric_limits<float>::quiet_NaN();
    EXPECT_THROW(write_model(path_, model), base::UsageError);
    Model no_beam = complete_model();
    no_beam.beam = {};
    EXPECT_THROW(write_model(path_, no_beam), base::UsageError);
    EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(ModelFile, FailureToWriteLeavesTheOldModel) {
    Model model = complete_model();
    write_model(path_, model);
    const std::string before = bytes();
    std::filesystem::create_directory(path_ + ".partial");  // nothing can be written there
    EXPECT_THROW(write_model(path_, model), base::Error);
    EXPECT_EQ(bytes(), before);
}

TEST_F(ModelFile, BadWeightsAreRefused) {
    expect_refused([](Safetensors& c) { c.tensors[1].values[0] = std::nanf(""); },
                   "'conv1.bias' holds NaN or infinity");
    expect_refused([](Safetensors& c) { c.tensors[1].values[0] = INFINITY; },
                   "'conv1.bias' holds NaN or infinity");
    expect_refused(
        [](Safetensors& c) {
            c.tensors[0].shape = {3, 3, 1, 32};
        },
        "has the shape [3, 3, 1, 32], cosmodeep_spp needs [32, 1, 3, 3]");
    expect_refused([](Safetensors& c) { c.tensors.pop_back(); }, "'output.bias' of cosmodeep_spp");
    expect_refused(
        [](Safetensors& c) {
            c.tensors.push_back({"extra", {1}, {0}});
        },
        "'extra' is not one of cosmodeep_spp");
    expect_metadata_refused("cosmodeep_spp", "cosmodeep", "'hidden.weight' has the shape");
    expect_refused([](Safetensors& c) { c.tensors.clear(); }, "is missing");
}

TEST_F(ModelFile, BadMetadataAreRefused) {
    expect_refused([](Safetensors& c) { c.metadata.clear(); }, "no metadata entry 'faintweb'");
    expect_refused([](Safetensors& c) { c.metadata["faintweb"] = "{"; }, "not valid JSON");
    expect_refused([](Safetensors& c) { c.metadata["faintweb"] = "3"; }, "lack 'format'");
    expect_refused([](Safetensors& c) { c.metadata["faintweb"] = std::string(100000, '['); },
                   "nested");
    expect_metadata_refused("\"cosmodeep_spp\"", "\"resnet\"", "no network 'resnet'");
    expect_metadata_refused("\"fixed\"", "\"linear\"", "linear");
    expect_metadata_refused("\"format\":1", "\"format\":2", "newer faintweb");
    expect_metadata_refused("\"tile_px\":40", "\"tile_px\":\"40\"", "'tile_px'");
    expect_metadata_refused("\"tile_px\":40", "\"tile_px\":1e99", "'tile_px'");
    expect_metadata_refused("\"tile_px\":40", "\"tile_px\":18446744073709551615", "'tile_px'");
    expect_metadata_refused("\"tile_px\":40", "\"tile_px\":4", "tile size 4 px");
    expect_metadata_refused("\"tile_px\":40", "\"tile_px\":40,\"tile_px\":40", "'tile_px' twice");
    expect_metadata_refused("\"tile_px\"", "\"tile\"", "lack 'tile_px'");
    expect_metadata_refused("\"pixel_arcsec\":9.6", "\"pixel_arcsec\":0", "'pixel_arcsec'");
    expect_metadata_refused("\"pixel_arcsec\":9.6", "\"pixel_arcsec\":-1", "'pixel_arcsec'");
    expect_metadata_refused("\"threshold\":0.7", "\"threshold\":1.5", "'threshold'");
    expect_metadata_refused("\"threshold\":0.7", "\"threshold\":null", "'threshold'");
    expect_metadata_refused("\"beam\":{", "\"beam\":3,\"other\":{", "object 'beam'");
}

TEST_F(ModelFile, DamagedFilesAreRefused) {
    Model model = complete_model();
    write_model(path_, model);
    const std::string good = bytes();
    for (const std::size_t n :
         {std::size_t{0}, std::size_t{7}, std::size_t{500}, good.size() - 1}) {
        write(good.substr(0, n));
        expect_refused("is not a usable model");
    }
    write(good + "x");
    expect_refused("1 bytes at its end");
}

TEST_F(ModelFile, OtherThingsAreRefused) {
    expect_refused("cannot be read");
    std::filesystem::create_directory(path_);
    expect_refused("no regular file");
}

/// Python's safetensors reads what we write, and we read what it writes.
TEST_F(ModelFile, PythonReadsAndWritesIt) {
    const char* named = std::getenv("FAINTWEB_TEST_PYTHON");
    const char* home = std::getenv("HOME");
    const std::string python = named != nullptr ? named
                                                : std::string(home != nullptr ? home : "") +
                                                      "/.cache/faintweb/test-venv/bin/python";
    if (::access(python.c_str(), X_OK) != 0) {
        GTEST_SKIP() << "there is no Python at " << python << "; set FAINTWEB_TEST_PYTHON";
    }
    Model model = complete_model();
    write_model(path_, model);
    const std::string output = (folder_ / "python.txt").string();
    const std::string again = (folder_ / "again.safetensors").string();
    const std::string command = python + " " + FAINTWEB_SOURCE_DIR +
                                "/test/lib/learn/read_safetensors.py " + path_ + " " + again +
                                " > " + output;
    ASSERT_EQ(std::system(command.c_str()), 0);
    std::ifstream lines(output);
    for (const Tensor& tensor : model.tensors) {
        std::string name;
        std::string sha256;
        lines >> name >> sha256;
        EXPECT_EQ(name, tensor.name);
        base::Sha256 hash;
        hash.add_values(std::span<const float>(tensor.values));
        EXPECT_EQ(sha256, hash.finish()) << name;
    }
    std::string network;
    lines >> network;
    EXPECT_EQ(network, "cosmodeep_spp");
    EXPECT_EQ(read_model(again).tensors, model.tensors);
}

std::string mismatches(const image::PixelShape& pixel, const std::optional<image::Beam>& beam) {
    std::string words;
    for (const Mismatch& mismatch : check_model_fits(complete_model(), pixel, beam)) {
        words += mismatch.what + " ";
        EXPECT_FALSE(mismatch.reason.empty());
    }
    return words;
}

std::string mismatches(double pixel_arcsec, const std::optional<image::Beam>& beam) {
    return mismatches(image::square_pixel(pixel_arcsec), beam);
}

TEST(CheckModelFits, ComparesBothEdgesOfAPixelAndItsAngle) {
    const image::Beam beam{12.5, 10, 30};
    // The mean of the edges is the model's.
    EXPECT_EQ(mismatches({9.6 * 2, 9.6 / 2, 0}, beam), "pixel ");
    EXPECT_EQ(mismatches({9.6 / 2, 9.6 * 2, 0}, beam), "pixel ");
    EXPECT_EQ(mismatches({9.6 * 1.06, 9.6, 0}, beam), "pixel ");
    EXPECT_EQ(mismatches({9.6 * 1.04, 9.6 * 0.96, 2}, beam), "");
    EXPECT_EQ(mismatches({9.6, 9.6, 4}, beam), "pixel ");
    EXPECT_EQ(mismatches({9.6, 9.6, std::nan("")}, beam), "pixel ");
    const auto reason = check_model_fits(complete_model(), {15, 3.75, 0}, beam).front().reason;
    EXPECT_NE(reason.find("15 x 3.75 arcsec"), std::string::npos) << reason;
}

TEST(CheckModelFits, AllowsFivePercent) {
    EXPECT_EQ(mismatches(9.6, image::Beam{12.5, 10, 30}), "");
    EXPECT_EQ(mismatches(9.6 * 1.049, image::Beam{12.5 * 1.049, 10 * 0.951, -70}), "");
    EXPECT_EQ(mismatches(9.6 * 1.051, image::Beam{12.5, 10, 30}), "pixel ");
    EXPECT_EQ(mismatches(9.6 * 0.949, image::Beam{12.5, 10, 30}), "pixel ");
    EXPECT_EQ(mismatches(9.6, image::Beam{12.5 * 1.051, 10, 30}), "beam ");
    EXPECT_EQ(mismatches(9.6, image::Beam{12.5, 10 * 0.949, 30}), "beam ");
    EXPECT_EQ(mismatches(9.6, std::nullopt), "beam ");
    EXPECT_EQ(mismatches(15, image::Beam{45, 45, 0}), "pixel beam ");
    EXPECT_EQ(mismatches(std::nan(""), image::Beam{12.5, 10, 30}), "pixel ");
}

}  // namespace
}  // namespace faintweb::learn
