#pragma once

#include <vector>

#include "lib/sky/fft.h"
#include "lib/sky/mesh.h"
#include "lib/sky/particles.h"

namespace faintweb::sky {

/// Density of particles on a mesh, over its mean, by cloud-in-cell deposit.
///
/// @param displacement_mpc  [n_particles^3] from the lattice, as in Particles.
/// @param density           what it held before is lost; its padding is left undefined.
void deposit_cic(const std::vector<Vector3>& displacement_mpc,
                 int n_particles,
                 double box_mpc,
                 FourierMesh& density,
                 int n_threads);
Mesh deposit_cic(const Particles& particles, int n_mesh, int n_threads);

/// Adds scale times the mesh, read at the particles by cloud-in-cell, to one component of a vector
/// per particle.
void gather_cic(const FourierMesh& mesh,
                const std::vector<Vector3>& displacement_mpc,
                int n_particles,
                double box_mpc,
                double scale,
                int axis,
                std::vector<Vector3>& vectors,
                int n_threads);

/// What a deposit multiplies mode i with along each axis, [n]: sinc^2 of half a cell's phase.
std::vector<float> cic_window(int n);

}  // namespace faintweb::sky
