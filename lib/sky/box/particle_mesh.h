// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <vector>

#include "lib/sky/box/fft.h"
#include "lib/sky/box/gaussian_field.h"
#include "lib/sky/box/mesh.h"
#include "lib/sky/box/particles.h"
#include "lib/sky/box/team.h"
#include "lib/sky/cosmology/cosmology.h"

namespace faintweb::sky {

class Travel;

/// How one box is simulated.
struct BoxRun {
    double box_mpc = 100;   ///< comoving edge
    int n_particles = 128;  ///< along an edge, even
    int n_mesh = 256;       ///< of gravity, along an edge, even
    int n_steps = 16;       ///< from a_start to the first redshift that is asked for
    double a_start = 0.08;  ///< scale factor
    std::uint64_t seed = 1;
    std::uint64_t box_key = 0;  ///< tells the boxes of one seed apart
    Amplitudes amplitudes = Amplitudes::random;
};

/// Gravity of dark matter in a periodic box: second-order Lagrangian start, then leapfrog steps on
/// a particle mesh.
///
/// Same run, same bits for any number of threads and members of a team. Each member keeps the
/// particles of its own planes of the lattice, wherever they go, and owns a slab of the mesh. At
/// every step particles show the owners of the mesh around them their positions, and get forces
/// back; owners swap the planes between their slabs, and the rows that MeshFft says.
///
/// @collective yes: every member of the team must make each call below.
/// @source Bouchet et al. 1995 (start), Quinn et al. 1997 (leapfrog in an expanding universe),
///         Hockney & Eastwood 1988 (mesh).
class ParticleMesh {
  public:
    /// @throws UsageError  if the run makes no sense, or has fewer planes of particles than the
    ///                     team has members; names the number.
    ParticleMesh(const Cosmology& cosmology, const BoxRun& run, int n_threads, Team team = {});

    /// Moves on to a later time. The first call spends n_steps; the path to a later one depends on
    /// the redshifts passed.
    ///
    /// @param z  >= 0, below that of the last call, and of the start.
    /// @throws UsageError  if it is not; names z.
    void advance_to(double z);

    /// Positions and velocities at one time: the whole box for one member, none for the others.
    Particles state(int member = 0) const;

  private:
    void drift(double from, double to);
    void kick(double from, double to);
    /// Sets density_ to the mass of the particles, over the mean.
    void take_density(const Travel& travel);
    /// Turns the modes of density_ into those of its potential.
    void make_potential(double factor);
    /// Adds the force along an axis to the momenta.
    void pull(const Travel& travel, int axis);

    Cosmology cosmology_;
    BoxRun run_;
    int n_threads_;
    Team team_;
    double a_;
    double last_step_ = 0;
    MeshFft fft_;
    FourierMesh density_;  ///< and the modes of its potential
    FourierMesh force_;
    std::vector<Vector3> displacement_mpc_;  ///< [own planes, n, n]
    std::vector<Vector3> momentum_;          ///< a^2 dx/dt, Mpc H0
    bool is_started_ = false;
};

/// Density of particles over the mean by cloud-in-cell deposit.
Mesh particle_density(const Particles& particles, int n_mesh, int n_threads);

}  // namespace faintweb::sky
