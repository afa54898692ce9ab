// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/io/catalogue_file.h"

#include <algorithm>
#include <cstdio>
#include <span>
#include <string_view>

#include <fmt/core.h>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/catalogue/accounting.h"
#include "lib/catalogue/digest.h"
#include "lib/catalogue/tables.h"
#include "mpi/io/catalogue_layout.h"
#include "mpi/io/catalogue_provenance.h"
#include "mpi/io/catalogue_rows.h"
#include "mpi/io/hdf5.h"
#include "mpi/io/table.h"

namespace faintweb::io {
namespace {

using catalogue::FieldRecord;
using catalogue::MapRecord;
using catalogue::Per;
using catalogue::Provenance;

std::int64_t bytes_needed(const RowLayout& layout,
                          const std::vector<MapRecord>& maps,
                          const Provenance& provenance) {
    std::size_t bytes = maps.size() * sizeof(MapRecord) + provenance.campaign_text.size();
    for (const std::string& header : provenance.map_headers) {
        bytes += header.size();
    }
    // Metadata, attributes, and the gaps in front of aligned datasets.
    return layout.bytes_before(layout.n_fields()) + static_cast<std::int64_t>(bytes) +
           (std::int64_t{4} << 20);
}

/// Adds what is small.
///
/// @return  the maps as they stand in the file.
std::vector<MapRecord> complete_file(const std::string& path,
                                     const std::vector<MapRecord>& maps,
                                     const Provenance& provenance) {
    File file = File::open(path, File::For::adding, disk_failure("write", path));
    std::vector<MapRecord> maps_in_file = add_provenance(file, maps, provenance);
    catalogue::for_each_record_table(
        [&](std::string_view table, std::span<const catalogue::Column> columns) {
            add_lines(file, fmt::format("{}.__table_column_meta__", table),
                      catalogue::astropy_column_meta(columns));
        });
    file.add_attribute("format", layout::format_name);
    file.add_attribute("format_version", std::int32_t{catalogue::format_version});
    file.close();
    return maps_in_file;
}

/// Checks the file as a whole, when the rows of all fields are known to be right.
WrittenCatalogue verify_whole(const std::string& path,
                              std::span<const MapRecord> plan,
                              const RowLayout& layout,
                              std::string_view field_digests,
                              const Provenance& provenance) {
    const File file = File::open(path, File::For::reading, disk_failure("read back", path));
    const auto maps = Table<MapRecord>(file, catalogue::maps_path).read();
    if (!std::ranges::equal(maps, plan)) {
        throw_not_as_written(path, "maps");
    }
    const auto fields = Table<FieldRecord>(file, catalogue::fields_path).read(0, layout.n_fields());
    catalogue::check_totals(maps, fields, layout.n_elements(Per::row),
                            layout.n_elements(Per::tile));
    return {catalogue::catalogue_digest(maps, field_digests, provenance),
            catalogue::account(maps, fields)};
}

void add_digest(const std::string& path, const std::string& digest) {
    File file = File::open(path, File::For::adding, disk_failure("write", path));
    file.add_attribute(layout::digest, digest);
    file.close();
    const File again = File::open(path, File::For::reading, disk_failure("read back", path));
    if (again.text_attribute(layout::digest) != digest) {
        throw_not_as_written(path, "digest");
    }
}

}  // namespace

WrittenCatalogue write_catalogue(const comm::Communicator& communicator,
                                 const std::string& path,
                                 const std::vector<MapRecord>& maps,
                                 const FieldSource& source,
                                 const Provenance& provenance) {
    const RowLayout layout(source.sizes);
    comm::on_root(communicator,
                  [&] { base::check_room(path, bytes_needed(layout, maps, provenance)); });
    const std::string partial = base::partial_path(path);
    comm::on_root(communicator, [&] { base::remove_partial(path); });
    std::vector<std::int64_t> checksums;
    try {
        checksums = write_rows(communicator, path, layout, source);
    } catch (const base::Error& error) {
        // A full disk is not kept full by a partial file. The error goes on as one that ends the
        // job at once: an orderly MPI_Finalize would have HDF5 close the file, and some ranks wait
        // there for ever.
        std::remove(partial.c_str());
        throw base::Error(error.code(), error.what());
    }
    WrittenCatalogue written;
    try {
        std::vector<MapRecord> maps_in_file;
        comm::on_root(communicator,
                      [&] { maps_in_file = complete_file(partial, maps, provenance); });
        const std::string digests = verify_rows(communicator, partial, layout, checksums);
        comm::on_root(communicator, [&] {
            written = verify_whole(partial, maps_in_file, layout, digests, provenance);
            add_digest(partial, written.digest);
            base::publish_partial(path);
        });
    } catch (const base::Error& error) {
        if (communicator.is_root()) {
            std::remove(partial.c_str());
        }
        if (error.code() == base::ExitCode::disk) {
            throw base::Error(error.code(), error.what());  // as above
        }
        throw;
    }
    communicator.broadcast(written.digest);
    return written;
}

}  // namespace faintweb::io
