#pragma once

#include <cstdint>

#include "lib/sky/cosmology.h"
#include "lib/sky/fft.h"
#include "lib/sky/particles.h"

namespace faintweb::sky {

/// What makes a simulated box: the same values give the same bits.
struct BoxRun {
    double box_mpc = 0;   ///< comoving edge
    int n_particles = 0;  ///< along an edge, even
    int n_mesh = 0;       ///< along an edge, for gravity, even
    int n_steps = 16;     ///< from a_start to the first state that is asked for
    double a_start = 0.08;
    std::uint64_t seed = 0;
    std::uint64_t box_key = 0;
    bool fixed_amplitude = false;  ///< initial modes have their rms: for comparisons of spectra
};

/// Particles at a_start, moved from their lattice by second-order Lagrangian perturbation theory.
///
/// @source Bouchet et al. 1995 (A&A 296, 575).
Particles lagrangian_start(const Cosmology& cosmology, const BoxRun& run, int n_threads);

/// Gravity of dark matter in an expanding, periodic box: a particle mesh with few, long steps.
///
/// A third of the steps is logarithmic in the scale factor up to 0.25, the others are linear.
/// Kicks and drifts carry the exact growth of their step (Quinn et al. 1997, astro-ph/9710043).
class ParticleMesh {
  public:
    ParticleMesh(const Cosmology& cosmology, const BoxRun& run, int n_threads);
    /// Starts from given particles instead of run's own; a_start is theirs.
    ParticleMesh(const Cosmology& cosmology, const BoxRun& run, Particles start, int n_threads);

    /// Runs to redshift z, not above the present one. The first call takes run.n_steps steps,
    /// later ones as many as keep about the last length of step.
    void advance_to(double z);
    double z() const { return 1 / a_ - 1; }
    /// A copy of the particles, positions and velocities at the same time.
    Particles state() const;

  private:
    void kick(double from_a, double to_a);
    void drift(double from_a, double to_a);

    Cosmology cosmology_;
    BoxRun run_;
    int n_threads_;
    double a_;
    double last_step_ = 0;  ///< in a; 0 before the first
    Particles particles_;   ///< velocities hold the momentum a^2 dx/dt / H0, Mpc, instead
    MeshFft fft_;
};

}  // namespace faintweb::sky
