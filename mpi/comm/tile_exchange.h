// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstddef>
#include <cstdint>
#include <future>
#include <span>
#include <vector>

#include "lib/catalogue/records.h"
#include "lib/learn/sample_store.h"
#include "lib/tile/grid.h"
#include "mpi/comm/communicator.h"

namespace faintweb::comm {

/// Name of a tile over the whole training set; does not depend on which rank holds it.
using SampleId = std::uint64_t;

/// The name of a tile: the field in the upper 32 bits, the tile in the lower.
///
/// @param tile  0 .. 2^32 - 1.
constexpr SampleId make_sample_id(catalogue::FieldId field, tile::TileId tile) {
    return SampleId{field.place()} << 32U | SampleId{tile.place()};
}

/// The training tiles that one rank holds.
struct Shard {
    std::vector<SampleId> ids;
    std::vector<std::uint8_t> labels;  ///< bit r: signal under label rule r
    /// The samples of these ids, in their order: learn::NetworkInfo::n_sample_values says what.
    learn::SampleStore samples;
};

/// Which tiles there are on all ranks, and who holds each.
class TileDirectory {
  public:
    /// @collective yes: every rank.
    TileDirectory(const Communicator& communicator, const Shard& shard);

    /// Tiles that are signal under some rule, in ascending order: the same on every rank and for
    /// any number of ranks.
    std::span<const SampleId> signal_ids() const { return signal_ids_; }
    /// Tiles that are signal under no rule, in ascending order: the same on every rank and for any
    /// number of ranks.
    std::span<const SampleId> noise_ids() const { return noise_ids_; }
    /// The rank that holds the tile.
    int owner(SampleId id) const;
    /// Number of the tile in the shard of its owner.
    std::size_t place(SampleId id) const;
    /// The labels of the tile, as Shard::labels.
    std::uint8_t labels(SampleId id) const;

  private:
    struct Entry {
        SampleId id;
        std::int32_t owner;
        std::uint32_t place;
        std::uint64_t labels;  ///< as wide as the alignment, so that no byte is undefined
    };
    const Entry& entry(SampleId id) const;
    std::vector<Entry> entries_;  // sorted by id
    std::vector<SampleId> signal_ids_;
    std::vector<SampleId> noise_ids_;
};

/// The samples of one epoch, batch by batch: rank r of n takes slice r of each global batch, and
/// gets what others hold. Several batches travel at once, and while they are trained on a second
/// thread gathers what the next ones need, be it from a file.
class EpochSamples {
  public:
    /// @param order        ids of the epoch, in the order of the global batches; the same on every
    ///                     rank. Must outlive this object, as must shard and directory.
    /// @param chunk_bytes  of samples that a rank is sent at once; at least one batch is. About
    ///                     four times as much memory is used.
    /// @param grain        of learn::batch_part().
    /// @param first_batch  where to begin.
    EpochSamples(const Communicator& communicator,
                 const Shard& shard,
                 const TileDirectory& directory,
                 std::span<const SampleId> order,
                 std::size_t batch_size,
                 std::int64_t grain,
                 std::size_t chunk_bytes,
                 std::size_t first_batch);

    /// This rank's part of a batch, valid until the next call of next().
    struct Part {
        std::span<const SampleId> ids;
        std::span<const std::uint16_t> samples;  ///< [ids.size(), sample_size], half precision
        std::size_t n_global = 0;                ///< samples of the batch over all ranks
    };
    bool has_next() const { return batch_ < n_batches_; }
    /// Gives this rank's part of the next batch.
    ///
    /// @collective yes: every rank.
    Part next();

  private:
    using Outgoing = std::vector<std::vector<std::byte>>;  // by rank

    /// The ids of a rank's part of a batch.
    std::span<const SampleId> part_of(std::size_t batch, int rank) const;
    Outgoing gather(std::size_t first_batch) const;
    void gather_next(std::size_t first_batch);
    void exchange();

    Communicator communicator_;
    const Shard& shard_;
    const TileDirectory& directory_;
    std::span<const SampleId> order_;
    std::size_t batch_size_;
    std::int64_t grain_;
    std::size_t n_batches_;
    std::size_t n_batches_per_chunk_;
    std::size_t batch_;      // the one that next() gives
    std::size_t chunk_end_;  // the batch after those that are here
    std::size_t n_given_ = 0;
    std::vector<std::uint16_t> samples_;  // of the chunk
    std::future<Outgoing> outgoing_;      // of the next one
};

}  // namespace faintweb::comm
