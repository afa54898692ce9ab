// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/comm/field_scheduler.h"

#include <algorithm>

#include "lib/base/contract.h"

namespace faintweb::comm {

FieldScheduler::FieldScheduler(std::span<const std::int64_t> order,
                               const ScheduleSettings& settings,
                               const std::vector<int>& n_at_once)
    : order_(order),
      credits_(settings.credits),
      n_alone_(settings.n_alone),
      lease_s_(settings.lease_s) {
    for (const int n : n_at_once) {
        ranks_.push_back({n});
    }
}

std::optional<FieldScheduler::HandOut> FieldScheduler::next() {
    const bool has_to_wait = n_ended_ < std::min(n_alone_, n_handed_out_);
    const int rank = is_all_handed_out() || has_to_wait ? -1 : hungriest();
    if (rank < 0) {
        return std::nullopt;
    }
    return HandOut{rank, order_[n_handed_out_++]};
}

void FieldScheduler::given(int rank, double now_s) {
    Rank& taker = rank_of(rank);
    FAINTWEB_EXPECTS(taker.n_held < credits_ * taker.n_at_once);
    if (taker.n_held++ == 0) {
        taker.heard_s = now_s;
    }
}

void FieldScheduler::ended(int rank) {
    FAINTWEB_EXPECTS(rank_of(rank).n_held > 0);
    --rank_of(rank).n_held;
    ++n_ended_;
}

void FieldScheduler::reported_last(int rank) {
    rank_of(rank).has_reported_last = true;
    ++n_last_reports_;
}

std::optional<int> FieldScheduler::silent(double now_s) const {
    for (std::size_t r = 1; lease_s_ > 0 && r < ranks_.size(); ++r) {
        const Rank& rank = ranks_[r];
        if ((rank.n_held > 0 || (is_closing() && !rank.has_reported_last)) &&
            now_s - rank.heard_s > lease_s_) {
            return static_cast<int>(r);
        }
    }
    return std::nullopt;
}

int FieldScheduler::hungriest() const {
    int best = -1;
    double least = credits_;
    for (std::size_t r = ranks_.size(); r-- > 0;) {
        const Rank& rank = ranks_[r];
        const double held =
            rank.n_at_once > 0 ? static_cast<double>(rank.n_held) / rank.n_at_once : credits_;
        if (held < least) {
            best = static_cast<int>(r);
            least = held;
        }
    }
    return best;
}

}  // namespace faintweb::comm
