// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <array>
#include <string>

#include "lib/sky/box/gas.h"
#include "lib/sky/cosmology/cosmology.h"
#include "lib/sky/lightcone/snapshot.h"

namespace faintweb::io {

/// A field of a snapshot: one dataset [n, n, n], x slowest.
struct SnapshotField {
    std::string name;   ///< of the dataset in the group, or its path from the root ("/a/b")
    double factor = 0;  ///< to our unit; 0: from the dataset's attribute `units`
};

/// Where a snapshot keeps what. The defaults are the names that yt gives.
struct SnapshotOptions {
    /// Group of the fields; empty: `grid`, `data` or the root, the first that is there.
    std::string group{};
    SnapshotField density{.name = "density"};  ///< gas; our unit: the cosmic mean of baryons
    SnapshotField temperature{.name = "temperature"};  ///< K
    /// Peculiar velocity, km/s.
    std::array<SnapshotField, 3> velocity{
        {{.name = "velocity_x"}, {.name = "velocity_y"}, {.name = "velocity_z"}}};
    /// Magnetic field, micro-gauss; all three or none in the file.
    std::array<SnapshotField, 3> magnetic_field{
        {{.name = "magnetic_field_x"}, {.name = "magnetic_field_y"}, {.name = "magnetic_field_z"}}};
    double z_min = 0;  ///< a snapshot outside z_min .. z_max is refused
    double z_max = 1000;
};

/// Reads what a snapshot is from its header and the shapes and units of its datasets, which is
/// quick.
///
/// Any thread may call this function.
///
/// @throws UsageError  as read_snapshot, for all but the cells.
sky::SnapshotFacts snapshot_facts(const std::string& path,
                                  const SnapshotOptions& options,
                                  const sky::Cosmology& expected);

/// Reads the gas of a simulation from a uniform grid over its whole periodic box, as yt's
/// `covering_grid(...).save_as_dataset(...)` writes it, or another HDF5 file with such datasets
/// and, at its root, the attributes current_redshift, domain_left_edge and domain_right_edge with
/// domain_left_edge_units (if that is code_length, length_unit and length_unit_units too).
///
/// Cell (i, j, k) becomes mesh point (i, j, k): the box is shifted by half a cell. Any thread may
/// call this function.
///
/// @param expected  the cosmology of the sky: density is over its mean, and the snapshot's own
///                  Omega_m and h, where it gives them, must agree within 1 %.
/// @throws UsageError  one line: no such file or not HDF5, a field that is missing (names those
///                     that are there), a unit that is not known, a grid that is not a cube or not
///                     the whole box, another cosmology, a redshift out of range, cells that are
///                     not finite or not positive where they must be, a mean density that is not
///                     that of baryons.
/// @source yt 4, yt/frontends/ytdata/utilities.py (save_as_dataset) and
///         yt/data_objects/data_containers.py: fields in group `grid` with attribute `units`; the
///         simulation's attributes and the grid's (left_edge, ActiveDimensions, level) at the root,
///         units of attribute A in attribute A_units.
sky::GasMesh read_snapshot(const std::string& path,
                           const SnapshotOptions& options,
                           const sky::Cosmology& expected);

}  // namespace faintweb::io
