// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/pipeline/stages.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <vector>

#include <fmt/core.h>

#include "lib/base/file.h"
#include "lib/base/hash.h"
#include "lib/base/log.h"
#include "mpi/pipeline/output_lock.h"

namespace faintweb::pipeline {
namespace {

/// All that a stage's results depend on.
std::string stage_state(const campaign::Campaign& campaign, const Stage& stage) {
    const std::string before =
        stage.depends_on == nullptr ? "" : stage_state(campaign, *stage.depends_on);
    return before + stage.settings(campaign);
}

}  // namespace

const Stage& stage_of(campaign::Stage name) {
    return **std::ranges::find(all_stages, name, [](const Stage* stage) { return stage->name; });
}

std::string stage_hash(const campaign::Campaign& campaign, const Stage& stage) {
    return base::sha256(stage_state(campaign, stage));
}

std::string stamp_path(const campaign::Campaign& campaign, const Stage& stage) {
    return fmt::format("{}/.stages/{}", campaign.output, campaign::stage_name(stage.name));
}

bool is_finished(const campaign::Campaign& campaign, const Stage& stage) {
    std::ifstream stamp(stamp_path(campaign, stage));
    std::string hash;
    if (!(stamp >> hash) || hash != stage_hash(campaign, stage)) {
        return false;
    }
    return std::ranges::all_of(stage.results(campaign), [](const std::string& result) {
        return std::filesystem::exists(result);
    });
}

void mark_finished(const campaign::Campaign& campaign, const Stage& stage) {
    base::write_file(stamp_path(campaign, stage), stage_hash(campaign, stage) + "\n");
}

void forget_from(const comm::Communicator& communicator,
                 const campaign::Campaign& campaign,
                 const Stage& stage) {
    comm::on_root(communicator, [&] {
        for (auto later = std::ranges::find(all_stages, &stage); later != all_stages.end();
             ++later) {
            const std::string stamp = stamp_path(campaign, **later);
            std::error_code error;
            std::filesystem::remove(stamp, error);
            if (error) {
                throw base::DiskError(fmt::format("cannot remove {} ({}), make its folder writable",
                                                  stamp, error.message()));
            }
        }
    });
}

base::ExitCode finish_stage(const comm::Communicator& communicator,
                            const campaign::Campaign& campaign,
                            const Stage& stage) {
    if (comm::from_root(communicator, [&] { return is_finished(campaign, stage); })) {
        if (communicator.is_root()) {
            base::print(fmt::format("{}: finished before and unchanged, skipped",
                                    campaign::stage_name(stage.name)));
        }
        return base::ExitCode::done;
    }
    prepare_folder(communicator, campaign.output + "/.stages");
    forget_from(communicator, campaign, stage);
    const base::ExitCode code = stage.run(communicator, campaign);
    if (communicator.is_root() && code == base::ExitCode::done) {
        mark_finished(campaign, stage);
    }
    return code;
}

}  // namespace faintweb::pipeline
