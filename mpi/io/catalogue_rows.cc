// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/io/catalogue_rows.h"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string_view>

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/hash.h"
#include "lib/catalogue/accounting.h"
#include "lib/catalogue/digest.h"
#include "mpi/io/hdf5.h"
#include "mpi/io/table.h"

namespace faintweb::io {
namespace {

using catalogue::FieldResult;
using catalogue::FieldTable;
using catalogue::for_each_field_table;
using catalogue::Per;
using catalogue::Rows;

/// The first field behind a batch that begins with `first`: at least one, no more than `last`.
std::int64_t end_of_batch(const RowLayout& layout, std::int64_t first, std::int64_t last) {
    std::int64_t end = first;
    while (end < last &&
           (end == first ||
            layout.bytes_before(end + 1) - layout.bytes_before(first) <= batch_bytes)) {
        ++end;
    }
    return end;
}

/// Takes the disk's blocks for a file before they are written: where a write finds no room, Open
/// MPI may tell some ranks only, or none.
void reserve_room(const std::string& path, std::int64_t bytes) {
    const int file = open(path.c_str(), O_RDWR | O_CLOEXEC);
    const int failure = file < 0 ? errno : posix_fallocate(file, 0, bytes);
    if (file >= 0) {
        close(file);
    }
    if (failure != 0 && failure != EINVAL && failure != EOPNOTSUPP) {  // a disk that cannot reserve
        base::throw_errno(fmt::format("cannot reserve {} MB for {} (make room and run again)",
                                      bytes / 1000000 + 1, path),
                          failure);
    }
}

/// A number that changes with any value of a field. MPI-IO may lose data without an error, so what
/// was read back is compared with what each rank meant to write.
///
/// @param digest  the field's, which leaves out some of its record.
std::int64_t checksum(const catalogue::FieldRecord& field, std::string_view digest) {
    base::Sha256 hash;
    hash.add_values(std::span(&field, 1));
    hash.add(digest);
    return std::stoll(hash.finish().substr(0, 15), nullptr, 16);
}

/// Fields first .. last - 1, of which a rank takes care.
struct Share {
    std::int64_t first = 0;
    std::int64_t last = 0;
};

Share share_of(const RowLayout& layout, int rank, int n_ranks) {
    return {layout.n_fields() * rank / n_ranks, layout.n_fields() * (rank + 1) / n_ranks};
}

Rows load_rows(const FieldSource& source,
               const RowLayout& layout,
               std::int64_t first,
               std::int64_t end,
               std::span<std::int64_t> checksums) {
    Rows rows;
    for (std::int64_t field = first; field < end; ++field) {
        FieldResult result = source.load(catalogue::FieldId(field));
        result.field.score_offset = layout.first(Per::tile, field);
        catalogue::check_field(result);
        bool is_as_planned = result.field.field == field;
        for_each_field_table([&](const auto& table) {
            const auto elements = table.elements_of(result);
            is_as_planned = is_as_planned &&
                            static_cast<std::int64_t>(elements.size()) ==
                                layout.first(table.per, field + 1) - layout.first(table.per, field);
            auto& all = rows.*table.rows;
            all.insert(all.end(), elements.begin(), elements.end());
        });
        if (!is_as_planned) {
            throw base::Error(
                base::ExitCode::internal,
                fmt::format(
                    "field {} is not what was planned (a fault of this program), please report it",
                    field));
        }
        checksums[static_cast<std::size_t>(field)] =
            checksum(result.field, catalogue::field_digest(result));
    }
    return rows;
}

/// The part of one field in the rows of a batch.
///
/// @param first  the batch's first field.
FieldResult part_of(const Rows& rows,
                    const RowLayout& layout,
                    std::int64_t first,
                    std::int64_t field) {
    FieldResult result;
    for_each_field_table([&](const auto& table) {
        const std::int64_t start = layout.first(table.per, field);
        const std::int64_t n = layout.first(table.per, field + 1) - start;
        table.give(result,
                   std::span(rows.*table.rows)
                       .subspan(static_cast<std::size_t>(start - layout.first(table.per, first)),
                                static_cast<std::size_t>(n)));
    });
    return result;
}

/// Reads the rows of a share back from the disk, batch by batch, and checks them.
///
/// @return  the digests of the fields, one after the other.
std::string verify_share(const std::string& path,
                         const RowLayout& layout,
                         std::span<const std::int64_t> checksums,
                         Share share) {
    const File file = File::open(path, File::For::reading, disk_failure("read back", path));
    const auto table_in_file =
        [&]<typename Element, typename Part>(const FieldTable<Element, Part>& table) {
            return Table<Element>(file, table.path);
        };
    for_each_field_table([&](const auto& table) {
        if (table_in_file(table).size() != layout.n_elements(table.per)) {
            throw_not_as_written(path, "number of rows");
        }
    });
    std::string digests;
    for (std::int64_t first = share.first; first < share.last;) {
        const std::int64_t end = end_of_batch(layout, first, share.last);
        Rows rows;
        for_each_field_table([&](const auto& table) {
            const std::int64_t start = layout.first(table.per, first);
            rows.*table.rows =
                table_in_file(table).read(start, layout.first(table.per, end) - start);
        });
        for (std::int64_t field = first; field < end; ++field) {
            const FieldResult result = part_of(rows, layout, first, field);
            const std::string digest = catalogue::field_digest(result);
            if (checksum(result.field, digest) != checksums[static_cast<std::size_t>(field)]) {
                throw_not_as_written(path, fmt::format("field {}", field));
            }
            digests += digest;
        }
        catalogue::check_rows(rows.fields, rows.tiles);
        first = end;
    }
    return digests;
}

}  // namespace

RowLayout::RowLayout(const std::vector<FieldSource::Size>& sizes)
    : n_fields_(static_cast<std::int64_t>(sizes.size())), first_(catalogue::n_pers, {0}) {
    const auto add = [this](Per per, std::int64_t n) {
        std::vector<std::int64_t>& first = first_[static_cast<std::size_t>(per)];
        first.push_back(first.back() + n);
    };
    for (const FieldSource::Size& size : sizes) {
        add(Per::row, size.n_rows);
        add(Per::field, 1);
        add(Per::tile, size.n_scores);
    }
}

std::int64_t RowLayout::bytes_before(std::int64_t field) const {
    std::int64_t bytes = 0;
    for_each_field_table(
        [&]<typename Element, typename Part>(const FieldTable<Element, Part>& table) {
            bytes += first(table.per, field) * static_cast<std::int64_t>(sizeof(Element));
        });
    return bytes;
}

std::vector<std::int64_t> write_rows(const comm::Communicator& communicator,
                                     const std::string& path,
                                     const RowLayout& layout,
                                     const FieldSource& source) {
    const std::string partial = base::partial_path(path);
    std::optional<File> file;
    std::int64_t n_bytes = 0;
    comm::collectively(communicator, [&] {
        // Large datasets begin on a stripe of common parallel file systems; small files stay small.
        file.emplace(File::create(communicator, partial,
                                  {.structures = Hdf5Structures::v1_8, .alignment_bytes = 1 << 20},
                                  disk_failure("write", partial)));
    });
    for_each_field_table(
        [&]<typename Element, typename Part>(const FieldTable<Element, Part>& table) {
            // In one piece: the counts are known and nothing is appended later, so that there is no
            // index of chunks to keep, and any reader may still take any slice.
            comm::collectively(communicator, [&] {
                Table<Element>::add(*file, table.path, layout.n_elements(table.per),
                                    {.is_allocated_early = true});
            });
        });
    comm::collectively(communicator, [&] { n_bytes = file->size_bytes(); });
    comm::on_root(communicator, [&] { reserve_room(partial, n_bytes); });

    std::vector<std::int64_t> checksums(static_cast<std::size_t>(layout.n_fields()));
    auto [first, last] = share_of(layout, communicator.rank(), communicator.size());
    // Ranks may need different numbers of batches: those that are through go on with empty ones.
    while (communicator.max(last - first) > 0) {
        const std::int64_t end = end_of_batch(layout, first, last);
        Rows rows;
        comm::collectively(communicator,
                           [&] { rows = load_rows(source, layout, first, end, checksums); });
        for_each_field_table(
            [&]<typename Element, typename Part>(const FieldTable<Element, Part>& table) {
                comm::collectively(communicator, [&] {
                    Table<Element>(*file, table.path)
                        .write(layout.first(table.per, first), rows.*table.rows);
                });
            });
        first = end;
    }
    comm::collectively(communicator, [&] { file->close(); });
    // Each rank flushes what its own node still holds.
    comm::collectively(communicator, [&] { base::flush_file(partial); });
    communicator.sum(std::span<std::int64_t>(checksums));
    return checksums;
}

std::string verify_rows(const comm::Communicator& communicator,
                        const std::string& path,
                        const RowLayout& layout,
                        std::span<const std::int64_t> checksums) {
    const int n_ranks = communicator.size();
    const auto shift = static_cast<int>(communicator.max(communicator.local_size())) % n_ranks;
    std::string mine;
    comm::collectively(communicator, [&] {
        const int other = (communicator.rank() + shift) % n_ranks;
        mine = verify_share(path, layout, checksums, share_of(layout, other, n_ranks));
    });
    std::vector<std::string> parts = communicator.gather(mine);
    std::string digests;
    if (communicator.is_root()) {
        std::ranges::rotate(parts, parts.end() - shift);  // rank 0 has not the first share
        for (const std::string& part : parts) {
            digests += part;
        }
    }
    return digests;
}

}  // namespace faintweb::io
