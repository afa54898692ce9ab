// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

// What an output folder remembers of its stages, and which files a campaign may write.

#include "mpi/pipeline/stages.h"

#include <filesystem>
#include <set>

#include <gtest/gtest.h>

#include "lib/base/file.h"
#include "mpi/pipeline/outputs.h"
#include "mpi/pipeline/paths.h"
#include "test/mpi/pipeline/small_campaign.h"

namespace faintweb::pipeline {
namespace {

namespace fs = std::filesystem;
using campaign::Campaign;
using test::shared_folder;
using test::small_campaign;
using test::world;

void write(const std::string& path) {
    base::make_folder(fs::path(path).parent_path().string());
    base::write_file(path, "not made by faintweb\n");
}

/// Files of the names of all results, and the stamps of all stages.
void pretend_all_is_finished(const Campaign& campaign) {
    comm::on_root(world(), [&] {
        base::make_folder(campaign.output + "/.stages");
        for (const Stage* stage : all_stages) {
            for (const std::string& result : stage->results(campaign)) {
                write(result);
            }
        }
        for (const Stage* stage : all_stages) {
            mark_finished(campaign, *stage);
        }
    });
}

std::set<std::string> finished(const Campaign& campaign) {
    std::set<std::string> names;
    for (const Stage* stage : all_stages) {
        if (is_finished(campaign, *stage)) {
            names.insert(campaign::stage_name(stage->name));
        }
    }
    world().barrier();
    return names;
}

using Names = std::set<std::string>;
const Names all_names{"simulate", "train", "evaluate", "detect"};

TEST(Stages, AreFoundByTheirNames) {
    for (const Stage* stage : all_stages) {
        EXPECT_EQ(&stage_of(stage->name), stage);
    }
}

TEST(Stages, AreFinishedUntilTheyOrThoseBeforeThemAreForgotten) {
    const Campaign campaign = small_campaign(shared_folder("stages_forgotten"));
    EXPECT_EQ(finished(campaign), Names());
    pretend_all_is_finished(campaign);
    EXPECT_EQ(finished(campaign), all_names);
    // A stage that is finished is not done again: none of its inputs is real.
    EXPECT_EQ(finish_stage(world(), campaign, evaluate_stage), base::ExitCode::done);
    forget_from(world(), campaign, evaluate_stage);
    EXPECT_EQ(finished(campaign), (Names{"simulate", "train"}));
    forget_from(world(), campaign, simulate_stage);
    EXPECT_EQ(finished(campaign), Names());
}

TEST(Stages, AreToBeDoneAnewWhenAKeyChanges) {
    const std::string folder = shared_folder("stages_keys");
    pretend_all_is_finished(small_campaign(folder));
    const auto finished_with = [&](const std::string& setting) {
        return finished(small_campaign(folder, {setting}));
    };
    EXPECT_EQ(finished_with("parallel.threads=2"), all_names);
    EXPECT_EQ(finished_with("detect.threshold=0.4"), (Names{"simulate", "train", "evaluate"}));
    EXPECT_EQ(finished_with("evaluate.threshold_finder=false"),
              (Names{"simulate", "train", "detect"}));
    EXPECT_EQ(finished_with("train.learning_rate=2e-4"), Names{"simulate"});
    EXPECT_EQ(finished_with("seed=8"), Names());
}

TEST(Stages, AreToBeDoneAnewWithoutTheirResults) {
    const Campaign campaign = small_campaign(shared_folder("stages_results"));
    pretend_all_is_finished(campaign);
    comm::on_root(world(), [&] { fs::remove(model_path(campaign)); });
    EXPECT_EQ(finished(campaign), (Names{"simulate", "evaluate", "detect"}));
    comm::on_root(world(), [&] { fs::remove(halo_path(campaign, sky::SkySet::test, 0)); });
    EXPECT_EQ(finished(campaign), (Names{"evaluate", "detect"}));
}

TEST(Stages, EstimateTheFieldsAndTilesOfTheirSkies) {
    // Maps of 96 px: 2 x 2 fields of 48 px with 3 x 3 tiles each.
    const Campaign campaign = small_campaign(shared_folder("stages_estimate"));
    const StageEstimate training = train_stage.estimate(campaign);
    ASSERT_TRUE(training.fields && training.skies);
    EXPECT_TRUE(training.skies->is_in_memory);
    EXPECT_EQ(training.fields->n_fields, 12);
    EXPECT_EQ(training.fields->n_tiles, 108);
    EXPECT_EQ(training.fields->epochs, 1);
    const StageEstimate simulation = simulate_stage.estimate(campaign);
    ASSERT_TRUE(simulation.skies);
    EXPECT_EQ(simulation.skies->n_train, 0);
    EXPECT_EQ(simulation.skies->n_test, 1);
    EXPECT_FALSE(simulation.boxes);
}

TEST(CampaignOutputs, OfTheUserAreNotReplaced) {
    const Campaign campaign = small_campaign(shared_folder("outputs_user"));
    const auto check = [&](base::Overwrite overwrite) {
        check_campaign_outputs(world(), campaign, Work::stages, overwrite);
    };
    check(base::Overwrite::no);
    comm::on_root(world(), [&] { write(campaign.output + "/evaluation.json"); });
    EXPECT_THROW(check(base::Overwrite::no), comm::CollectiveError);
    check(base::Overwrite::yes);
}

TEST(CampaignOutputs, OfTheCampaignAreReplaced) {
    const std::string folder = shared_folder("outputs_own");
    const Campaign campaign = small_campaign(folder);
    claim_campaign_outputs(world(), campaign, Work::stages);
    comm::on_root(world(), [&] {
        write(campaign.output + "/evaluation.json");
        write(campaign.output + "/sweep.csv");
    });
    check_campaign_outputs(world(), campaign, Work::stages, base::Overwrite::no);
    // A sweep has claimed nothing yet.
    EXPECT_THROW(check_campaign_outputs(world(), campaign, Work::sweep, base::Overwrite::no),
                 comm::CollectiveError);
}

TEST(CampaignOutputs, AreNoInputs) {
    const std::string folder = shared_folder("outputs_inputs");
    const Campaign campaign = small_campaign(
        folder, {"detect.maps=[" + folder + "/a.fits]", "detect.catalogue=../a.fits"});
    EXPECT_THROW(check_campaign_outputs(world(), campaign, Work::stages, base::Overwrite::yes),
                 comm::CollectiveError);
}

}  // namespace
}  // namespace faintweb::pipeline
