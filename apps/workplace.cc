#include "apps/workplace.h"

#include <algorithm>

#include "lib/base/log.h"
#include "lib/base/parallel.h"
#include "lib/base/text.h"

namespace faintweb::apps {
namespace {

std::string mock_path(const campaign::Campaign& campaign,
                      MockSet set,
                      const char* kind,
                      int number,
                      const char* ending) {
    std::string digits = std::to_string(number);
    digits.insert(0, digits.size() < 5 ? 5 - digits.size() : 0, '0');
    return base::text(campaign.output,
                      "/skies/",
                      set == MockSet::train ? "train" : "test",
                      "/",
                      kind,
                      "_",
                      digits,
                      ending);
}

}  // namespace

std::string sky_path(const campaign::Campaign& campaign, MockSet set, int number) {
    return mock_path(campaign, set, "sky", number, ".fits");
}

std::string noise_path(const campaign::Campaign& campaign, MockSet set, int number) {
    return mock_path(campaign, set, "noise", number, ".fits");
}

std::string halo_path(const campaign::Campaign& campaign, MockSet set, int number) {
    return mock_path(campaign, set, "haloes", number, ".csv");
}

std::string model_path(const campaign::Campaign& campaign) {
    return campaign.output + "/model.safetensors";
}

std::string catalogue_path(const campaign::Campaign& campaign) {
    return campaign.output + "/" + campaign.detect.catalogue;
}

std::vector<mpi::MapPaths> mock_maps(const campaign::Campaign& campaign, MockSet set) {
    const int n_maps = set == MockSet::train ? campaign.simulate.n_train : campaign.simulate.n_test;
    std::vector<mpi::MapPaths> maps;
    for (int number = 0; number < n_maps; ++number) {
        maps.push_back({noise_path(campaign, set, number), sky_path(campaign, set, number)});
    }
    return maps;
}

int threads_of_rank(const campaign::Campaign& campaign, const mpi::Communicator& communicator) {
    if (campaign.parallel.threads > 0) {
        return campaign.parallel.threads;
    }
    return std::max(1, base::n_available_cores() / communicator.local_size());
}

image::MapOptions mock_options(const campaign::Campaign& campaign) {
    image::MapOptions options;
    options.max_unpacked_bytes = campaign.image.max_unpacked_bytes;
    return options;
}

mpi::FieldPlan plan_mock_fields(const mpi::Communicator& communicator,
                                const campaign::Campaign& campaign,
                                MockSet set) {
    mpi::FieldPlan plan = mpi::plan_fields(
        communicator, mock_maps(campaign, set), mock_options(campaign), campaign.field_px);
    for (const mpi::PlannedMap& map : plan.maps) {
        if (!map.failure.empty()) {
            throw mpi::AgreedError(base::ExitCode::usage,
                                   map.failure + "; run the simulate stage first");
        }
    }
    return plan;
}

mpi::ShareSettings share_settings(const campaign::Campaign& campaign) {
    return {campaign.parallel.credits, campaign.parallel.dedicated_rank0};
}

std::vector<std::int64_t> hand_out_order(const mpi::FieldPlan& plan) {
    std::vector<std::int64_t> n_pixels;
    for (const mpi::PlannedField& field : plan.fields) {
        n_pixels.push_back(field.window.rows * field.window.cols);
    }
    return mpi::largest_first(n_pixels);
}

std::vector<std::optional<image::Wcs>> wcs_of_maps(const catalogue::Catalogue& catalogue) {
    std::vector<std::optional<image::Wcs>> wcs(catalogue.maps.size());
    for (std::size_t i = 0; i < wcs.size(); ++i) {
        if (catalogue.maps[i].has_wcs != 0) {
            wcs[i].emplace(catalogue.provenance.map_headers[i]);
        }
    }
    return wcs;
}

void log_shares(const mpi::Communicator& communicator,
                const std::string& stage,
                std::size_t n_worked_here) {
    const std::vector<std::string> shares = communicator.gather(std::to_string(n_worked_here));
    std::string line = stage + ": fields per rank:";
    for (std::size_t rank = 0; rank < shares.size(); ++rank) {
        line += base::text(rank == 0 ? " " : ", ", "rank ", rank, ": ", shares[rank]);
    }
    if (communicator.is_root()) {
        base::log_info(line);
    }
}

}  // namespace faintweb::apps
