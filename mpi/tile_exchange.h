#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "mpi/communicator.h"

namespace faintweb::mpi {

/// Name of a tile over the whole training set; does not depend on which rank holds it.
using TileId = std::uint64_t;
constexpr TileId make_tile_id(std::int64_t field, std::int64_t tile) {
    return static_cast<TileId>(field) << 32U | static_cast<TileId>(tile);
}

/// The training tiles that one rank holds.
struct Shard {
    std::int64_t n_sample_values = 1600;  ///< numbers of a tile and what else is learnt of it
    std::vector<TileId> ids;
    std::vector<std::uint8_t> labels;  ///< 1 = signal, 0 = noise
    /// [ids.size(), n_sample_values], scaled: learn::NetworkInfo::n_sample_values says what.
    std::vector<float> samples;
};

/// Which tiles there are on all ranks, and who holds each.
class TileDirectory {
  public:
    /// @collective yes: every rank.
    TileDirectory(const Communicator& communicator, const Shard& shard);

    /// Tiles of each label in ascending order: the same on every rank and for any number of ranks.
    std::span<const TileId> signal_ids() const { return signal_ids_; }
    std::span<const TileId> noise_ids() const { return noise_ids_; }
    int owner(TileId id) const;
    bool is_signal(TileId id) const;

  private:
    struct Entry {
        TileId id;
        std::int32_t owner;
        std::int32_t label;
    };
    const Entry& entry(TileId id) const;
    std::vector<Entry> entries_;  // sorted by id
    std::vector<TileId> signal_ids_;
    std::vector<TileId> noise_ids_;
};

/// The part of every global batch that a rank trains on, by position in the epoch's order: rank r
/// of n takes slice r of each batch of `batch_size`.
std::vector<std::size_t> positions_of_rank(std::size_t n_samples,
                                           std::size_t batch_size,
                                           int rank,
                                           int n_ranks);

/// Brings the tiles of this rank's positions here, from whichever rank holds them.
///
/// @param order  ids of one epoch, in the order of the global batches; the same on every rank.
/// @return       [positions of this rank, n_sample_values], in the order of positions_of_rank.
/// @collective yes: every rank.
std::vector<float> exchange_tiles(const Communicator& communicator,
                                  const Shard& shard,
                                  const TileDirectory& directory,
                                  std::span<const TileId> order,
                                  std::size_t batch_size);

}  // namespace faintweb::mpi
