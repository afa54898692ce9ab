// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/catalogue/records.h"
#include "lib/image/fits_map.h"
#include "lib/image/image.h"
#include "lib/image/window.h"
#include "lib/tile/grid.h"
#include "lib/tile/noise_mesh.h"
#include "lib/tile/statistics.h"
#include "mpi/comm/communicator.h"

namespace faintweb::pipeline {

/// A map of the plan, as rank 0 found it.
struct PlannedMap {
    image::MapInfo info;
    std::string truth_path;  ///< the sky image of the same pixels, or empty
    std::string stamp;       ///< base::file_stamp of the map's file
    std::string truth_stamp;
    std::string failure;        ///< why the map cannot be used, or empty
    tile::MapNoise noise = {};  ///< Jy/arcsec2; only of a plan that measures it

    /// The mesh of places where the local noise of the map is measured.
    tile::NoiseMesh mesh() const;
};

/// Whether the noise of observed maps is measured, and what lies outside the observation is told
/// from what does not: reading a field then takes more of its map.
enum class Noise { ignored, measured };

/// How maps are cut into fields.
struct CutSettings {
    std::int64_t field_px = 2000;
    std::int64_t tile_px = 40;   ///< a remainder narrower than a tile joins the field before it
    std::int64_t margin_px = 0;  ///< pixels around each field that a network wants
    Noise noise = Noise::ignored;
};

/// A field of the plan: a window of one of its maps.
struct PlannedField {
    catalogue::MapId map;
    image::MapWindow window;
};

/// All fields of all maps, in the same order on every rank.
struct FieldPlan {
    std::vector<PlannedMap> maps;
    std::vector<PlannedField> fields;
    /// Pixels of its map around a field on each side that are worked on with it, for a network that
    /// wants context.
    std::int64_t margin_px = 0;
    Noise noise = Noise::ignored;

    /// The number behind that of the last field.
    catalogue::FieldId end() const { return catalogue::FieldId(fields.size()); }
    const PlannedMap& map_of(catalogue::FieldId field) const {
        return maps[fields[field.place()].map.place()];
    }
    const image::MapWindow& window_of(catalogue::FieldId field) const {
        return fields[field.place()].window;
    }
    /// The window with its margin; may reach past the map's edges.
    image::MapWindow wide_window_of(catalogue::FieldId field) const {
        return image::widened(window_of(field), margin_px);
    }
    /// What is read of the map: also what the noise in the wide window is measured on, as far as
    /// the map goes.
    image::MapWindow read_window_of(catalogue::FieldId field) const;
};

/// Cuts maps into fields; a map that cannot be used has none.
FieldPlan cut_into_fields(std::vector<PlannedMap> maps, const CutSettings& settings);

/// One map and, where the truth is known, its sky image.
struct MapPaths {
    std::string map;
    std::string truth;
};

/// Measures the noise of a map whose fields are to be scaled by it.
///
/// @param read  as tile::measure_map_noise wants it, in Jy/arcsec2.
/// @throws base::InputError  if the noise cannot be measured; names the map.
tile::MapNoise measure_noise(const image::MapInfo& info,
                             const std::function<image::Image(const image::MapWindow&)>& read);

/// Opens every map on rank 0, which alone may see them, and cuts them into fields. A map that
/// cannot be used, or whose noise is to be measured and cannot, is in the plan with its reason and
/// has no fields.
///
/// @param accept  says why a map that was opened is not used all the same, empty if it is.
///
/// @collective yes: every rank.
FieldPlan plan_fields(const comm::Communicator& communicator,
                      const std::vector<MapPaths>& paths,
                      const image::MapOptions& options,
                      const CutSettings& settings,
                      const std::function<std::string(const image::MapInfo&)>& accept = nullptr);

/// A key for every field of a plan: a hash of its map's file (path, size, time of change, header;
/// also those of its sky image) and of its window. A map that is named twice has keys for each.
std::vector<std::uint64_t> field_keys(const FieldPlan& plan);

/// Reads the fields of a plan, on a rank that sees its files; several threads may read at once.
/// Keeps the maps of the last two fields open.
class FieldReader {
  public:
    FieldReader(const FieldPlan& plan, image::MapOptions options);

    /// The pixels of the plan's read window in the map's own unit, followed by those of the field's
    /// sky image, without margin, if there is one, and by the characters of the hash of the field's
    /// own window (image::HashedImage), four in the bytes of each float. What lies past the map's
    /// edges is blank.
    ///
    /// @throws base::InputError  if the field cannot be read, or its file is not that of the plan.
    std::vector<float> read(catalogue::FieldId field);

  private:
    /// The files of a map, open as long as somebody reads them.
    struct OpenMap;
    /// The place of one open map. Opening may take as long as unpacking a file: only those wait who
    /// want the same map.
    struct Place {
        std::mutex mutex;
        std::weak_ptr<const OpenMap> map;
    };
    std::shared_ptr<const OpenMap> open(catalogue::MapId map);

    const FieldPlan& plan_;
    image::MapOptions options_;
    std::mutex mutex_;
    std::map<catalogue::MapId, Place> places_;
    std::array<std::shared_ptr<const OpenMap>, 2> last_;
};

/// Packs a field, whose map and sky image are in memory, as FieldReader::read gives it: the hash is
/// that of a file with the map's values as float32.
///
/// @param map, sky  [rows, cols] of the whole map, in the unit that the plan has for it.
std::vector<float> pack_field(const FieldPlan& plan,
                              catalogue::FieldId field,
                              const image::Image& map,
                              const image::Image& sky);

/// The pixels of a field where it is worked on.
struct FieldPixels {
    image::Image wide;  ///< Jy/arcsec2, with the plan's margin on each side
    std::int64_t margin_px = 0;
    tile::LocalNoise noise;           ///< of `wide`, if the plan measures it
    std::optional<image::Image> sky;  ///< Jy/arcsec2, without margin
    /// image::HashedImage's hash of the field's own window: no margin, nothing that the noise is
    /// measured on, no sky image.
    std::string hash;
    double read_s = 0;  ///< that reading and hashing took, 0 where another rank did
    double unit_s = 0;
    double noise_s = 0;  ///< that telling what lies outside and measuring the noise took

    tile::TileGrid grid(std::int64_t tile_px) const {
        return {wide.rows - 2 * margin_px, wide.cols - 2 * margin_px, tile_px};
    }
    /// A copy without the margin.
    image::Image core() const { return image::without_margin(wide, margin_px); }
    /// The noise of this field with fewer pixels around it.
    tile::LocalNoise noise_inside(std::int64_t surplus_px) const;
    /// The statistics of this field that the scalings follow from.
    ///
    /// @param wide_field  this field with margin_px_wanted pixels around it, at most margin_px.
    tile::FieldStatistics statistics(const image::Image& wide_field,
                                     std::int64_t margin_px_wanted) const;
};

/// Takes apart what FieldReader::read or pack_field gave and turns it into Jy/arcsec2.
FieldPixels unpack_field(const FieldPlan& plan,
                         catalogue::FieldId field,
                         std::vector<float> pixels);

}  // namespace faintweb::pipeline
