#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lib/campaign/campaign.h"
#include "lib/catalogue/records.h"
#include "lib/image/fits_map.h"
#include "lib/image/wcs.h"
#include "lib/learn/classifier.h"
#include "lib/learn/model.h"
#include "mpi/communicator.h"
#include "mpi/field_plan.h"

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

/// The fields of a mock set, each with its truth.
/// @throws mpi::AgreedError  if an image is missing or bad: a set with a hole would be another set.
/// @collective yes: every rank.
mpi::FieldPlan plan_mock_fields(const mpi::Communicator& communicator,
                                const campaign::Campaign& campaign,
                                MockSet set);

/// A model, and a classifier for it on this rank's device.
struct LoadedModel {
    learn::Model model;
    learn::Classifier classifier;
};

/// Reads a model on every rank.
/// @throws mpi::AgreedError  if any rank cannot read it or has no such device.
/// @collective yes: every rank.
LoadedModel load_model(const mpi::Communicator& communicator,
                       const campaign::Campaign& campaign,
                       const std::string& path);

/// What a command does with its fields, on the rank that was handed them. Both are called by one
/// thread at a time.
struct FieldHandling {
    /// A base::InputError costs this field only: it is failed then.
    std::function<void(std::int64_t field, mpi::FieldPixels pixels)> work;
    std::function<void(std::int64_t field, const std::string& reason)> fail;
};

/// Lets rank 0 scatter the fields of a plan, as pixels or as windows that the workers read, and
/// shows the progress and how many fields each rank has had.
///
/// @param options  how the plan's maps were opened.
/// @collective yes: every rank.
void work_on_fields(const mpi::Communicator& communicator,
                    const campaign::Campaign& campaign,
                    const std::string& stage,
                    const mpi::FieldPlan& plan,
                    const image::MapOptions& options,
                    const FieldHandling& handling);

/// The same for a mock set, of which no field may be missing: it would be another set.
void work_on_mock_fields(const mpi::Communicator& communicator,
                         const campaign::Campaign& campaign,
                         const std::string& stage,
                         const mpi::FieldPlan& plan,
                         const std::function<void(std::int64_t, mpi::FieldPixels)>& work);

/// The sky coordinates of each map of a catalogue, where it has them.
std::vector<std::optional<image::Wcs>> wcs_of_maps(const catalogue::Catalogue& catalogue);

}  // namespace faintweb::apps
