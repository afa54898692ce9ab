// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/image/beam.h"
#include "lib/image/brightness_unit.h"
#include "lib/image/image.h"
#include "lib/image/pixel_shape.h"
#include "lib/image/window.h"

namespace faintweb::image {

/// What the user knows about a map. The header comes first, also where it differs, unless it lacks
/// a fact, says something unusable, or the user forces his own.
struct MapOptions {
    std::optional<Beam> beam = {};
    std::optional<ScaledUnit> unit = {};
    std::optional<double> pixel_arcsec = {};
    bool force_beam = false;
    bool force_unit = false;
    bool force_pixel = false;
    /// Also take a map whose BUNIT is missing or no brightness: its values stay as they are.
    bool any_unit = false;
    /// There is no way to give any of these: refusals say that the header must.
    bool only_header = false;
    int hdu = -1;  ///< 0 is the primary HDU, as in astropy; -1: see find_image().
    std::int64_t max_unpacked_bytes = std::int64_t{4}
                                      << 30;  ///< of a .gz file, and of one compressed tile.
};

/// What is known about an open map.
struct MapInfo {
    std::string path = {};
    int hdu = 0;            ///< 0 is the primary HDU.
    std::int64_t cols = 0;  ///< length of the axis of right ascension (FITS axis 1 nearly always).
    std::int64_t rows = 0;
    PixelUnit unit = PixelUnit::jy_beam;
    /// BUNIT as it stands, also empty, if it is no brightness: only with MapOptions::any_unit, and
    /// unit means nothing then.
    std::optional<std::string> other_unit = {};
    std::optional<Beam> beam = {};  ///< always there if the unit is Jy/beam.
    double pixel_arcsec = 0;        ///< edge of a square pixel of the same area.
    PixelShape pixel_shape = {};
    double frequency_hz = 0;  ///< 0: unknown.
    bool has_wcs = false;     ///< whether header_cards give positions that can be trusted.
    /// Of the image (a tile-compressed one as if unpacked), 80 characters each.
    std::string header_cards = {};
    std::string header_sha256 = {};  ///< of header_cards.
    double jy_arcsec2_per_unit = 1;  ///< pixel value times this is Jy/arcsec2 (also of mJy/beam).
    std::string object = {};
    /// What a user should know of how the map was taken, each one line.
    std::vector<std::string> notes = {};
};

/// A window of a map, and a hash by which anybody can tell whether a file still holds it.
struct HashedImage {
    Image image;
    /// base::Xxh3 of the values of the hashed window as they lie in the file: row by row, the first
    /// row of the file first, each value in the bytes of the type that BITPIX names, the highest
    /// byte first; BSCALE, BZERO and BLANK are not applied. Of a tile-compressed image they are the
    /// unpacked values in the type that ZBITPIX names, the highest byte first; floats that are
    /// packed as scaled integers are floats again, and their blanks are the NaN 0x7fc00000 (of
    /// doubles 0x7ff8000000000000). astropy's do_not_scale_image_data gives the same bytes.
    std::string hash;
};

/// One image of a FITS file, open for reading windows.
///
/// Takes plain, gzipped (unpacked into memory) and Rice or GZIP tile-compressed files; the header
/// is checked against the real file. Only the last kind is read through CFITSIO. The path is a
/// plain path: CFITSIO's URL and filter syntax means nothing here. Several threads may read one
/// object at once; those that need CFITSIO take turns.
class FitsMap {
  public:
    /// @throws InputError  one line that names all keys at fault and the options that supply them.
    static FitsMap open(const std::string& path, const MapOptions& options = {});
    ~FitsMap();
    FitsMap(FitsMap&&) noexcept;
    FitsMap& operator=(FitsMap&&) noexcept;

    const MapInfo& info() const;

    /// Reads a part of the map; the rest of the file is not touched (a .gz file is in memory
    /// already).
    ///
    /// @param window  map pixels; what lies past the map's edges is blank.
    /// @return        [rows, cols], float32 values as astropy gives them (BSCALE, BZERO and BLANK
    ///                applied), in the file's own unit; blank = NaN.
    /// @throws InputError  if the file cannot be read there.
    Image read(const MapWindow& window) const;

    /// Reads a window like read(), and hashes a part of it on the way.
    ///
    /// @param hashed  map pixels, within the window and within the map.
    HashedImage read_and_hash(const MapWindow& window, const MapWindow& hashed) const;

  private:
    struct State;
    explicit FitsMap(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace faintweb::image
