// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/comm/share_fields.h"

#include <algorithm>
#include <numeric>

#include "lib/base/contract.h"
#include "mpi/comm/field_coordinator.h"
#include "mpi/comm/field_worker.h"

namespace faintweb::comm {

std::vector<std::int64_t> largest_first(std::span<const std::int64_t> n_pixels) {
    std::vector<std::int64_t> order(n_pixels.size());
    std::iota(order.begin(), order.end(), std::int64_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
        return n_pixels[static_cast<std::size_t>(a)] > n_pixels[static_cast<std::size_t>(b)];
    });
    return order;
}

std::vector<std::int64_t> share_fields(const Communicator& communicator,
                                       std::span<const std::int64_t> order,
                                       const ShareSettings& settings,
                                       const FieldJob& job,
                                       FieldLedger& ledger) {
    FAINTWEB_EXPECTS(settings.schedule.credits >= 1 && settings.n_at_once >= 1);
    return communicator.is_root()
               ? FieldCoordinator(communicator, order, settings, job, ledger).run()
               : FieldWorker(communicator, settings, job, ledger).run();
}

std::vector<std::int64_t> share_fields(const Communicator& communicator,
                                       std::span<const std::int64_t> order,
                                       const ShareSettings& settings,
                                       const FieldJob& job) {
    NoLedger ledger;
    return share_fields(communicator, order, settings, job, ledger);
}

}  // namespace faintweb::comm
