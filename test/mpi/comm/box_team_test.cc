// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/comm/box_team.h"

#include <algorithm>
#include <utility>

#include <gtest/gtest.h>

#include "lib/base/error.h"
#include "lib/sky/box/gaussian_field.h"
#include "lib/sky/box/particle_mesh.h"
#include "lib/sky/cosmology/linear_power.h"
#include "test/mpi/mpi_test_main.h"

namespace faintweb::sky {
namespace {

using test::world;

const Cosmology cosmology;

FourierMesh noise(int n, const Team& team) {
    return gaussian_field(LinearPower(cosmology), 50, n, 1, 7, Amplitudes::random, 2, team);
}

TEST(BoxTeam, FieldHasTheModesOfOneProcess) {
    for (const int n : {4, 10, 24}) {
        const FourierMesh whole = noise(n, {});
        const FourierMesh ours = noise(n, comm::box_team(world()));
        EXPECT_EQ(ours.own(), planes_of(n, world().size(), world().rank()));
        for (int i = 0; i < n; ++i) {
            for (int j = ours.own().first; j < ours.own().end; ++j) {
                ASSERT_TRUE(
                    std::equal(ours.modes(i, j), ours.modes(i, j) + n / 2 + 1, whole.modes(i, j)))
                    << n << ' ' << i << ' ' << j;
            }
        }
    }
}

TEST(BoxTeam, TransformsHaveTheBitsOfOneProcess) {
    for (const int n : {4, 10, 24}) {
        FourierMesh whole = noise(n, {});
        MeshFft(n).backward(whole, 1);
        const Team team = comm::box_team(world());
        const MeshFft fft(n, team);
        FourierMesh ours = noise(n, team);
        fft.backward(ours, 2);
        for (int i = ours.own().first; i < ours.own().end; ++i) {
            for (int j = 0; j < n; ++j) {
                ASSERT_TRUE(std::equal(ours.row(i, j), ours.row(i, j) + n, whole.row(i, j)))
                    << n << ' ' << i << ' ' << j;
            }
        }
        fft.forward(ours, 2);
        MeshFft(n).forward(whole, 1);
        for (int i = 0; i < n; ++i) {
            for (int j = ours.own().first; j < ours.own().end; ++j) {
                ASSERT_TRUE(
                    std::equal(ours.modes(i, j), ours.modes(i, j) + n / 2 + 1, whole.modes(i, j)))
                    << n << ' ' << i << ' ' << j;
            }
        }
    }
}

BoxRun small_run(int n_particles, int n_mesh) {
    BoxRun run;
    run.box_mpc = 20;  // particles move by many slabs
    run.n_particles = n_particles;
    run.n_mesh = n_mesh;
    run.n_steps = 5;
    return run;
}

TEST(BoxTeam, ParticlesHaveTheBitsOfOneProcess) {
    // Slabs of one plane (4 ranks), even and uneven ones, and meshes as fine as the lattice.
    for (const auto& [n_particles, n_mesh] :
         {std::pair{4, 6}, std::pair{10, 14}, std::pair{16, 24}, std::pair{14, 14}}) {
        const BoxRun run = small_run(n_particles, n_mesh);
        ParticleMesh whole(cosmology, run, 1);
        ParticleMesh slab(cosmology, run, 2, comm::box_team(world()));
        for (const double z : {2.0, 0.3, 0.1}) {
            whole.advance_to(z);
            slab.advance_to(z);
            const int member = world().size() - 1;
            const Particles expected = whole.state();
            const Particles ours = slab.state(member);
            if (world().rank() == member) {
                EXPECT_EQ(ours.n, n_particles);
                EXPECT_EQ(ours.z, expected.z);
                EXPECT_EQ(ours.box_mpc, expected.box_mpc);
                ASSERT_EQ(ours.displacement_mpc, expected.displacement_mpc) << n_particles;
                ASSERT_EQ(ours.velocity_km_s, expected.velocity_km_s) << n_particles;
            } else {
                EXPECT_EQ(ours.n, 0);
                EXPECT_TRUE(ours.displacement_mpc.empty());
            }
        }
        // They have been elsewhere than in their own slab.
        float farthest = 0;
        for (const Vector3& d : whole.state().displacement_mpc) {
            farthest = std::max(farthest, std::abs(d[0]));
        }
        EXPECT_GT(farthest, 20.0F / static_cast<float>(n_mesh));
    }
}

TEST(BoxTeam, TooManyForThePlanesAreRefused) {
    try {
        ParticleMesh(cosmology, small_run(4, 6), 1, {.size = 5, .member = 0, .exchange = {}});
        ADD_FAILURE() << "no error";
    } catch (const base::UsageError& error) {
        EXPECT_STREQ(error.what(),
                     "n_particles of a box is 4 (each of the 5 that share it needs a plane of "
                     "them), change it");
    }
}

TEST(BoxTeam, FailureOfOneEndsTheWorkOfAll) {
    const Team team = comm::box_team(world());
    for (const bool is_late : {false, true}) {
        try {
            comm::collectively(world(), [&] {
                const auto fail_on_last = [&] {
                    if (world().rank() == world().size() - 1) {
                        throw base::Error(base::ExitCode::internal, "the mesh melted");
                    }
                };
                if (!is_late) {
                    fail_on_last();
                }
                ParticleMesh box(cosmology, small_run(10, 14), 1, team);
                fail_on_last();
                box.advance_to(0.1);
            });
            ADD_FAILURE() << "no error";
        } catch (const comm::CollectiveError& error) {
            EXPECT_STREQ(error.what(), "the mesh melted");
        }
    }
    comm::collectively(world(), [&] { comm::agree_or_throw(world()); });
}

}  // namespace
}  // namespace faintweb::sky
