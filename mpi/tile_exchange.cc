#include "mpi/tile_exchange.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <unordered_map>

#include "lib/base/contract.h"
#include "lib/learn/sampling.h"

namespace faintweb::mpi {

TileDirectory::TileDirectory(const Communicator& communicator, const Shard& shard) {
    FAINTWEB_EXPECTS(shard.ids.size() == shard.labels.size());
    std::string mine;
    for (std::size_t i = 0; i < shard.ids.size(); ++i) {
        const Entry entry{shard.ids[i], communicator.rank(), shard.labels[i]};
        mine.append(reinterpret_cast<const char*>(&entry), sizeof(entry));
    }
    for (const std::string& part : communicator.all_gather(mine)) {
        const std::size_t n_before = entries_.size();
        entries_.resize(n_before + part.size() / sizeof(Entry));
        std::memcpy(entries_.data() + n_before, part.data(), part.size());
    }
    std::sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) {
        return a.id < b.id;
    });
    for (const Entry& entry : entries_) {
        (entry.label != 0 ? signal_ids_ : noise_ids_).push_back(entry.id);
    }
}

const TileDirectory::Entry& TileDirectory::entry(TileId id) const {
    const auto found = std::lower_bound(
        entries_.begin(), entries_.end(), id, [](const Entry& a, TileId b) { return a.id < b; });
    FAINTWEB_EXPECTS(found != entries_.end() && found->id == id);
    return *found;
}

int TileDirectory::owner(TileId id) const {
    return entry(id).owner;
}
bool TileDirectory::is_signal(TileId id) const {
    return entry(id).label != 0;
}

std::vector<std::size_t> positions_of_rank(std::size_t n_samples,
                                           std::size_t batch_size,
                                           int rank,
                                           int n_ranks) {
    FAINTWEB_EXPECTS(batch_size >= 1 && rank >= 0 && rank < n_ranks);
    std::vector<std::size_t> positions;
    for (std::size_t first = 0; first < n_samples; first += batch_size) {
        const std::size_t size = std::min(batch_size, n_samples - first);
        const learn::BatchPart slice =
            learn::batch_part(static_cast<std::int64_t>(size), rank, n_ranks);
        for (std::int64_t i = 0; i < slice.n; ++i) {
            positions.push_back(first + static_cast<std::size_t>(slice.first + i));
        }
    }
    return positions;
}

std::vector<float> exchange_tiles(const Communicator& communicator,
                                  const Shard& shard,
                                  const TileDirectory& directory,
                                  std::span<const TileId> order,
                                  std::size_t batch_size) {
    const auto sample_size = static_cast<std::size_t>(shard.n_sample_values);
    std::unordered_map<TileId, std::size_t> place;
    for (std::size_t i = 0; i < shard.ids.size(); ++i) {
        place.emplace(shard.ids[i], i);
    }
    // Sender and receiver walk the same positions in the same order, so no ids need to travel.
    std::vector<std::vector<std::byte>> outgoing(static_cast<std::size_t>(communicator.size()));
    for (int rank = 0; rank < communicator.size(); ++rank) {
        auto& bytes = outgoing[static_cast<std::size_t>(rank)];
        for (const std::size_t position :
             positions_of_rank(order.size(), batch_size, rank, communicator.size())) {
            const auto found = place.find(order[position]);
            if (found != place.end()) {
                const auto sample = std::as_bytes(
                    std::span(shard.samples).subspan(found->second * sample_size, sample_size));
                bytes.insert(bytes.end(), sample.begin(), sample.end());
            }
        }
    }
    const auto incoming = communicator.exchange(outgoing);
    const std::vector<std::size_t> mine =
        positions_of_rank(order.size(), batch_size, communicator.rank(), communicator.size());
    std::vector<float> samples(mine.size() * sample_size);
    std::vector<std::size_t> n_taken(incoming.size(), 0);
    for (std::size_t i = 0; i < mine.size(); ++i) {
        const auto owner = static_cast<std::size_t>(directory.owner(order[mine[i]]));
        const std::size_t start = n_taken[owner]++ * sample_size * sizeof(float);
        FAINTWEB_EXPECTS(start + sample_size * sizeof(float) <= incoming[owner].size());
        std::memcpy(samples.data() + i * sample_size,
                    incoming[owner].data() + start,
                    sample_size * sizeof(float));
    }
    return samples;
}

}  // namespace faintweb::mpi
