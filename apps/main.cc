// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include <optional>

#include "apps/command_line.h"
#include "apps/commands.h"
#include "lib/base/log.h"
#include "lib/campaign/sweep.h"
#include "mpi/comm/session.h"
#include "mpi/pipeline/output_lock.h"
#include "mpi/pipeline/outputs.h"
#include "mpi/pipeline/paths.h"
#include "mpi/pipeline/sky_maps.h"
#include "mpi/pipeline/sweep/sweep.h"

namespace {

using namespace faintweb;

/// The campaign as rank 0 read it: other ranks need not see its file.
campaign::Campaign read_campaign(const comm::Communicator& communicator,
                                 const apps::Request& request) {
    if (request.campaign.empty()) {
        // Maps that are missing cost themselves only; a missing model is found when it is read.
        comm::on_root(communicator, [&] { campaign::default_campaign(request.overrides); });
        return campaign::default_campaign(request.overrides);
    }
    const std::string text = comm::from_root(communicator, [&] {
        std::string read = campaign::read_campaign_text(request.campaign);
        const campaign::Campaign campaign =
            campaign::parse_campaign(read, request.campaign, request.overrides);
        check_files(campaign);
        pipeline::check_sky_files(campaign);
        return read;
    });
    return campaign::parse_campaign(text, request.campaign, request.overrides);
}

/// export, picture and info: serial, and what is wrong with their inputs is wrong use.
base::ExitCode follow_on_files(const apps::Request& request) {
    try {
        if (request.command == "export") {
            return apps::export_catalogue(request.input, request.exports, request.overwrite);
        }
        return request.command == "picture" ? apps::picture(request.picture, request.overwrite)
                                            : apps::info(request.input);
    } catch (const base::InputError& error) {
        throw base::UsageError(error.what());
    }
}

pipeline::Work work_of(const apps::Request& request) {
    return request.command == "sweep" ? pipeline::Work::sweep : pipeline::Work::stages;
}

campaign::Campaign read_and_check(const comm::Communicator& communicator,
                                  const apps::Request& request) {
    campaign::Campaign campaign = read_campaign(communicator, request);
    if (request.command != "sweep" && campaign.has_stage(campaign::Stage::train)) {
        const std::string refusal = campaign::refusal_without_sweep(campaign, request.command);
        if (!refusal.empty()) {
            throw comm::CollectiveError(base::ExitCode::usage, refusal);
        }
    }
    pipeline::check_campaign_outputs(communicator, campaign, work_of(request), request.overwrite);
    return campaign;
}

base::ExitCode follow_campaign(const comm::Communicator& communicator,
                               const apps::Request& request) {
    campaign::Campaign campaign = read_and_check(communicator, request);
    pipeline::prepare_folder(communicator, campaign.output);
    // A detection writes one catalogue, which has a lock of its own.
    std::optional<pipeline::OutputLock> lock;
    if (request.command != "detect") {
        lock.emplace(communicator, campaign.output + "/.lock", campaign.output);
    }
    if (communicator.is_root()) {
        base::log_info("output in " + pipeline::absolute_path(campaign.output));
    }
    pipeline::claim_campaign_outputs(communicator, campaign, work_of(request));
    if (request.command == "sweep") {
        return pipeline::sweep(communicator, campaign);
    }
    return request.command == "run"
               ? apps::run(communicator, campaign)
               : apps::run_one(communicator, campaign, campaign.stages.front());
}

/// Whether one process does all that is asked, however many were started.
bool is_serial(const apps::Request& request) {
    return !request.answer.empty() || !request.input.empty() || !request.picture.inputs.empty() ||
           request.is_check || request.is_dry_run;
}

base::ExitCode follow_alone(const apps::Request& request) {
    if (!request.answer.empty()) {
        base::print(request.answer);
        return base::ExitCode::done;
    }
    if (!request.is_check && !request.is_dry_run) {
        return follow_on_files(request);
    }
    campaign::Campaign campaign = read_and_check(comm::Communicator(), request);
    if (request.is_check) {
        base::print("no faults found");
        return base::ExitCode::done;
    }
    if (request.command == "sweep") {
        apps::print_sweep(campaign);
        // Its joint trainings learn the label rules that the sweep lists.
        campaign::take_rules_of_sweep(campaign);
    }
    return apps::dry_run(campaign);
}

}  // namespace

int main(int argc, char** argv) {
    apps::Request request;
    bool needs_ranks = false;
    // Not everywhere where a user looks at results or asks for help does MPI start.
    const int code = comm::run_without_mpi([&](const comm::Launch& launch) {
        request = apps::parse_command_line(argc, argv);
        if (is_serial(request)) {
            return launch.rank == 0 ? follow_alone(request) : base::ExitCode::done;
        }
        comm::expect_one_world(launch);
        needs_ranks = true;
        return base::ExitCode::done;
    });
    if (!needs_ranks) {
        return code;
    }
    comm::Session session(argc, argv);
    return session.run([&](comm::Communicator& communicator) {
        return static_cast<int>(follow_campaign(communicator, request));
    });
}
