// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "lib/base/parallel.h"
#include "lib/sky/box/mesh.h"
#include "lib/sky/box/team.h"

namespace faintweb::sky {

/// The mass of a particle is deposited in whole parts of 2^-32 of a mean cell's, whose sum is the
/// same in any order.
inline constexpr float quanta_per_cell = 0x1.0p32F;

/// The two mesh points around a position, and the share of the upper one.
struct Between {
    int low;
    int high;
    float share;
};

/// @param x  cells, of any sign; far less than 2^30 boxes away.
inline Between between(float x, int n) {
    const float floor = std::floor(x);
    int low = static_cast<int>(floor);
    const float share = x - floor;
    while (low >= n) {
        low -= n;
    }
    while (low < 0) {
        low += n;
    }
    return {low, low + 1 == n ? 0 : low + 1, share};
}

/// Position in cells of a mesh.
using Place = std::array<float, 3>;

/// The planes of a lattice of particles that a member keeps, on their way over the mesh: a particle
/// visits the owner of the mesh plane just below it.
///
/// Visitors are more frugal than planes of the mesh would be: at late times the particles of one
/// slab are spread over many slabs, but there are fewer of them than of mesh points.
class Travel {
  public:
    /// Sends the positions of the particles to those that they visit.
    ///
    /// @param displacement_mpc  [own planes, n, n]; it must not change before the way back.
    /// @collective yes: every member of the team.
    Travel(const Team& team,
           const std::vector<Vector3>& displacement_mpc,
           double box_mpc,
           int n_particles,
           int n_mesh,
           int n_threads)
        : team_(team),
          displacement_mpc_(displacement_mpc),
          n_mesh_(n_mesh),
          n_threads_(n_threads),
          own_(team.planes(n_particles)),
          edge_(static_cast<std::size_t>(n_particles)),
          cells_per_mpc_(static_cast<float>(n_mesh / box_mpc)),
          cells_per_particle_(static_cast<float>(static_cast<double>(n_mesh) / n_particles)) {
        for (int plane = 0; plane < n_mesh; ++plane) {
            hosts_.push_back(static_cast<std::size_t>(owner_of(plane, n_mesh, team.size)));
        }
        const auto n_members = static_cast<std::size_t>(team.size);
        const auto n_planes = static_cast<std::size_t>(own_.size());
        // The particles that go to one host lie together, in the order of the lattice.
        starts_.assign(n_planes, std::vector<std::size_t>(n_members, 0));
        base::parallel_for(n_threads_, n_planes, [&](std::size_t i) {
            for_each_in_plane(
                i, [&](std::size_t, const Place&, std::size_t host) { ++starts_[i][host]; });
        });
        std::size_t n_before = 0;
        for (std::size_t m = 0; m < n_members; ++m) {
            const std::size_t start = n_before;
            for (std::vector<std::size_t>& of_plane : starts_) {
                n_before += std::exchange(of_plane[m], n_before);
            }
            n_sent_.push_back(n_before - start);
        }
        const std::vector<std::size_t> one_each(n_members, 1);
        n_received_ = exchange(team, n_sent_, one_each, one_each);
        std::vector<Place> places(displacement_mpc.size());
        base::parallel_for(n_threads_, n_planes, [&](std::size_t i) {
            std::vector<std::size_t> next = starts_[i];
            for_each_in_plane(i, [&](std::size_t, const Place& place, std::size_t host) {
                places[next[host]++] = place;
            });
        });
        visitors_ = exchange(team, std::move(places), n_sent_, n_received_);
    }

    /// Those who came here, from all members.
    const std::vector<Place>& visitors() const { return visitors_; }

    /// Calls work(v) for every visitor.
    template <typename Work>
    void for_each_visitor(const Work& work) const {
        constexpr std::size_t n_at_once = std::size_t{1} << 15;
        base::parallel_for(
            n_threads_, (visitors_.size() + n_at_once - 1) / n_at_once, [&](std::size_t part) {
                const std::size_t end = std::min((part + 1) * n_at_once, visitors_.size());
                for (std::size_t v = part * n_at_once; v < end; ++v) {
                    work(v);
                }
            });
    }

    /// Sends every visitor's value home and calls take(particle, value) for every own particle.
    ///
    /// @collective yes: every member of the team.
    template <typename Take>
    void bring_home(std::vector<float> of_visitors, const Take& take) const {
        const std::vector<float> values =
            exchange(team_, std::move(of_visitors), n_received_, n_sent_);
        base::parallel_for(n_threads_, starts_.size(), [&](std::size_t i) {
            std::vector<std::size_t> next = starts_[i];
            for_each_in_plane(i, [&](std::size_t particle, const Place&, std::size_t host) {
                take(particle, values[next[host]++]);
            });
        });
    }

  private:
    /// Calls visit(particle, place, host) for every particle of one of the own planes.
    template <typename Visit>
    void for_each_in_plane(std::size_t plane, const Visit& visit) const {
        const std::size_t i = plane + static_cast<std::size_t>(own_.first);
        for (std::size_t j = 0; j < edge_; ++j) {
            for (std::size_t k = 0; k < edge_; ++k) {
                const std::size_t particle = (plane * edge_ + j) * edge_ + k;
                const Vector3& d = displacement_mpc_[particle];
                const Place place{
                    static_cast<float>(i) * cells_per_particle_ + d[0] * cells_per_mpc_,
                    static_cast<float>(j) * cells_per_particle_ + d[1] * cells_per_mpc_,
                    static_cast<float>(k) * cells_per_particle_ + d[2] * cells_per_mpc_};
                const int below = between(place[0], n_mesh_).low;
                visit(particle, place, hosts_[static_cast<std::size_t>(below)]);
            }
        }
    }

    const Team& team_;
    const std::vector<Vector3>& displacement_mpc_;
    int n_mesh_;
    int n_threads_;
    Planes own_;
    std::size_t edge_;
    float cells_per_mpc_;
    float cells_per_particle_;
    std::vector<std::size_t> hosts_;                ///< of each plane of the mesh
    std::vector<std::vector<std::size_t>> starts_;  ///< among all sent, of [plane][host]
    std::vector<std::size_t> n_sent_;               ///< to each member
    std::vector<std::size_t> n_received_;           ///< from each member
    std::vector<Place> visitors_;
};

/// Sums the mass of the particles into whole numbers, cloud in cell: [own planes, n, n] of the
/// mesh.
///
/// @collective yes: every member of the team.
std::vector<std::int64_t> deposit(const Team& team,
                                  const Travel& travel,
                                  int n_particles,
                                  int n_mesh);

}  // namespace faintweb::sky
