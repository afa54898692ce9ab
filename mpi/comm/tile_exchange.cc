// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/comm/tile_exchange.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "lib/base/contract.h"
#include "lib/learn/sampling.h"

namespace faintweb::comm {

TileDirectory::TileDirectory(const Communicator& communicator, const Shard& shard) {
    FAINTWEB_EXPECTS(shard.ids.size() == shard.labels.size());
    FAINTWEB_EXPECTS(shard.ids.size() == shard.samples.size());
    FAINTWEB_EXPECTS(shard.ids.size() < std::size_t{1} << 32U);
    std::vector<Entry> mine;
    for (std::size_t i = 0; i < shard.ids.size(); ++i) {
        mine.push_back(
            {shard.ids[i], communicator.rank(), static_cast<std::uint32_t>(i), shard.labels[i]});
    }
    entries_ = joined(communicator.all_gather(mine));
    std::sort(entries_.begin(), entries_.end(),
              [](const Entry& a, const Entry& b) { return a.id < b.id; });
    for (const Entry& entry : entries_) {
        (entry.labels != 0 ? signal_ids_ : noise_ids_).push_back(entry.id);
    }
}

const TileDirectory::Entry& TileDirectory::entry(SampleId id) const {
    const auto found = std::lower_bound(entries_.begin(), entries_.end(), id,
                                        [](const Entry& a, SampleId b) { return a.id < b; });
    FAINTWEB_EXPECTS(found != entries_.end() && found->id == id);
    return *found;
}

int TileDirectory::owner(SampleId id) const {
    return entry(id).owner;
}
std::size_t TileDirectory::place(SampleId id) const {
    return entry(id).place;
}
std::uint8_t TileDirectory::labels(SampleId id) const {
    return static_cast<std::uint8_t>(entry(id).labels);
}

EpochSamples::EpochSamples(const Communicator& communicator,
                           const Shard& shard,
                           const TileDirectory& directory,
                           std::span<const SampleId> order,
                           std::size_t batch_size,
                           std::int64_t grain,
                           std::size_t chunk_bytes,
                           std::size_t first_batch)
    : communicator_(communicator),
      shard_(shard),
      directory_(directory),
      order_(order),
      batch_size_(batch_size),
      grain_(grain),
      n_batches_((order.size() + batch_size - 1) / batch_size),
      batch_(first_batch),
      chunk_end_(first_batch) {
    FAINTWEB_EXPECTS(batch_size >= 1 && first_batch <= n_batches_);
    const auto n_ranks = static_cast<std::size_t>(communicator.size());
    const std::size_t part_bytes =
        (batch_size + n_ranks - 1) / n_ranks * shard.samples.sample_size() * sizeof(std::uint16_t);
    n_batches_per_chunk_ = std::max<std::size_t>(1, chunk_bytes / part_bytes);
    gather_next(first_batch);
}

std::span<const SampleId> EpochSamples::part_of(std::size_t batch, int rank) const {
    const std::size_t first = batch * batch_size_;
    const std::size_t n = std::min(batch_size_, order_.size() - first);
    const learn::BatchPart part =
        learn::batch_part(static_cast<std::int64_t>(n), rank, communicator_.size(), grain_);
    return order_.subspan(first + static_cast<std::size_t>(part.first),
                          static_cast<std::size_t>(part.n));
}

void EpochSamples::gather_next(std::size_t first_batch) {
    if (first_batch < n_batches_) {
        outgoing_ =
            std::async(std::launch::async, [this, first_batch] { return gather(first_batch); });
    }
}

EpochSamples::Outgoing EpochSamples::gather(std::size_t first_batch) const {
    const std::size_t end = std::min(n_batches_, first_batch + n_batches_per_chunk_);
    const std::size_t sample_size = shard_.samples.sample_size();
    struct Read {
        std::size_t place;
        std::size_t rank;
        std::size_t n_before;  // tiles for that rank
    };
    std::vector<Read> reads;
    Outgoing outgoing(static_cast<std::size_t>(communicator_.size()));
    for (int rank = 0; rank < communicator_.size(); ++rank) {
        std::size_t n = 0;
        for (std::size_t batch = first_batch; batch < end; ++batch) {
            for (const SampleId id : part_of(batch, rank)) {
                if (directory_.owner(id) == communicator_.rank()) {
                    reads.push_back({directory_.place(id), static_cast<std::size_t>(rank), n++});
                }
            }
        }
        outgoing[static_cast<std::size_t>(rank)].resize(n * sample_size * sizeof(std::uint16_t));
    }
    // A file is read from its start to its end.
    std::sort(reads.begin(), reads.end(),
              [](const Read& a, const Read& b) { return a.place < b.place; });
    for (const Read& read : reads) {
        auto* const bytes = reinterpret_cast<std::uint16_t*>(outgoing[read.rank].data());
        shard_.samples.read(read.place, {bytes + read.n_before * sample_size, sample_size});
    }
    return outgoing;
}

void EpochSamples::exchange() {
    const Outgoing outgoing = outgoing_.get();
    const std::size_t first = chunk_end_;
    chunk_end_ = std::min(n_batches_, first + n_batches_per_chunk_);
    gather_next(chunk_end_);
    const Outgoing incoming = communicator_.exchange(outgoing);
    // Sender and receiver walk the same ids in the same order, so none need to travel.
    const std::size_t sample_bytes = shard_.samples.sample_size() * sizeof(std::uint16_t);
    std::vector<std::size_t> n_taken(incoming.size(), 0);
    std::size_t n_samples = 0;
    for (std::size_t batch = first; batch < chunk_end_; ++batch) {
        n_samples += part_of(batch, communicator_.rank()).size();
    }
    samples_.resize(n_samples * shard_.samples.sample_size());
    auto* out = reinterpret_cast<std::byte*>(samples_.data());
    for (std::size_t batch = first; batch < chunk_end_; ++batch) {
        for (const SampleId id : part_of(batch, communicator_.rank())) {
            const auto owner = static_cast<std::size_t>(directory_.owner(id));
            const std::size_t start = n_taken[owner]++ * sample_bytes;
            FAINTWEB_EXPECTS(start + sample_bytes <= incoming[owner].size());
            std::memcpy(out, incoming[owner].data() + start, sample_bytes);
            out += sample_bytes;
        }
    }
    n_given_ = 0;
}

EpochSamples::Part EpochSamples::next() {
    FAINTWEB_EXPECTS(has_next());
    if (batch_ == chunk_end_) {
        exchange();
    }
    const std::span<const SampleId> ids = part_of(batch_, communicator_.rank());
    const std::size_t n_values = ids.size() * shard_.samples.sample_size();
    const Part part{ids, std::span(samples_).subspan(n_given_, n_values),
                    std::min(batch_size_, order_.size() - batch_ * batch_size_)};
    n_given_ += n_values;
    ++batch_;
    return part;
}

}  // namespace faintweb::comm
