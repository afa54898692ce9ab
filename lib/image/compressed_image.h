// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "lib/image/fits_bytes.h"
#include "lib/image/fits_layout.h"
#include "lib/image/window.h"

namespace faintweb::image {

/// Which of an image's axes are the columns and the rows of the map; all others have length 1.
struct MapAxes {
    std::size_t cols = 0;
    std::size_t rows = 1;
};

/// A tile-compressed image (Rice or GZIP), unpacked by CFITSIO a window at a time. Several threads
/// may read one object at once; they take turns in CFITSIO.
class CompressedImage {
  public:
    /// @param bytes, image  of the open file; they must outlive this object.
    /// @param path          for messages.
    /// @throws InputError   if CFITSIO reads the header differently, or a compressed tile lies
    ///                      outside the file's data.
    CompressedImage(FitsBytes& bytes, const FitsImage& image, MapAxes axes, std::string path);
    ~CompressedImage();

    /// Unpacks a window.
    ///
    /// @param inside  map pixels, within the map.
    /// @param values  [rows, cols] of the type that BITPIX names, in the machine's byte order;
    ///                BSCALE, BZERO and BLANK are not applied, but floats packed as scaled integers
    ///                are floats again.
    /// @throws InputError  if the tiles cannot be unpacked.
    void read(const MapWindow& inside, std::span<std::byte> values) const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace faintweb::image
