// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/pipeline/box_store.h"

#include <atomic>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "lib/base/file.h"
#include "lib/sky/box/particle_mesh.h"
#include "lib/sky/lightcone/coded_map.h"
#include "test/mpi/mpi_test_main.h"

namespace faintweb::pipeline {
namespace {

namespace fs = std::filesystem;

/// Three boxes, of 2, 3 and 1 states.
std::vector<BoxJob> some_jobs(const std::string& particles_text = "seed 1",
                              const std::string& maps_text = "xi 1") {
    std::vector<BoxJob> jobs;
    for (const auto& [box_class, realisation, z] :
         {std::tuple{0, 0, std::vector{0.05, 0.07}}, std::tuple{0, 1, std::vector{0.05, 0.07, 0.1}},
          std::tuple{1, 0, std::vector{0.3}}}) {
        jobs.push_back({.box_class = box_class,
                        .realisation = realisation,
                        .box_mpc = 50.0 * (box_class + 1),
                        .z = z,
                        .particles_text = particles_text,
                        .maps_text = maps_text});
    }
    return jobs;
}

/// What box, state and axis a map is of, in numbers.
std::uint16_t code_of(const BoxJob& job, int state, int axis) {
    return static_cast<std::uint16_t>(1000 * (job.box_class + 1) + 100 * job.realisation +
                                      10 * state + axis);
}

/// The parameter is the number of ranks per box.
class Store : public testing::TestWithParam<int> {
  protected:
    Store() : world_(test::world()) {
        folder_ = testing::TempDir() + fmt::format("faintweb_box_store_{}", getpid());
        world_.broadcast(folder_);
    }
    ~Store() override {
        world_.barrier();
        if (world_.is_root()) {
            fs::remove_all(folder_);
        }
        world_.barrier();
    }

    /// Boxes whose particles say which state they are, and whose maps repeat it.
    BoxMakers makers() {
        return {
            .particles =
                [this](const BoxJob& job, const sky::Team& team,
                       const std::vector<WantedState>& wanted, const auto& hand_over) {
                    n_evolved_ += team.member == 0 ? 1 : 0;
                    for (const auto& [state, member] : wanted) {
                        if (state == failing_state_ && team.member == team.size - 1) {
                            throw base::Error(base::ExitCode::internal, "the mesh melted");
                        }
                        sky::Particles particles;
                        if (team.member == member) {
                            particles.n = 2;
                            particles.box_mpc = job.box_mpc;
                            particles.z = job.z[static_cast<std::size_t>(state)];
                            particles.displacement_mpc.assign(8, {static_cast<float>(state), 0, 0});
                            particles.velocity_km_s.assign(8, {});
                        }
                        hand_over(state, particles);
                    }
                },
            .maps =
                [this](const BoxJob& job, int state, const sky::Particles& particles) {
                    ++n_mapped_;
                    EXPECT_EQ(particles.z, job.z[static_cast<std::size_t>(state)]);
                    return maps_of(job, static_cast<int>(particles.displacement_mpc.at(3)[0]));
                }};
    }

    static sky::BoxMaps maps_of(const BoxJob& job, int told) {
        sky::BoxMaps maps;
        for (int axis = 0; axis < 3; ++axis) {
            maps.layers[sky::Layer::web][static_cast<std::size_t>(axis)] = {
                .n = 2,
                .low = 1,
                .log_step = 1,
                .codes = std::vector<std::uint16_t>(4, code_of(job, told, axis))};
        }
        maps.haloes.push_back({.mass_msun = 1e14 + told});
        return maps;
    }

    BoxStore store(KeepParticles keep = KeepParticles::no, std::vector<BoxJob> jobs = some_jobs()) {
        return {folder_, std::move(jobs), makers(), keep, GetParam()};
    }

    /// Boxes evolved and states mapped on all ranks since the last call.
    std::pair<std::int64_t, std::int64_t> counts() {
        std::array<std::int64_t, 2> counts{n_evolved_.exchange(0), n_mapped_.exchange(0)};
        world_.sum(std::span<std::int64_t>(counts));
        return {counts[0], counts[1]};
    }

    void expect_whole(BoxStore& store) {
        const sky::BoxSource source = store.source();
        for (const BoxJob& job : some_jobs()) {
            for (int state = 0; state < static_cast<int>(job.z.size()); ++state) {
                sky::Slab slab{};
                slab.box_class = job.box_class;
                slab.state = state;
                for (int axis = 0; axis < 3; ++axis) {
                    EXPECT_EQ(source.map(slab, job.realisation, axis, sky::Layer::web).codes.at(3),
                              code_of(job, state, axis));
                }
                EXPECT_EQ(source.haloes(slab, job.realisation).at(0).mass_msun, 1e14 + state);
            }
        }
    }

    /// Paths of the files whose name starts so, sorted.
    std::vector<fs::path> files(const std::string& start) const {
        std::vector<fs::path> found;
        for (const fs::directory_entry& entry : fs::directory_iterator(folder_)) {
            if (entry.path().filename().string().starts_with(start)) {
                found.push_back(entry.path());
            }
        }
        std::sort(found.begin(), found.end());
        return found;
    }

    /// Lets the root alone change the folder.
    template <typename Work>
    void on_root(const Work& work) {
        world_.barrier();
        if (world_.is_root()) {
            work();
        }
        world_.barrier();
    }

    static void damage(const fs::path& path, std::int64_t at) {
        std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(at < 0 ? static_cast<std::int64_t>(fs::file_size(path)) + at : at);
        file.put('#');
    }

    comm::Communicator world_;
    std::string folder_;
    std::atomic<int> n_evolved_ = 0;
    std::atomic<int> n_mapped_ = 0;
    int failing_state_ = -1;
};

using Counts = std::pair<std::int64_t, std::int64_t>;

TEST_P(Store, MakesEachStateOnce) {
    BoxStore boxes = store();
    EXPECT_EQ(boxes.n_states(), 6);
    EXPECT_EQ(boxes.n_missing_states(), 6);
    world_.barrier();
    boxes.prepare(world_);
    EXPECT_EQ(counts(), Counts(3, 6));
    EXPECT_EQ(boxes.n_missing_states(), 0);
    expect_whole(boxes);
    EXPECT_EQ(files("").size(), 6U);
    boxes.prepare(world_);
    EXPECT_EQ(counts(), Counts(0, 0));
}

TEST_P(Store, MakesOnlyWhatIsMissing) {
    BoxStore boxes = store();
    boxes.prepare(world_);
    counts();
    on_root([&] {
        fs::remove(files("maps-50mpc-r1-s1").at(0));
        fs::resize_file(files("maps-50mpc-r0-s0").at(0), 500);
    });
    boxes.prepare(world_);
    EXPECT_EQ(counts(), Counts(2, 2));
    expect_whole(boxes);
}

TEST_P(Store, KeptParticlesNeedNotBeMadeAgain) {
    store(KeepParticles::yes).prepare(world_);
    EXPECT_EQ(counts(), Counts(3, 6));
    EXPECT_EQ(files("particles-").size(), 6U);
    BoxStore other_maps = store(KeepParticles::yes, some_jobs("seed 1", "xi 2"));
    other_maps.prepare(world_);
    EXPECT_EQ(counts(), Counts(0, 6));
    expect_whole(other_maps);
    on_root([&] {
        fs::remove(files("particles-50mpc-r1-s1").at(0));
        damage(files("particles-50mpc-r1-s2").at(0), -150);  // seen by the checksum only
    });
    store(KeepParticles::yes, some_jobs("seed 1", "xi 3")).prepare(world_);
    EXPECT_EQ(counts(), Counts(1, 6));
    EXPECT_EQ(files("particles-").size(), 6U);
    EXPECT_EQ(files("maps-").size(), 18U);  // those of other settings are kept
}

TEST_P(Store, OtherSettingsAreOtherBoxes) {
    store().prepare(world_);
    counts();
    store(KeepParticles::no, some_jobs("seed 2")).prepare(world_);
    EXPECT_EQ(counts(), Counts(3, 6));
    // A nearer state does not change those before it, a farther one does.
    std::vector<BoxJob> nearer = some_jobs();
    nearer[2].z = {0.2, 0.3};
    EXPECT_EQ(store(KeepParticles::no, nearer).n_missing_states(), 1 + 1);
    std::vector<BoxJob> farther = some_jobs();
    farther[2].z = {0.3, 0.4};
    EXPECT_EQ(store(KeepParticles::no, farther).n_missing_states(), 2);
}

TEST_P(Store, AllRanksLeaveAFailureTogetherAndResume) {
    failing_state_ = 1;
    BoxStore boxes = store();
    try {
        boxes.prepare(world_);
        ADD_FAILURE() << "no error";
    } catch (const comm::CollectiveError& error) {
        EXPECT_STREQ(error.what(), "the mesh melted");
    }
    counts();
    const auto n_left = boxes.n_missing_states();
    EXPECT_GT(n_left, 0);
    world_.barrier();
    failing_state_ = -1;
    boxes.prepare(world_);
    EXPECT_EQ(counts().second, n_left);
    expect_whole(boxes);
}

TEST_P(Store, DamagedMapIsMadeAgainWhenItIsRead) {
    BoxStore boxes = store();
    boxes.prepare(world_);
    counts();
    on_root([&] {
        const fs::path path = files("maps-50mpc-r1-s2").at(0);
        // The code 1121 of axis y, wherever HDF5 put it.
        std::ifstream file(path, std::ios::binary);
        const std::string bytes(std::istreambuf_iterator<char>(file), {});
        const std::string code{static_cast<char>(1121 & 255), static_cast<char>(1121 >> 8)};
        const std::size_t at = bytes.find(code + code + code + code);
        ASSERT_NE(at, std::string::npos);
        damage(path, static_cast<std::int64_t>(at));
    });
    EXPECT_EQ(boxes.n_missing_states(), 0);
    expect_whole(boxes);  // several ranks may meet the damage
    EXPECT_GE(counts().second, 1);
    expect_whole(boxes);
    EXPECT_EQ(counts(), Counts(0, 0));
}

TEST_P(Store, RemovesWhatAKilledRunLeft) {
    const std::string old_file = folder_ + "/maps-50mpc-r0-s0-0123.h5.17-0.partial";
    const std::string new_file = folder_ + "/maps-50mpc-r0-s0-0123.h5.18-0.partial";
    const std::string users_file = folder_ + "/survey.fits.partial";
    on_root([&] {
        fs::create_directories(folder_);
        base::write_file(old_file, "half a box");
        base::write_file(new_file, "half a box");
        base::write_file(users_file, "half a survey");
        for (const std::string& file : {old_file, users_file}) {
            fs::last_write_time(file, fs::file_time_type::clock::now() - std::chrono::hours(2));
        }
    });
    store().prepare(world_);
    EXPECT_FALSE(fs::exists(old_file));
    EXPECT_TRUE(fs::exists(new_file));
    EXPECT_TRUE(fs::exists(users_file));
}

INSTANTIATE_TEST_SUITE_P(RanksPerBox, Store, testing::Values(1, 2, 3));

/// A map whose pixels are the bits of 1000 vectors.
sky::CodedMap bits(const std::vector<sky::Vector3>& vectors) {
    sky::CodedMap map{.n = 80, .low = 1, .log_step = 1, .codes = {}};
    map.codes.resize(80 * 80);
    EXPECT_EQ(vectors.size(), 1000U);
    std::memcpy(map.codes.data(), vectors.data(), 1000 * sizeof(sky::Vector3));
    return map;
}

/// A small box by gravity, shared by the team; the maps fail for one state.
BoxMakers gravity(int failing_state = -1) {
    return {.particles =
                [](const BoxJob& job, const sky::Team& team, const std::vector<WantedState>& wanted,
                   const auto& hand_over) {
                    sky::BoxRun run;
                    run.box_mpc = job.box_mpc;
                    run.n_particles = 10;
                    run.n_mesh = 14;
                    run.n_steps = 2;
                    run.box_key = static_cast<std::uint64_t>(job.realisation);
                    sky::ParticleMesh box({}, run, 1, team);
                    std::size_t next = 0;
                    for (auto state = static_cast<int>(job.z.size()) - 1; next < wanted.size();
                         --state) {
                        box.advance_to(job.z[static_cast<std::size_t>(state)]);
                        if (wanted[next].state == state) {
                            hand_over(state, box.state(wanted[next].member));
                            ++next;
                        }
                    }
                },
            .maps =
                [failing_state](const BoxJob&, int state, const sky::Particles& particles) {
                    if (state == failing_state) {
                        throw base::Error(base::ExitCode::internal, "the shocks melted");
                    }
                    sky::BoxMaps maps;
                    for (const std::size_t axis : {0, 1, 2}) {
                        maps.layers[sky::Layer::web][axis] =
                            bits(axis == 0 ? particles.displacement_mpc : particles.velocity_km_s);
                    }
                    return maps;
                }};
}

/// One box of three states, and two of one.
std::vector<BoxJob> gravity_jobs() {
    std::vector<BoxJob> jobs;
    for (int realisation = 0; realisation < 3; ++realisation) {
        BoxJob& job = jobs.emplace_back();
        job.realisation = realisation;
        job.box_mpc = 40;
        job.z = realisation == 1 ? std::vector{0.1, 0.3, 0.5} : std::vector{0.4};
    }
    return jobs;
}

class Groups : public Store {
  protected:
    /// What a store makes: the names of its files and the bits in them. The folder is emptied.
    std::pair<std::vector<fs::path>, std::vector<std::vector<std::uint16_t>>> made(
        int ranks_per_box) {
        BoxStore boxes(folder_, gravity_jobs(), gravity(), KeepParticles::yes, ranks_per_box);
        boxes.prepare(world_);
        std::vector<std::vector<std::uint16_t>> bits;
        for (const BoxJob& job : gravity_jobs()) {
            for (int state = 0; state < static_cast<int>(job.z.size()); ++state) {
                for (const int axis : {0, 1}) {
                    sky::Slab slab{};
                    slab.state = state;
                    bits.push_back(
                        boxes.source().map(slab, job.realisation, axis, sky::Layer::web).codes);
                }
            }
        }
        std::vector<fs::path> names = files("");
        on_root([&] { fs::remove_all(folder_); });
        return {names, bits};
    }
};

TEST_P(Groups, MakeWhatRanksMakeAlone) {
    const auto [names, bits] = made(1);
    EXPECT_EQ(names.size(), 2 * 5U);
    EXPECT_NE(bits[0], bits[2]);
    const auto [names_of_groups, bits_of_groups] = made(GetParam());
    EXPECT_EQ(names_of_groups, names);
    EXPECT_TRUE(bits_of_groups == bits);
}

TEST_P(Groups, LeaveAFailureOfOneTogether) {
    // One rank is at its maps, the others simulate on, or are at theirs.
    for (const int failing_state : {2, 1, 0}) {
        try {
            BoxStore(folder_, gravity_jobs(), gravity(failing_state), KeepParticles::no, GetParam())
                .prepare(world_);
            ADD_FAILURE() << "no error";
        } catch (const comm::CollectiveError& error) {
            EXPECT_STREQ(error.what(), "the shocks melted");
        }
        on_root([&] { fs::remove_all(folder_); });
    }
}

INSTANTIATE_TEST_SUITE_P(RanksPerBox, Groups, testing::Values(2, 3));

}  // namespace
}  // namespace faintweb::pipeline
