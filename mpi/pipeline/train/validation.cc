// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/pipeline/train/validation.h"

#include <algorithm>
#include <array>
#include <span>

#include "lib/learn/half.h"
#include "lib/learn/network.h"

namespace faintweb::pipeline {
namespace {

struct Row {
    comm::SampleId id = 0;
    std::uint64_t labels = 0;                      ///< a bit for each rule
    std::array<float, learn::max_rules> logits{};  ///< of the rules that there are
};

std::vector<Row> score_mine(const infer::Classifier& classifier,
                            const comm::Shard& shard,
                            std::size_t tile_size,
                            std::size_t n_rules) {
    constexpr std::size_t max_at_once = 2500;
    std::vector<std::uint16_t> sample(shard.samples.sample_size());
    std::vector<float> pixels;
    std::vector<Row> rows;
    for (std::size_t first = 0; first < shard.ids.size(); first += max_at_once) {
        const std::size_t n = std::min(max_at_once, shard.ids.size() - first);
        pixels.resize(n * tile_size);
        for (std::size_t i = 0; i < n; ++i) {
            shard.samples.read(first + i, sample);
            learn::from_half(std::span(sample).first(tile_size),
                             std::span(pixels).subspan(i * tile_size, tile_size));
        }
        const std::vector<float> logits = classifier.logits(pixels);
        for (std::size_t i = 0; i < n; ++i) {
            Row row{shard.ids[first + i], shard.labels[first + i], {}};
            std::copy_n(logits.begin() + static_cast<std::ptrdiff_t>(i * n_rules), n_rules,
                        row.logits.begin());
            rows.push_back(row);
        }
    }
    return rows;
}

}  // namespace

ScoredTiles score_tiles(const comm::Communicator& communicator,
                        const infer::Classifier& classifier,
                        const comm::Shard& mine,
                        std::size_t tile_size,
                        std::size_t n_rules) {
    std::vector<Row> all =
        comm::joined(communicator.all_gather(score_mine(classifier, mine, tile_size, n_rules)));
    std::ranges::sort(all, {}, &Row::id);
    ScoredTiles scored{std::vector<ScoredTiles::OfRule>(n_rules)};
    for (const Row& row : all) {
        for (std::size_t r = 0; r < n_rules; ++r) {
            scored.rules[r].logits.push_back(row.logits[r]);
            scored.rules[r].labels.push_back((row.labels >> r) & 1U);
        }
    }
    return scored;
}

}  // namespace faintweb::pipeline
