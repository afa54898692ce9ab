// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/comm/field_threads.h"

#include "lib/base/error.h"

namespace faintweb::comm {

FieldThreads::FieldThreads(int n_threads, const FieldJob& job) : job_(job) {
    for (int i = 0; i < n_threads; ++i) {
        threads_.emplace_back([this](const std::stop_token& stop) { run(stop); });
    }
}

void FieldThreads::add(std::int64_t field, std::optional<std::vector<float>> pixels) {
    const std::scoped_lock lock(mutex_);
    waiting_.emplace_back(field, std::move(pixels));
    is_fed_.notify_one();
}

std::vector<FieldThreads::Event> FieldThreads::take_events() {
    const std::scoped_lock lock(mutex_);
    if (failure_) {
        std::rethrow_exception(failure_);
    }
    n_taken_ = n_begun_;
    return std::exchange(events_, {});
}

void FieldThreads::release() {
    const std::scoped_lock lock(mutex_);
    n_released_ = n_taken_;
    is_released_.notify_all();
}

FieldThreads::Event FieldThreads::work_on(std::int64_t field,
                                          std::optional<std::vector<float>> pixels) {
    if (!pixels) {
        try {
            pixels = job_.read(field);
        } catch (const base::InputError& error) {
            return {{NewsMessage::Kind::unreadable, field}, error.what()};
        }
    }
    job_.work(field, std::move(*pixels));
    return {{NewsMessage::Kind::finished, field}};
}

void FieldThreads::run(const std::stop_token& stop) {
    for (;;) {
        std::unique_lock lock(mutex_);
        is_fed_.wait(lock, stop, [this] { return !waiting_.empty(); });
        if (stop.stop_requested()) {
            return;
        }
        auto [field, pixels] = std::move(waiting_.front());
        waiting_.pop_front();
        events_.push_back({{NewsMessage::Kind::begun, field}});
        const std::int64_t number = ++n_begun_;
        if (!is_released_.wait(lock, stop, [&] { return n_released_ >= number; })) {
            return;
        }
        lock.unlock();
        Event event;
        try {
            event = work_on(field, std::move(pixels));
        } catch (...) {
            lock.lock();
            failure_ = std::current_exception();
            return;
        }
        lock.lock();
        events_.push_back(std::move(event));
    }
}

}  // namespace faintweb::comm
