#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/campaign/campaign.h"
#include "lib/catalogue/records.h"
#include "lib/image/fits_map.h"
#include "lib/image/wcs.h"
#include "mpi/communicator.h"
#include "mpi/field_plan.h"
#include "mpi/share_fields.h"

/// What the commands share: where a campaign's files lie, and how a rank works on them.
namespace faintweb::apps {

enum class MockSet { train, test };

/// Files of a campaign's output folder.
std::string sky_path(const campaign::Campaign& campaign, MockSet set, int number);
std::string noise_path(const campaign::Campaign& campaign, MockSet set, int number);
std::string halo_path(const campaign::Campaign& campaign, MockSet set, int number);
std::string model_path(const campaign::Campaign& campaign);
std::string catalogue_path(const campaign::Campaign& campaign);

/// The noise and sky images of a set, in the order of their numbers.
std::vector<mpi::MapPaths> mock_maps(const campaign::Campaign& campaign, MockSet set);

/// Threads of this rank: as the campaign says, else its share of the cores of this host.
int threads_of_rank(const campaign::Campaign& campaign, const mpi::Communicator& communicator);

/// How mock images are opened: nothing that the user says of real maps holds for them.
image::MapOptions mock_options(const campaign::Campaign& campaign);

/// The fields of a mock set, each with its truth.
/// @throws mpi::AgreedError  if an image is missing or bad: a set with a hole would be another set.
/// @collective yes: every rank.
mpi::FieldPlan plan_mock_fields(const mpi::Communicator& communicator,
                                const campaign::Campaign& campaign,
                                MockSet set);

mpi::ShareSettings share_settings(const campaign::Campaign& campaign);

/// Field numbers of a plan, largest field first.
std::vector<std::int64_t> hand_out_order(const mpi::FieldPlan& plan);

/// The sky coordinates of each map of a catalogue, where it has them.
std::vector<std::optional<image::Wcs>> wcs_of_maps(const catalogue::Catalogue& catalogue);

/// Logs on rank 0 how many fields each rank has worked on.
/// @collective yes: every rank.
void log_shares(const mpi::Communicator& communicator,
                const std::string& stage,
                std::size_t n_worked_here);

}  // namespace faintweb::apps
