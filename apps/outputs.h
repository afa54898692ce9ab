#pragma once

#include <string>
#include <vector>

#include "apps/commands.h"
#include "lib/base/output.h"
#include "lib/campaign/campaign.h"
#include "lib/catalogue/records.h"
#include "mpi/comm/communicator.h"

/// Which files the commands write, and whether they may.
namespace faintweb::apps {

/// First lines of the lists that `simulate` writes: what tells them from other files.
inline constexpr const char* halo_columns =
    "x_px,y_px,ra_deg,dec_deg,z,m200m_msun,m200_msun,r200_mpc,r100_mpc,r100_arcsec,slab,id\n";
inline constexpr const char* point_source_columns = "x_px,y_px,flux_jy\n";

/// Whether a file begins with these bytes.
bool begins_with(const std::string& path, const std::string& bytes);

/// Where the results of a catalogue lie until it is written, and the lock of both.
std::string run_folder(const std::string& catalogue);
std::string lock_path(const std::string& catalogue);

/// The files that `detect` writes beside the catalogue in one of detect.exports.
ExportPaths export_paths(const campaign::Campaign& campaign, const std::string& format);
/// The folder of its pictures.
std::string pictures_folder(const campaign::Campaign& campaign);

/// The image of a map in a folder for such images.
std::string tile_map_path(const catalogue::Catalogue& catalogue,
                          std::int32_t map,
                          const std::string& folder,
                          const MapExport& quantity);

/// What an export of a catalogue writes.
/// @param catalogue  of which the maps' paths are needed only.
std::vector<base::Output> outputs_of_export(const catalogue::Catalogue& catalogue,
                                            const ExportPaths& paths);
/// What drawing a catalogue replaces in a folder.
std::vector<base::Output> outputs_of_pictures(const catalogue::Catalogue& catalogue,
                                              const std::string& folder);
/// What exporting and drawing a catalogue read.
std::vector<std::string> inputs_of_catalogue(const std::string& path,
                                             const catalogue::Catalogue& catalogue);

/// What a campaign writes: its stages, or a sweep.
enum class Work { stages, sweep };

/// Checks that all that a campaign writes, it may write. What its stages have written into its
/// output folder before, as OUTPUT/.stages says, it may.
///
/// @throws comm::CollectiveError  see base::check_outputs.
/// @collective yes: every rank.
void check_campaign_outputs(const comm::Communicator& communicator,
                            const campaign::Campaign& campaign,
                            Work work,
                            base::Overwrite overwrite);

/// Notes in OUTPUT/.stages what is about to be written, after check_campaign_outputs().
/// @collective yes: every rank.
void claim_campaign_outputs(const comm::Communicator& communicator,
                            const campaign::Campaign& campaign,
                            Work work);

}  // namespace faintweb::apps
