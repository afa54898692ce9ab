// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <string>

#include "lib/infer/classifier.h"
#include "lib/learn/network.h"
#include "mpi/comm/communicator.h"
#include "mpi/pipeline/field_plan.h"

namespace faintweb::pipeline {

/// Seconds of the phases of a detection on one rank, and how it shares its threads.
struct DetectPhases {
    int fields_at_once = 1;
    int threads_per_field = 1;
    double begin_s = 0;   ///< reading the model, looking at all maps, taking up an earlier run
    double fields_s = 0;  ///< from the first field to the last
    double merge_s = 0;   ///< writing the catalogue
};

/// Where the time of the fields goes on one rank.
class DetectProfile {
  public:
    /// Takes what a field has cost; any thread.
    ///
    /// @param rows_s  what making its rows took.
    void add(const FieldPixels& pixels, const infer::FieldAnswer& answer, double rows_s);

    /// Seconds of every stage of a field on all ranks' threads, and how fast that is beside what
    /// the first rank's processor or GPU copies and multiplies; then the seconds of what comes
    /// before and after the fields.
    ///
    /// @return  [rank 0] the table; empty elsewhere.
    /// @collective yes: every rank.
    std::string table(const comm::Communicator& communicator,
                      const DetectPhases& phases,
                      const learn::NetworkInfo& network,
                      const infer::Classifier& classifier) const;

  private:
    static constexpr std::size_t n_stages = 6;
    std::mutex mutex_;
    std::array<double, n_stages> seconds_{};
    std::int64_t n_fields_ = 0;
    std::int64_t n_tiles_ = 0;
    std::int64_t n_bytes_ = 0;
};

}  // namespace faintweb::pipeline
