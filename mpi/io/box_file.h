// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <string>
#include <vector>

#include "lib/base/error.h"
#include "lib/sky/box/particles.h"
#include "lib/sky/lightcone/box_maps.h"
#include "lib/sky/lightcone/lightcone.h"

// Files that keep one state (one redshift) of a simulated box: its particles, or its maps and
// haloes. One rank writes a file, any rank reads it. A file that exists under its name is whole: it
// is written under a name that no other process uses, flushed, read back and compared, and renamed.
// It carries the text of everything that shaped it (`made_from`), whose hash is part of its name,
// and checksums of all its data (Fletcher32 in HDF5's chunks).
//
// The HDF5 library is not thread-safe; these functions take turns on one lock and may be called
// from any thread, as long as no other code uses HDF5 meanwhile.
namespace faintweb::io {

/// A box file that is missing, damaged, or made from something else: it has to be made again.
class UnfitBoxFile : public base::InputError {
  public:
    using InputError::InputError;
};

/// What a box file keeps of a state: its particles, or its maps and haloes.
enum class BoxFileKind { particles, maps };

/// The name of a box file: "maps-50mpc-r0-s3-0123456789ab.h5".
///
/// @param state  number of the slab in its class.
std::string box_file_name(
    BoxFileKind kind, double box_mpc, int realisation, int state, const std::string& made_from);

/// Whether a file's name is that of a box file which was not whole yet.
bool is_partial_box_file(const std::string& name);

/// Writes the particles of a state of a box, over a file of that name.
///
/// @throws DiskError  if the disk is full, read-only or failing; nothing is left beside it then.
void write_particles(const std::string& path,
                     const std::string& made_from,
                     const sky::Particles& particles);

/// Writes the maps and haloes of a state of a box, over a file of that name.
///
/// @param z     redshift of the state.
/// @throws DiskError  if the disk is full, read-only or failing; nothing is left beside it then.
void write_maps(const std::string& path,
                const std::string& made_from,
                double z,
                const sky::BoxMaps& maps);

/// Checks all of a box file but its data, which is quick.
///
/// @throws UnfitBoxFile  says why the file cannot be used.
void check_box_file(BoxFileKind kind, const std::string& path, const std::string& made_from);

/// Reads the particles of a state, with their checksums checked.
///
/// @throws UnfitBoxFile  says why the file cannot be used.
sky::Particles read_particles(const std::string& path, const std::string& made_from);

/// Reads one map of a state, with its checksums checked.
///
/// @param axis  that the box is seen along, 0 .. 2.
/// @throws UnfitBoxFile  says why the file cannot be used.
/// @throws Error  (internal) if the file was written without that layer.
sky::CodedMap read_map(const std::string& path,
                       const std::string& made_from,
                       sky::Layer layer,
                       int axis);

/// Reads the haloes of a state, with their checksums checked.
///
/// @throws UnfitBoxFile  says why the file cannot be used.
std::vector<sky::BoxHalo> read_haloes(const std::string& path, const std::string& made_from);

}  // namespace faintweb::io
