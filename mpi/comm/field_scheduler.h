// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace faintweb::comm {

/// How a FieldScheduler hands out fields, and how long it waits for a rank.
struct ScheduleSettings {
    /// Fields that a rank holds at most for every one that it works on at a time: one at work, the
    /// others waiting, so that no rank waits.
    int credits = 2;
    /// The first fields of the order are worked on with nothing else at work.
    std::size_t n_alone = 0;
    /// Longest silence of a rank that holds fields, and of rank 0, seconds; 0: any. A stopped
    /// process cannot watch itself.
    double lease_s = 0;
};

/// Decides which rank gets which field and when all is over: what rank 0 knows, without messages
/// and without a clock.
///
/// Times are seconds of any clock that the caller keeps to.
class FieldScheduler {
  public:
    /// A field and the rank that is to have it.
    struct HandOut {
        int rank = 0;
        std::int64_t field = 0;
    };

    /// @param order      field numbers; they must outlive this.
    /// @param n_at_once  [n_ranks] fields that each rank works on at a time; 0: it does not work.
    FieldScheduler(std::span<const std::int64_t> order,
                   const ScheduleSettings& settings,
                   const std::vector<int>& n_at_once);

    /// Takes the next field off the order, for the rank that holds fewest for what it works on at a
    /// time; rank 0 only when no other holds as few. None while all hold as many as they may, or
    /// while one of the first fields has to be alone.
    ///
    /// One of given() and unreadable() must follow.
    std::optional<HandOut> next();
    /// The field of next() was sent to the rank.
    void given(int rank, double now_s);
    /// The field of next() could not be read: nobody gets it.
    void unreadable() { ++n_ended_; }

    /// A rank is through with a field.
    void ended(int rank);
    /// A rank was asked to stop: no more fields are handed out.
    void stop() { is_stopping_ = true; }
    /// Something came from a rank.
    void heard(int rank, double now_s) { rank_of(rank).heard_s = now_s; }
    /// A rank has told the last that it had to tell.
    void reported_last(int rank);

    /// A rank but rank 0 that owes a word and was silent for longer than the lease.
    std::optional<int> silent(double now_s) const;

    /// Fields that no more work is to be done on.
    std::size_t n_ended() const { return n_ended_; }
    /// No field is left to hand out, and none is out.
    bool is_closing() const { return n_ended_ == n_handed_out_ && is_all_handed_out(); }
    /// All ranks but rank 0 have reported their last.
    bool is_over() const { return n_last_reports_ + 1 == ranks_.size(); }

  private:
    struct Rank {
        int n_at_once = 1;
        int n_held = 0;
        bool has_reported_last = false;
        double heard_s = 0;
    };

    Rank& rank_of(int rank) { return ranks_[static_cast<std::size_t>(rank)]; }
    bool is_all_handed_out() const { return n_handed_out_ == order_.size() || is_stopping_; }
    int hungriest() const;

    std::span<const std::int64_t> order_;
    int credits_;
    std::size_t n_alone_;
    double lease_s_;
    std::vector<Rank> ranks_;
    std::size_t n_handed_out_ = 0;
    std::size_t n_ended_ = 0;
    std::size_t n_last_reports_ = 0;
    bool is_stopping_ = false;
};

}  // namespace faintweb::comm
