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

#include "lib/image/fits_map.h"
#include "lib/image/image.h"
#include "lib/image/window.h"
#include "lib/tile/grid.h"
#include "mpi/communicator.h"

namespace faintweb::mpi {

/// A map of the plan, as rank 0 found it.
struct PlannedMap {
    image::MapInfo info;
    std::string truth_path;  ///< the sky image of the same pixels, or empty
    std::string stamp;       ///< base::file_stamp of the map's file
    std::string truth_stamp;
    std::string failure;  ///< why the map cannot be used, or empty
};

struct PlannedField {
    std::int32_t map = 0;
    image::Window window;  ///< map pixels
};

/// All fields of all maps, in the same order on every rank.
struct FieldPlan {
    std::vector<PlannedMap> maps;
    std::vector<PlannedField> fields;
    /// Pixels of its map that travel with a field on each side, for a network that wants context.
    std::int64_t margin_px = 0;

    const PlannedMap& map_of(std::int64_t field) const {
        return maps[static_cast<std::size_t>(fields[static_cast<std::size_t>(field)].map)];
    }
    const image::Window& window_of(std::int64_t field) const {
        return fields[static_cast<std::size_t>(field)].window;
    }
    /// The window with its margin; may reach past the map's edges.
    image::Window wide_window_of(std::int64_t field) const {
        const image::Window& window = window_of(field);
        return {window.x0 - margin_px,
                window.y0 - margin_px,
                window.cols + 2 * margin_px,
                window.rows + 2 * margin_px};
    }
};

/// Cuts maps into fields; one that cannot be used has none.
FieldPlan cut_into_fields(std::vector<PlannedMap> maps,
                          std::int64_t field_px,
                          std::int64_t margin_px = 0);

/// One map and, where the truth is known, its sky image.
struct MapPaths {
    std::string map;
    std::string truth;
};

/// Opens every map on rank 0, which alone may see them, and cuts them into fields. A map that
/// cannot be used is in the plan with its reason and has no fields.
///
/// @param accept     says why a map that was opened is not used all the same, empty if it is.
/// @param margin_px  see FieldPlan.
///
/// @collective yes: every rank.
FieldPlan plan_fields(const Communicator& communicator,
                      const std::vector<MapPaths>& paths,
                      const image::MapOptions& options,
                      std::int64_t field_px,
                      const std::function<std::string(const image::MapInfo&)>& accept = nullptr,
                      std::int64_t margin_px = 0);

/// A key for every field of a plan: a hash of its map's file (path, size, time of change, header;
/// also those of its sky image) and of its window. A map that is named twice has keys for each.
std::vector<std::uint64_t> field_keys(const FieldPlan& plan);

/// Reads the fields of a plan, on a rank that sees its files; several threads may read at once.
/// Keeps the maps of the last two fields open.
class FieldReader {
  public:
    FieldReader(const FieldPlan& plan, image::MapOptions options);

    /// The field's pixels and its margin's in the map's own unit, followed by those of its sky
    /// image, without margin, if there is one. What lies past the map's edges is blank.
    ///
    /// @throws base::InputError  if it cannot be read, or its file has changed since the plan.
    std::vector<float> read(std::int64_t field);

  private:
    /// The files of a map, open as long as somebody reads them.
    struct OpenMap;
    /// Opening may take as long as unpacking a file: only those wait who want the same map.
    struct Place {
        std::mutex mutex;
        std::weak_ptr<const OpenMap> map;
    };
    std::shared_ptr<const OpenMap> open(std::int32_t map);

    const FieldPlan& plan_;
    image::MapOptions options_;
    std::mutex mutex_;
    std::map<std::int32_t, Place> places_;
    std::array<std::shared_ptr<const OpenMap>, 2> last_;
};

/// What FieldReader::read gives, of a field whose map and sky image are in memory.
///
/// @param map, sky  [rows, cols] of the whole map, in the unit that the plan has for it.
std::vector<float> pack_field(const FieldPlan& plan,
                              std::int64_t field,
                              const image::Image& map,
                              const image::Image& sky);

/// The pixels of a field where it is worked on.
struct FieldPixels {
    image::Image wide;  ///< Jy/arcsec2, with the plan's margin on each side
    std::int64_t margin_px = 0;
    std::optional<image::Image> sky;  ///< Jy/arcsec2, without margin
    std::string hash;                 ///< base::ValueHash of all values as they were read
    double read_s = 0;                ///< that reading took, 0 where another rank did
    double hash_s = 0;
    double unit_s = 0;

    tile::TileGrid grid(std::int64_t tile_px) const {
        return {wide.rows - 2 * margin_px, wide.cols - 2 * margin_px, tile_px};
    }
    /// A copy without the margin.
    image::Image core() const { return image::without_margin(wide, margin_px); }
};

/// Takes apart what FieldReader::read or pack_field gave and turns it into Jy/arcsec2.
FieldPixels unpack_field(const FieldPlan& plan, std::int64_t field, std::vector<float> pixels);

}  // namespace faintweb::mpi
