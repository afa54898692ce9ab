// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "lib/campaign/campaign.h"
#include "mpi/pipeline/mock_sky.h"

/// The files of a mock sky.
namespace faintweb::pipeline {

/// First line of the list of haloes that is written with a sky: it tells the list from other files.
inline constexpr const char* halo_columns =
    "x_px,y_px,ra_deg,dec_deg,z,m200m_msun,m200_msun,r200_mpc,r100_mpc,r100_arcsec,slab,id\n";
/// First line of the list of point sources.
inline constexpr const char* point_source_columns = "x_px,y_px,flux_jy\n";

/// Makes a sky and writes it with all that is kept of it, its haloes last.
void write_sky(const campaign::Campaign& campaign,
               MockSkies& skies,
               sky::SkySet set,
               int number,
               int n_threads);

/// Whether all of a sky was written.
bool is_sky_written(const campaign::Campaign& campaign, sky::SkySet set, int number);

}  // namespace faintweb::pipeline
