// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/pipeline/box_store.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <filesystem>
#include <functional>
#include <numeric>
#include <optional>
#include <sstream>
#include <utility>

#include <fmt/core.h>

#include "lib/base/contract.h"
#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/progress.h"
#include "mpi/comm/box_team.h"
#include "mpi/comm/share_fields.h"
#include "mpi/io/hdf5.h"

namespace faintweb::pipeline {
namespace {

/// A box file is written in minutes: a partial one that has not changed for longer is of a run that
/// was killed.
constexpr auto partial_lifetime = std::chrono::hours(1);

/// The text that a file of one state is made from. The path to a state shapes it (the steps end at
/// each redshift on the way), what comes after does not.
std::string made_from(io::BoxFileKind kind, const BoxJob& job, int state) {
    std::ostringstream text;
    text.precision(17);
    text << job.particles_text << "\nbox " << job.box_mpc << " Mpc, class " << job.box_class
         << ", realisation " << job.realisation << ", z";
    for (std::size_t s = job.z.size(); s-- > static_cast<std::size_t>(state);) {
        text << ' ' << job.z[s];
    }
    text << '\n';
    if (kind == io::BoxFileKind::maps) {
        text << job.maps_text << '\n';
    }
    return text.str();
}

std::string title(const BoxJob& job) {
    return fmt::format("box of {:g} Mpc, realisation {}", job.box_mpc, job.realisation);
}

std::string title(const BoxJob& job, int state) {
    return fmt::format("{}, z {:g}", title(job), job.z[static_cast<std::size_t>(state)]);
}

}  // namespace

BoxStore::BoxStore(std::string folder,
                   std::vector<BoxJob> jobs,
                   BoxMakers makers,
                   KeepParticles keep_particles,
                   int ranks_per_box)
    : folder_(std::move(folder)),
      jobs_(std::move(jobs)),
      makers_(std::move(makers)),
      keep_particles_(keep_particles),
      ranks_per_box_(ranks_per_box) {}

const BoxJob& BoxStore::job(int box_class, int realisation) const {
    const auto found = std::ranges::find_if(jobs_, [&](const BoxJob& candidate) {
        return candidate.box_class == box_class && candidate.realisation == realisation;
    });
    FAINTWEB_EXPECTS(found != jobs_.end());
    return *found;
}

std::string BoxStore::path(io::BoxFileKind kind, const BoxJob& job, int state) const {
    return folder_ + "/" +
           io::box_file_name(kind, job.box_mpc, job.realisation, state,
                             made_from(kind, job, state));
}

bool BoxStore::is_fit(io::BoxFileKind kind, const BoxJob& job, int state) const {
    const std::string file = path(kind, job, state);
    if (!std::filesystem::exists(file)) {
        return false;
    }
    try {
        io::check_box_file(kind, file, made_from(kind, job, state));
        return true;
    } catch (const io::UnfitBoxFile& unfit) {
        base::log_warning(fmt::format("{}, it will be made again", unfit.what()));
        return false;
    }
}

std::vector<int> BoxStore::missing_states(const BoxJob& job) const {
    std::vector<int> missing;
    for (int state = static_cast<int>(job.z.size()) - 1; state >= 0; --state) {
        if (!is_fit(io::BoxFileKind::maps, job, state)) {
            missing.push_back(state);
        }
    }
    return missing;
}

std::int64_t BoxStore::n_states() const {
    return std::accumulate(jobs_.begin(), jobs_.end(), std::int64_t{0},
                           [](std::int64_t n, const BoxJob& job) {
                               return n + static_cast<std::int64_t>(job.z.size());
                           });
}

std::int64_t BoxStore::n_missing_states() const {
    return std::accumulate(jobs_.begin(), jobs_.end(), std::int64_t{0},
                           [this](std::int64_t n, const BoxJob& job) {
                               return n + static_cast<std::int64_t>(missing_states(job).size());
                           });
}

std::vector<BoxStore::Unit> BoxStore::plan() const {
    std::vector<Unit> boxes;
    std::vector<Unit> states;  // cheap: they come last
    for (std::size_t j = 0; j < jobs_.size(); ++j) {
        const std::vector<int> missing = missing_states(jobs_[j]);
        if (missing.empty()) {
            continue;
        }
        const bool has_particles = std::ranges::all_of(missing, [&](int state) {
            return keep_particles_ == KeepParticles::yes &&
                   is_fit(io::BoxFileKind::particles, jobs_[j], state);
        });
        // A group deals the states of a box among its ranks itself.
        if (has_particles && ranks_per_box_ == 1) {
            for (const int state : missing) {
                states.push_back({j, {state}});
            }
        } else {
            boxes.push_back({j, missing});
        }
    }
    std::ranges::stable_sort(boxes, std::greater{},
                             [](const Unit& unit) { return unit.states.size(); });
    boxes.insert(boxes.end(), states.begin(), states.end());
    return boxes;
}

void BoxStore::tidy_folder() const {
    namespace fs = std::filesystem;
    const auto oldest = fs::file_time_type::clock::now() - partial_lifetime;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder_)) {
        std::error_code error;  // another process may tidy as well
        if (io::is_partial_box_file(entry.path().filename().string()) &&
            entry.last_write_time(error) < oldest && !error && fs::remove(entry.path(), error)) {
            base::log_info("removed " + entry.path().string() + " of a run that was killed");
        }
    }
}

void BoxStore::make_maps(const BoxJob& job, int state, const sky::Particles& particles) const {
    io::write_maps(path(io::BoxFileKind::maps, job, state),
                   made_from(io::BoxFileKind::maps, job, state),
                   job.z[static_cast<std::size_t>(state)], makers_.maps(job, state, particles));
    base::log_info(title(job, state) + ": done");
}

bool BoxStore::make_from_kept_particles(const BoxJob& job, int state) const {
    if (keep_particles_ == KeepParticles::no || !is_fit(io::BoxFileKind::particles, job, state)) {
        return false;
    }
    std::optional<sky::Particles> particles;
    try {
        particles = io::read_particles(path(io::BoxFileKind::particles, job, state),
                                       made_from(io::BoxFileKind::particles, job, state));
    } catch (const io::UnfitBoxFile& unfit) {
        base::log_warning(fmt::format("{}, it is made again", unfit.what()));
        return false;
    }
    make_maps(job, state, *particles);
    return true;
}

void BoxStore::make(const comm::Communicator& group,
                    const BoxJob& job,
                    const std::vector<int>& states) const {
    const auto n_ranks = static_cast<std::size_t>(group.size());
    std::vector<std::int64_t> is_wanted(states.size(), 0);
    for (auto s = static_cast<std::size_t>(group.rank()); s < states.size(); s += n_ranks) {
        is_wanted[s] = make_from_kept_particles(job, states[s]) ? 0 : 1;
    }
    comm::agree_or_throw(group);
    group.sum(is_wanted);
    std::vector<WantedState> wanted;
    for (std::size_t s = 0; s < states.size(); ++s) {
        if (is_wanted[s] != 0) {
            wanted.push_back({states[s], static_cast<int>(wanted.size() % n_ranks)});
        }
    }
    if (wanted.empty()) {
        return;
    }
    std::size_t n_handed_over = 0;
    std::optional<std::pair<int, sky::Particles>> held;
    makers_.particles(job, comm::box_team(group), wanted, [&](int state, sky::Particles particles) {
        FAINTWEB_EXPECTS(n_handed_over < wanted.size() && wanted[n_handed_over].state == state);
        if (wanted[n_handed_over++].member == group.rank()) {
            held.emplace(state, std::move(particles));
        }
        // A rank that is at its maps holds up the simulation: so all are at theirs at once.
        if (held && (n_handed_over % n_ranks == 0 || n_handed_over == wanted.size())) {
            if (keep_particles_ == KeepParticles::yes) {
                io::write_particles(path(io::BoxFileKind::particles, job, held->first),
                                    made_from(io::BoxFileKind::particles, job, held->first),
                                    held->second);
            }
            make_maps(job, held->first, held->second);
            held.reset();
        }
    });
    FAINTWEB_EXPECTS(n_handed_over == wanted.size());
}

/// @return  the failure of this rank, if any.
std::exception_ptr BoxStore::farm(const comm::Communicator& communicator,
                                  const std::vector<Unit>& units,
                                  const Advance& advance) const {
    // After a failure a rank lets its boxes pass, so that all ranks meet soon.
    std::exception_ptr failure;
    const comm::FieldJob job{
        .read = [](std::int64_t) { return std::vector<float>(); },
        .work =
            [&](std::int64_t u, const std::vector<float>&) {
                const Unit& unit = units[static_cast<std::size_t>(u)];
                try {
                    if (!failure) {
                        make(comm::Communicator(), jobs_[unit.job], unit.states);
                    }
                } catch (const base::DiskError&) {
                    throw;  // ends the job at once: in an orderly end HDF5 stumbles over the file
                } catch (...) {
                    failure = std::current_exception();
                }
            },
        .fail = [](std::int64_t, const std::string&) {},
    };
    std::vector<std::int64_t> order(units.size());
    std::iota(order.begin(), order.end(), std::int64_t{0});
    comm::share_fields(communicator, order,
                       {.schedule = {.credits = 1}, .progress = [&](std::int64_t) { advance(); }},
                       job);
    return failure;
}

/// @return  the failure of this rank's group, if any.
std::exception_ptr BoxStore::make_in_groups(const comm::Communicator& communicator,
                                            int n_groups,
                                            const std::vector<Unit>& units,
                                            const Advance& advance) const {
    const int own = sky::owner_of(communicator.rank(), communicator.size(), n_groups);
    const comm::Communicator group = communicator.split(own);
    for (auto u = static_cast<std::size_t>(own); u < units.size();
         u += static_cast<std::size_t>(n_groups)) {
        std::exception_ptr disk_failure;
        try {
            comm::collectively(group, [&] {
                try {
                    make(group, jobs_[units[u].job], units[u].states);
                } catch (const base::DiskError&) {
                    disk_failure = std::current_exception();
                    throw;
                }
            });
        } catch (const comm::CollectiveError&) {
            if (disk_failure) {
                std::rethrow_exception(disk_failure);  // at once, as above
            }
            return std::current_exception();
        }
        advance();
    }
    return nullptr;
}

void BoxStore::prepare(const comm::Communicator& communicator) {
    io::silence_hdf5();  // HDF5 starts with calls of MPI: here, not on the thread that makes boxes
    // The root looks and tells all: a file may appear between two looks.
    std::istringstream plan_text(comm::from_root(communicator, [&] {
        base::make_folder(folder_);
        tidy_folder();
        std::ostringstream text;
        for (const Unit& unit : plan()) {
            text << unit.job << ' ' << unit.states.size();
            for (const int state : unit.states) {
                text << ' ' << state;
            }
            text << '\n';
        }
        return text.str();
    }));
    std::vector<Unit> units;
    std::size_t n_states_to_make = 0;
    for (std::size_t j = 0, n = 0; plan_text >> j >> n;) {
        Unit& unit = units.emplace_back(Unit{j, std::vector<int>(n)});
        for (int& state : unit.states) {
            plan_text >> state;
        }
        n_states_to_make += n;
    }
    if (units.empty()) {
        return;
    }
    const int n_groups =
        ranks_per_box_ == 1 ? 1 : std::max(1, communicator.size() / ranks_per_box_);
    std::optional<base::Progress> progress;
    if (communicator.is_root()) {
        base::log_info(
            fmt::format("{} of {} box states are not in {} for these settings: making them",
                        n_states_to_make, n_states(), folder_));
        // Of several groups, the root sees the pace of the first.
        const auto n_parts = static_cast<std::int64_t>(units.size());
        progress.emplace("boxes", "parts", (n_parts + n_groups - 1) / n_groups);
    }
    const auto advance = [&] {
        if (progress) {
            progress->advance();
        }
    };
    const std::exception_ptr failure = ranks_per_box_ == 1
                                           ? farm(communicator, units, advance)
                                           : make_in_groups(communicator, n_groups, units, advance);
    comm::collectively(communicator, [&] {
        if (failure) {
            std::rethrow_exception(failure);
        }
    });
    if (progress) {
        progress->finish();
    }
}

template <typename Read>
auto BoxStore::read_or_make(const BoxJob& job, int state, const Read& read) {
    const std::string file = path(io::BoxFileKind::maps, job, state);
    const std::string text = made_from(io::BoxFileKind::maps, job, state);
    try {
        return read(file, text);
    } catch (const io::UnfitBoxFile&) {
    }
    const std::scoped_lock lock(making_again_);
    try {
        return read(file, text);  // another thread may have made it meanwhile
    } catch (const io::UnfitBoxFile& unfit) {
        base::log_warning(fmt::format("{}, it is made again", unfit.what()));
    }
    make(comm::Communicator(), job, {state});
    return read(file, text);
}

sky::BoxSource BoxStore::source() {
    sky::BoxSource source;
    source.map = [this](const sky::Slab& slab, int realisation, int axis, sky::Layer layer) {
        return read_or_make(job(slab.box_class, realisation), slab.state,
                            [&](const std::string& file, const std::string& text) {
                                return io::read_map(file, text, layer, axis);
                            });
    };
    source.haloes = [this](const sky::Slab& slab, int realisation) {
        return read_or_make(job(slab.box_class, realisation), slab.state, io::read_haloes);
    };
    return source;
}

}  // namespace faintweb::pipeline
