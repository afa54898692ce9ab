#include "apps/command_line.h"
#include "apps/commands.h"
#include "lib/base/log.h"
#include "mpi/session.h"

namespace {

using namespace faintweb;

/// The campaign as rank 0 read it: other ranks need not see its file.
campaign::Campaign read_campaign(const mpi::Communicator& communicator,
                                 const apps::Request& request) {
    if (request.campaign.empty()) {
        mpi::from_root(communicator, [&] {
            check_files(campaign::default_campaign(request.overrides));
            return std::string();
        });
        return campaign::default_campaign(request.overrides);
    }
    const std::string text = mpi::from_root(communicator, [&] {
        std::string read = campaign::read_campaign_text(request.campaign);
        check_files(campaign::parse_campaign(read, request.campaign, request.overrides));
        return read;
    });
    return campaign::parse_campaign(text, request.campaign, request.overrides);
}

base::ExitCode follow(const mpi::Communicator& communicator, const apps::Request& request) {
    if (request.command == "export") {
        return communicator.is_root() ? apps::export_catalogue(request.input, request.exports)
                                      : base::ExitCode::done;
    }
    if (request.command == "picture") {
        return communicator.is_root() ? apps::picture(request.input, request.output)
                                      : base::ExitCode::done;
    }
    if (request.command == "info") {
        return communicator.is_root() ? apps::info(request.input) : base::ExitCode::done;
    }
    const campaign::Campaign campaign = read_campaign(communicator, request);
    if (request.is_check) {
        if (communicator.is_root()) {
            base::print(request.campaign + ": no faults found");
        }
        return base::ExitCode::done;
    }
    if (request.is_dry_run) {
        return apps::dry_run(communicator, campaign);
    }
    if (request.command == "run") {
        return apps::run(communicator, campaign);
    }
    if (request.command == "simulate") {
        return apps::simulate(communicator, campaign);
    }
    if (request.command == "train") {
        return apps::train(communicator, campaign);
    }
    if (request.command == "evaluate") {
        return apps::evaluate(communicator, campaign);
    }
    return apps::detect(communicator, campaign);
}

}  // namespace

int main(int argc, char** argv) {
    mpi::Session session(argc, argv);
    return session.run([&](mpi::Communicator& communicator) {
        apps::Request request;
        try {
            request = apps::parse_command_line(argc, argv);
        } catch (const base::UsageError& error) {
            // The command line is the same on every rank.
            throw mpi::AgreedError(error.code(), error.what());
        }
        if (!request.answer.empty()) {
            if (communicator.is_root()) {
                base::print(request.answer);
            }
            return static_cast<int>(base::ExitCode::done);
        }
        return static_cast<int>(follow(communicator, request));
    });
}
