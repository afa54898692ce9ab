#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/run_lock.h"
#include "lib/base/watchdog.h"
#include "lib/campaign/campaign.h"
#include "lib/catalogue/records.h"
#include "lib/image/fits_map.h"
#include "lib/image/wcs.h"
#include "lib/infer/classifier.h"
#include "lib/learn/model.h"
#include "lib/sky/lightcone/lightcone.h"
#include "mpi/comm/communicator.h"
#include "mpi/pipeline/field_plan.h"
#include "mpi/pipeline/field_store.h"

/// What the commands share: where a campaign's files lie, and how a rank works on them.
namespace faintweb::pipeline {

using MockSet = sky::SkySet;
/// How many skies there are of a set.
int n_mocks(const campaign::Campaign& campaign, MockSet set);

/// Files of a campaign's output folder.
/// @param kind  of what there is for every sky: "sky", "noise", "haloes", the name of a layer.
std::string mock_path(const campaign::Campaign& campaign,
                      MockSet set,
                      const std::string& kind,
                      int number,
                      const std::string& ending);
std::string sky_path(const campaign::Campaign& campaign, MockSet set, int number);
std::string noise_path(const campaign::Campaign& campaign, MockSet set, int number);
std::string halo_path(const campaign::Campaign& campaign, MockSet set, int number);
/// What tells a large file that skies are made from from another: a hash of all of its bytes would
/// take as long as they do, so a change that keeps size and time is seen only where
/// base::sha256_of_pieces looks.
std::string identity_of(const std::string& path);
/// All that a mock sky follows from, but its number and set.
std::string mock_skies_state(const campaign::Campaign& campaign);
/// The model of the campaign's label rule.
std::string model_path(const campaign::Campaign& campaign);
/// The same after an epoch of train.keep_epochs.
std::string epoch_model_path(const campaign::Campaign& campaign, int epoch);
/// All models that `train` writes.
std::vector<std::string> models_of_training(const campaign::Campaign& campaign);
std::string catalogue_path(const campaign::Campaign& campaign);
/// The scores of one run of a sweep; of its label rule, where others share the training.
std::string milestones_path(const campaign::Campaign& campaign);

/// A path from the root, without . and .. in it.
std::string absolute_path(const std::string& path);

/// Makes a folder and checks that it can be written into, before work is done.
/// @throws comm::CollectiveError
/// @collective yes: every rank.
void prepare_folder(const comm::Communicator& communicator, const std::string& folder);

/// The same for the folder of a file to come.
/// @throws comm::CollectiveError
/// @collective yes: every rank.
void prepare_output(const comm::Communicator& communicator, const std::string& path);

/// The noise and sky images of a set, in the order of their numbers.
std::vector<MapPaths> mock_maps(const campaign::Campaign& campaign, MockSet set);

/// The maps of detect.maps, with their truth where there is one.
struct DetectMaps {
    std::vector<MapPaths> maps;        ///< each once
    std::vector<std::string> repeats;  ///< those that are there before, also by a link
};
DetectMaps maps_to_detect(const campaign::Campaign& campaign);

/// Whether the skies of a set are made in memory where they are worked on (train.source), instead
/// of being written and read.
bool is_in_memory(const campaign::Campaign& campaign, MockSet set);

/// Threads of this rank: as the campaign says, else OMP_NUM_THREADS, else its share of the cores of
/// this host.
int threads_of_rank(const campaign::Campaign& campaign, const comm::Communicator& communicator);

/// The device of this rank, of the kind that all ranks have.
/// @throws comm::CollectiveError  if any rank has no such device, or only some have a GPU.
/// @collective yes: every rank.
learn::Device choose_device(const comm::Communicator& communicator,
                            const campaign::Campaign& campaign);

/// A model, and a classifier for it on this rank's device.
struct LoadedModel {
    learn::Model model;
    infer::Classifier classifier;
};

/// Reads a model on every rank.
///
/// @param precision  "auto", "fp32", "bf16".
/// @throws comm::CollectiveError  if any rank cannot read it or has no such device, or if ranks
/// would
///     choose different devices or precisions.
/// @collective yes: every rank.
LoadedModel load_model(const comm::Communicator& communicator,
                       const campaign::Campaign& campaign,
                       const std::string& path,
                       const std::string& precision = "fp32");

/// What a command does with its fields, on the rank that was handed them.
struct FieldHandling {
    /// Called by n_at_once threads. A base::InputError costs this field only: it is failed then.
    std::function<void(std::int64_t field, FieldPixels pixels)> work;
    /// May be called while another thread is at work.
    std::function<void(std::int64_t field, const std::string& reason)> fail;
    /// Fields that this rank works on at the same time.
    int n_at_once = 1;
    /// Where another run can go on from, and what ends a rank that is stuck; for commands that have
    /// them.
    FieldStore* store = nullptr;
    base::Watchdog* watchdog = nullptr;
};

/// Keeps a catalogue, or a folder that many files are written into, to one run at a time.
class OutputLock {
  public:
    /// @param path  of the lock, in a folder that is there.
    /// @param what  it keeps, for messages.
    /// @throws comm::CollectiveError  if another run holds it.
    /// @collective yes: every rank.
    OutputLock(const comm::Communicator& communicator,
               const std::string& path,
               const std::string& what);

  private:
    std::unique_ptr<base::RunLock> lock_;  ///< rank 0's
};

/// Lets rank 0 scatter the fields of a plan, as pixels or as windows that the workers read, and
/// shows the progress and how many fields each rank has had. With a store only what is not done yet
/// is handed out, and no more once a rank is asked to stop.
///
/// @param options  how the plan's maps were opened.
/// @collective yes: every rank.
void work_on_fields(const comm::Communicator& communicator,
                    const campaign::Campaign& campaign,
                    const std::string& stage,
                    const FieldPlan& plan,
                    const image::MapOptions& options,
                    const FieldHandling& handling);

/// Logs on rank 0 how many fields each rank has worked on.
/// @collective yes: every rank.
void log_shares(const comm::Communicator& communicator,
                const std::string& stage,
                std::size_t n_worked_here);

/// A name for the files that belong to one map of a catalogue: its file's, with its number in front
/// where another map has the same.
std::string name_of_map(const catalogue::Catalogue& catalogue, std::int32_t map);

/// The name of each map's file; its path, as it was given, where another map has the same name.
std::vector<std::string> file_names_of_maps(const catalogue::Catalogue& catalogue);

/// Where a catalogue's settings keep the scale and the offset of its model's calibration.
inline constexpr std::array calibration_keys{"model.calibration_scale", "model.calibration_offset"};

/// Where they keep learn::compact_sources_word() of it.
inline constexpr const char* compact_sources_key = "model.compact_sources";

/// Where a map of a catalogue may be: where it was named, seen from here and from the catalogue's
/// folder, and where it was when the catalogue was made.
std::vector<std::string> places_of_map(const catalogue::Catalogue& catalogue,
                                       const std::string& catalogue_file,
                                       const catalogue::MapRecord& map);

/// The value of an entry of a catalogue's provenance, if it has one of this name.
std::optional<std::string> entry_of(const catalogue::Entries& entries, std::string_view name);

/// What a file is by its first bytes; anything else is left for the map reader to refuse.
enum class FileKind { catalogue, model, map };
FileKind kind_of(const std::string& path);

/// The sky coordinates of each map of a catalogue, where it has them.
std::vector<std::optional<image::Wcs>> wcs_of_maps(const catalogue::Catalogue& catalogue);

}  // namespace faintweb::pipeline
