// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/comm/field_coordinator.h"

#include <optional>
#include <thread>
#include <utility>

#include "lib/base/error.h"

namespace faintweb::comm {

void FieldSender::start(int rank, FieldMessage message, std::vector<float> pixels) {
    Send& send = sends_.emplace_back();
    send.rank = rank;
    send.pixels = std::move(pixels);
    send.message = message;
    send.message.n_pixels = static_cast<std::int64_t>(send.pixels.size());
    check_mpi(MPI_Isend(&send.message, sizeof(send.message), MPI_BYTE, rank, tag_field, comm_,
                        &send.requests[0]),
              "MPI_Isend");
    // Counted as numbers: the bytes of a large field are more than an int can say.
    check_mpi(MPI_Isend(send.pixels.data(), static_cast<int>(send.pixels.size()), MPI_FLOAT, rank,
                        tag_pixels, comm_, &send.requests[1]),
              "MPI_Isend");
}

void FieldSender::forget_finished() {
    std::erase_if(sends_, [](Send& send) {
        int is_finished = 0;
        check_mpi(MPI_Testall(2, send.requests, &is_finished, MPI_STATUSES_IGNORE), "MPI_Testall");
        return is_finished != 0;
    });
}

void FieldSender::finish_all(double lease_s) {
    for (Send& send : sends_) {
        for (MPI_Request& request : send.requests) {
            finish(request, send.rank, lease_s);
        }
    }
    sends_.clear();
}

FieldCoordinator::FieldCoordinator(const Communicator& communicator,
                                   std::span<const std::int64_t> order,
                                   const ShareSettings& settings,
                                   const FieldJob& job,
                                   FieldLedger& ledger)
    : comm_(communicator.size() > 1 ? comm_of(communicator) : MPI_COMM_NULL),
      n_ranks_(communicator.size()),
      settings_(settings),
      job_(job),
      ledger_(ledger),
      n_at_once_(n_ranks_ == 1 || !settings.is_rank0_dedicated ? settings.n_at_once : 0),
      scheduler_(order, settings.schedule, communicator.gather(n_at_once_)),
      sender_(comm_),
      threads_(n_at_once_, job) {}

std::vector<std::int64_t> FieldCoordinator::run() {
    while (!scheduler_.is_closing()) {
        const bool has_news = take_messages();
        const bool has_handed_out = hand_out_one();
        if (!has_news && !has_handed_out) {
            std::this_thread::sleep_for(message_pause);
        }
    }
    for (int rank = 1; rank < n_ranks_; ++rank) {
        sender_.start(rank, {FieldMessage::Kind::no_more_fields});
        scheduler_.heard(rank, clock_.seconds());
    }
    ledger_.take_reports(ledger_.report(/*is_last=*/true));
    while (!scheduler_.is_over()) {
        if (!take_messages()) {
            std::this_thread::sleep_for(message_pause);
        }
    }
    sender_.finish_all(settings_.schedule.lease_s);
    return std::move(worked_here_);
}

void FieldCoordinator::ended() {
    if (settings_.progress) {
        settings_.progress(static_cast<std::int64_t>(scheduler_.n_ended()));
    }
}

/// @param reason  of an unreadable field, which is always rank 0's.
void FieldCoordinator::take(const NewsMessage& message, int from, const std::string& reason) {
    scheduler_.heard(from, clock_.seconds());
    switch (message.kind) {
        case NewsMessage::Kind::begun:
            ledger_.begun(message.field, from);
            return;
        case NewsMessage::Kind::finished:
            scheduler_.ended(from);
            if (from == 0) {
                worked_here_.push_back(message.field);
            }
            ended();
            return;
        case NewsMessage::Kind::unreadable:
            scheduler_.ended(from);
            job_.fail(message.field, reason);
            ended();
            return;
        case NewsMessage::Kind::asked_to_stop:
            scheduler_.stop();
            return;
        case NewsMessage::Kind::report:
        case NewsMessage::Kind::last_report: {
            std::string report(static_cast<std::size_t>(message.n_bytes), '\0');
            receive_bytes(comm_, from, tag_report, report.data(), report.size(),
                          settings_.schedule.lease_s);
            reports_ += report;
            if (message.kind == NewsMessage::Kind::last_report) {
                scheduler_.reported_last(from);
            }
            return;
        }
    }
}

/// Takes what ranks say, tells them that this one is still there, and looks for silent ones.
bool FieldCoordinator::take_messages() {
    const bool is_closing = scheduler_.is_closing();
    bool is_any = false;
    for (int from = 0; n_ranks_ > 1 && (from = probe(comm_, MPI_ANY_SOURCE, tag_news)) >= 0;) {
        NewsMessage message;
        receive_bytes(comm_, from, tag_news, &message, sizeof(message), settings_.schedule.lease_s);
        take(message, from);
        is_any = true;
    }
    if (!is_closing) {
        for (const FieldThreads::Event& event : threads_.take_events()) {
            take(event.message, 0, event.reason);
            is_any = true;
        }
        threads_.release();
        reports_ += ledger_.report(/*is_last=*/false);
        if (settings_.is_asked_to_stop && settings_.is_asked_to_stop()) {
            scheduler_.stop();
        }
    }
    // All reports that wait go on together: what they say then takes one flush.
    if (!reports_.empty()) {
        ledger_.take_reports(std::exchange(reports_, {}));
    }
    sender_.forget_finished();
    if (settings_.schedule.lease_s > 0 && n_ranks_ > 1) {
        keep_in_touch();
    }
    return is_any;
}

void FieldCoordinator::keep_in_touch() {
    const double now_s = clock_.seconds();
    if (const std::optional<int> rank = scheduler_.silent(now_s)) {
        throw_silent(*rank, settings_.schedule.lease_s);
    }
    if (now_s - last_beat_s_ > settings_.schedule.lease_s / 4) {
        last_beat_s_ = now_s;
        for (int r = 1; r < n_ranks_ && !scheduler_.is_closing(); ++r) {
            sender_.start(r, {FieldMessage::Kind::still_there});
        }
    }
}

bool FieldCoordinator::hand_out_one() {
    const std::optional<FieldScheduler::HandOut> next =
        sender_.is_full() ? std::nullopt : scheduler_.next();
    if (!next) {
        return false;
    }
    const auto [rank, field] = *next;
    if (rank == 0) {
        scheduler_.given(rank, clock_.seconds());
        threads_.add(field, std::nullopt);
        return true;
    }
    std::vector<float> pixels;
    try {
        pixels = job_.read(field);
    } catch (const base::InputError& error) {
        scheduler_.unreadable();
        job_.fail(field, error.what());
        ended();
        return true;
    }
    scheduler_.given(rank, clock_.seconds());
    sender_.start(rank, {FieldMessage::Kind::field, field}, std::move(pixels));
    return true;
}

}  // namespace faintweb::comm
