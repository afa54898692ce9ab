// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/comm/field_worker.h"

#include <string>
#include <thread>
#include <utility>

namespace faintweb::comm {

FieldWorker::FieldWorker(const Communicator& communicator,
                         const ShareSettings& settings,
                         const FieldJob& job,
                         FieldLedger& ledger)
    : comm_(comm_of(communicator)),
      settings_(settings),
      ledger_(ledger),
      threads_(settings.n_at_once, job) {
    communicator.gather(settings.n_at_once);
}

std::vector<std::int64_t> FieldWorker::run() {
    while (!is_over_) {
        const bool has_told = tell_news();
        send_report(NewsMessage::Kind::report);
        if (!take_message() && !has_told) {
            std::this_thread::sleep_for(message_pause);
        }
    }
    send_report(NewsMessage::Kind::last_report);
    return std::move(worked_here_);
}

void FieldWorker::tell(const NewsMessage& message) const {
    send_bytes(comm_, 0, tag_news, &message, sizeof(message), settings_.schedule.lease_s);
}

bool FieldWorker::tell_news() {
    const std::vector<FieldThreads::Event> events = threads_.take_events();
    for (const auto& [message, reason] : events) {
        if (message.kind == NewsMessage::Kind::finished) {
            worked_here_.push_back(message.field);
        }
        tell(message);
    }
    threads_.release();
    if (!has_asked_to_stop_ && settings_.is_asked_to_stop && settings_.is_asked_to_stop()) {
        has_asked_to_stop_ = true;
        tell({NewsMessage::Kind::asked_to_stop});
    }
    return !events.empty();
}

/// Sends what the ledger has to say; the last report also if that is nothing, for rank 0 waits for
/// it.
void FieldWorker::send_report(NewsMessage::Kind kind) {
    const bool is_last = kind == NewsMessage::Kind::last_report;
    const std::string report = ledger_.report(is_last);
    if (!report.empty() || is_last) {
        tell({.kind = kind, .n_bytes = static_cast<std::int64_t>(report.size())});
        send_bytes(comm_, 0, tag_report, report.data(), report.size(), settings_.schedule.lease_s);
    }
}

bool FieldWorker::take_message() {
    const double lease_s = settings_.schedule.lease_s;
    if (probe(comm_, 0, tag_field) < 0) {
        if (is_overdue(heard_, lease_s)) {
            throw_silent(0, lease_s);
        }
        return false;
    }
    heard_ = Clock::now();
    FieldMessage message;
    receive_bytes(comm_, 0, tag_field, &message, sizeof(message), lease_s);
    std::vector<float> pixels(static_cast<std::size_t>(message.n_pixels));
    MPI_Request request = MPI_REQUEST_NULL;
    check_mpi(MPI_Irecv(pixels.data(), static_cast<int>(pixels.size()), MPI_FLOAT, 0, tag_pixels,
                        comm_, &request),
              "MPI_Irecv");
    finish(request, 0, lease_s);
    switch (message.kind) {
        case FieldMessage::Kind::field:
            threads_.add(message.field, std::move(pixels));
            break;
        case FieldMessage::Kind::no_more_fields:
            is_over_ = true;
            break;
        case FieldMessage::Kind::still_there:
            break;
    }
    return true;
}

}  // namespace faintweb::comm
