// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/sky/shock/halo_layer.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <utility>

#include <fmt/core.h>

#include "lib/base/contract.h"
#include "lib/base/error.h"
#include "lib/base/parallel.h"
#include "lib/base/units.h"
#include "lib/sky/box/separable_filter.h"
#include "lib/sky/shock/shock_surface.h"
#include "lib/sky/shock/surface_points.h"

namespace faintweb::sky {
namespace {

/// Fixed point of the maps, Jy/arcsec2 at xi_e = 1: a millionth of the faintest surface that is
/// painted, and a hundred Jy/arcsec2 still fit. Whole numbers add to the same sum in any order.
constexpr double quanta_per_jy_arcsec2 = 0x1.0p56;

/// Cell of the runs of Gheller et al. 2018 / box.
constexpr double original_cells = 2400;
constexpr double resolution_cells = 1.5;

/// What xi_e will be about: maps are made for xi_e = 1, so the floor of the sky is scaled by it.
constexpr double expected_xi_e = 0.02;
/// Points that a surface is first judged by.
constexpr std::uint32_t n_pilot_points = 64;
constexpr std::uint32_t fewest_points = SurfacePoints::capacity;
constexpr std::uint32_t most_points = 1U << 24;
/// Limbs, seen edge-on, outshine the surface by about this.
constexpr double limb_brightening = 5;
/// A surface whose limb stays below this share of the floor is not painted.
constexpr double skipped_share_of_floor = 0.03;
/// Surfaces below faint_in_floors, a tenth of the lowest label threshold of the paper, are sampled
/// down to this share of the full density: their grain cannot move a label.
constexpr double faintest_share_of_points = 0.2;
constexpr double faint_in_floors = 100;
/// Points that a thread samples before it takes others.
constexpr std::uint32_t points_per_job = 256 * SurfacePoints::capacity;

using Quanta = std::vector<std::int64_t>;

/// A halo with all that its points need.
struct PaintedHalo {
    HaloGas gas;
    Surroundings around;
    std::vector<ShockSurface> surfaces;
    std::vector<std::uint32_t> n_points;  ///< of each surface
    std::array<double, 3> position_mpc{};
    double r100_mpc = 0;
};

/// The six maps while they are painted.
class PaintedMaps {
  public:
    PaintedMaps(double box_mpc, int map_px, double z)
        : edge_(map_px),
          px_per_mpc_((1 + z) * map_px / box_mpc),
          px_per_comoving_mpc_(map_px / box_mpc) {
        for (Quanta& map : maps_) {
            map.resize(static_cast<std::size_t>(edge_) * static_cast<std::size_t>(edge_));
        }
    }

    /// Adds points to the pixels that they fall on, on all three axes. Thread-safe.
    void add(const SurfacePoints& points, std::size_t n, const PaintedHalo& halo) {
        constexpr std::size_t capacity = SurfacePoints::capacity;
        alignas(32) std::array<std::array<std::int32_t, capacity>, 3> pixels;
        alignas(32) std::array<std::int64_t, capacity> quanta;
        alignas(32) std::array<std::int32_t, capacity> is_outside;
        const auto scale = static_cast<float>(px_per_mpc_);
        const auto edge = static_cast<float>(edge_);
        for (std::size_t axis = 0; axis < 3; ++axis) {
            const auto centre = static_cast<float>(halo.position_mpc[axis] * px_per_comoving_mpc_);
            for (std::size_t i = 0; i < n; ++i) {
                float at = centre + points.place_mpc[axis][i] * scale;
                at = at < 0.0F ? at + edge : at;
                at = at >= edge ? at - edge : at;
                // Far sheaths in a small box may go around more than once.
                at -= edge * static_cast<float>(static_cast<std::int32_t>(at / edge));
                const auto pixel = static_cast<std::int32_t>(at);
                pixels[axis][i] = pixel < 0 ? 0 : (pixel < edge_ ? pixel : edge_ - 1);
            }
        }
        const auto square_r100 = static_cast<float>(halo.r100_mpc * halo.r100_mpc);
        const auto per_light =
            static_cast<float>(quanta_per_jy_arcsec2 * px_per_comoving_mpc_ * px_per_comoving_mpc_);
        for (std::size_t i = 0; i < n; ++i) {
            const float x = points.place_mpc[0][i];
            const float y = points.place_mpc[1][i];
            const float z = points.place_mpc[2][i];
            is_outside[i] = x * x + y * y + z * z >= square_r100;
            quanta[i] = static_cast<std::int64_t>(points.light[i] * per_light);
        }
        for (std::size_t axis = 0; axis < 3; ++axis) {
            const auto& cols = pixels[(axis + 1) % 3];
            const auto& rows = pixels[(axis + 2) % 3];
            const std::array<std::int64_t*, 2> to{maps_[axis].data(), maps_[3 + axis].data()};
            for (std::size_t i = 0; i < n; ++i) {
                if (quanta[i] == 0) {
                    continue;
                }
                const std::int64_t pixel =
                    static_cast<std::int64_t>(rows[i]) * edge_ + static_cast<std::int64_t>(cols[i]);
                std::atomic_ref<std::int64_t>(to[static_cast<std::size_t>(is_outside[i])][pixel])
                    .fetch_add(quanta[i], std::memory_order_relaxed);
            }
        }
    }

    /// One map with a margin that repeats the other side, Jy/arcsec2. Its quanta are given up.
    image::Image take(std::size_t number, std::int64_t margin, int n_threads) {
        const Quanta map = std::exchange(maps_[number], {});
        image::Image out = image::make_image(edge_ + 2 * margin, edge_ + 2 * margin);
        const std::int64_t start = (edge_ - margin % edge_) % edge_;
        base::parallel_for(n_threads, static_cast<std::size_t>(out.rows), [&](std::size_t row) {
            const std::int64_t from = (start + static_cast<std::int64_t>(row)) % edge_;
            const std::int64_t* line = map.data() + from * edge_;
            std::int64_t col = start;
            for (float& pixel : out.row(static_cast<std::int64_t>(row))) {
                pixel =
                    static_cast<float>(line[col]) * static_cast<float>(1 / quanta_per_jy_arcsec2);
                col = col + 1 == edge_ ? 0 : col + 1;
            }
        });
        return out;
    }

  private:
    std::int32_t edge_;
    double px_per_mpc_;           ///< physical
    double px_per_comoving_mpc_;  ///< comoving
    std::array<Quanta, 6> maps_;  ///< inside R100 along the axes, then outside
};

bool is_shown(const SkySettings& settings, SurfaceKind kind) {
    return kind == SurfaceKind::sheath ? settings.sheath_layer : settings.halo_layer;
}

/// @param resolution_mpc  FWHM, physical.
std::uint32_t choose_n_points(const SkySettings& settings,
                              const PaintedHalo& halo,
                              const ShockSurface& surface,
                              double resolution_mpc,
                              SurfacePoints& points) {
    sample_surface({settings, halo.gas, halo.around}, surface, {0, n_pilot_points, n_pilot_points},
                   points);
    const float brightest =
        *std::max_element(points.light.begin(), points.light.begin() + n_pilot_points);
    const double area_mpc2 = surface.area_mpc2();
    const double beam_mpc2 = resolution_mpc * resolution_mpc;
    // The light of a surface smaller than the resolution is spread over the latter.
    const double spread_mpc2 = std::max(area_mpc2, beam_mpc2) * (1 + halo.gas.z) * (1 + halo.gas.z);
    const double peak =
        limb_brightening * static_cast<double>(brightest) * n_pilot_points / spread_mpc2;
    const double floor = settings.floor_jy_arcsec2 / expected_xi_e;
    if (!(peak > skipped_share_of_floor * floor)) {
        return 0;
    }
    const double share =
        std::clamp(peak / (faint_in_floors * floor), faintest_share_of_points, 1.0);
    const double n = share * settings.points_per_beam * area_mpc2 / beam_mpc2;
    return static_cast<std::uint32_t>(
        std::clamp(n, static_cast<double>(fewest_points), static_cast<double>(most_points)));
}

/// The haloes that shine, with their surfaces and how many points each of these takes.
///
/// @param fwhm_mpc  of the maps, comoving.
/// @throws UsageError  if the shocks of one reach around the box; names it.
std::vector<PaintedHalo> survey(const SkySettings& settings,
                                const HaloBox& box,
                                double fwhm_mpc,
                                std::uint64_t seed,
                                int n_threads) {
    std::vector<BoxHalo> shown;
    std::ranges::copy_if(box.haloes, std::back_inserter(shown), [&](const BoxHalo& halo) {
        return halo.mass_msun >= settings.min_mass_msun;
    });
    for (const BoxHalo& halo : shown) {
        const double reach_mpc = shock_reach_mpc(settings, halo.r200_mpc) * (1 + box.z);
        if (reach_mpc > box.edge_mpc) {
            throw base::UsageError(
                fmt::format("the shocks of a halo of {:g} Msun reach {:g} Mpc (farther than the "
                            "box of {:g} Mpc is wide), take a wider box or a smaller r_max",
                            halo.mass_msun, reach_mpc, box.edge_mpc));
        }
    }
    std::vector<PaintedHalo> painted(shown.size());
    base::parallel_for(n_threads, shown.size(), [&](std::size_t i) {
        PaintedHalo& halo = painted[i];
        halo.gas = make_halo_gas(box.cosmology, settings, shown[i], box.z);
        halo.around = survey_surroundings(shown[i], box.density, box.edge_mpc, box.z);
        halo.position_mpc = shown[i].position_mpc;
        halo.r100_mpc = shown[i].r100_mpc;
        halo.surfaces = make_surfaces(settings, shown[i], halo.gas, halo.around, seed,
                                      state_key(box.key, box.z));
        SurfacePoints points;
        for (const ShockSurface& surface : halo.surfaces) {
            halo.n_points.push_back(
                is_shown(settings, surface.kind)
                    ? choose_n_points(settings, halo, surface, fwhm_mpc / (1 + box.z), points)
                    : 0);
        }
    });
    return painted;
}

/// Points of a surface that a thread samples in one go.
struct Job {
    std::size_t halo, surface;
    std::uint32_t first, last;
};

/// All points of all surfaces, the largest jobs first.
std::vector<Job> share_out(const std::vector<PaintedHalo>& painted) {
    std::vector<Job> jobs;
    for (std::size_t i = 0; i < painted.size(); ++i) {
        for (std::size_t k = 0; k < painted[i].surfaces.size(); ++k) {
            const std::uint32_t total = painted[i].n_points[k];
            for (std::uint32_t first = 0; first < total; first += points_per_job) {
                jobs.push_back({i, k, first, std::min(total, first + points_per_job)});
            }
        }
    }
    std::stable_sort(jobs.begin(), jobs.end(), [](const Job& a, const Job& b) {
        return a.last - a.first > b.last - b.first;
    });
    return jobs;
}

/// Smooths the maps and takes them off, their quanta are given up.
///
/// @param sigma_px  of the Gaussian that they are to be smoothed with.
HaloMaps smooth(PaintedMaps& maps, double sigma_px, int map_px, int n_threads) {
    // Points fall on whole pixels, which widens them by 1/12 px2; the smoothing does the rest.
    const double left_px2 = sigma_px * sigma_px - 1.0 / 12;
    const std::vector<float> taps =
        left_px2 > 0 ? gaussian_taps(std::sqrt(left_px2)) : std::vector<float>{1};
    const auto margin = static_cast<std::int64_t>(taps.size()) - 1;
    HaloMaps out;
    for (std::size_t number = 0; number < 6; ++number) {
        const image::Image wide =
            filter_separable(maps.take(number, margin, n_threads), taps, n_threads);
        image::Image& map = number < 3 ? out.inside_r100[number] : out.outside_r100[number - 3];
        map = image::make_image(map_px, map_px);
        for (std::int64_t row = 0; row < map_px; ++row) {
            const auto from =
                wide.row(row + margin)
                    .subspan(static_cast<std::size_t>(margin), static_cast<std::size_t>(map_px));
            std::copy(from.begin(), from.end(), map.row(row).begin());
        }
    }
    return out;
}

}  // namespace

double halo_map_fwhm_mpc(const Cosmology& cosmology,
                         const SkySettings& settings,
                         double box_mpc,
                         double z) {
    return std::max(
        settings.resolution_arcsec / base::arcsec_per_rad * comoving_distance_mpc(cosmology, z),
        resolution_cells * box_mpc / original_cells);
}

std::uint64_t state_key(std::uint64_t box_key, double z) {
    constexpr double steps_per_redshift = 1e6;
    FAINTWEB_EXPECTS(box_key < std::uint64_t{1} << 32);
    return box_key << 32 | static_cast<std::uint64_t>(std::llround(z * steps_per_redshift));
}

HaloMaps paint_haloes(const SkySettings& settings,
                      const HaloBox& box,
                      int map_px,
                      std::uint64_t seed,
                      int n_threads) {
    check(settings);
    FAINTWEB_EXPECTS(n_threads >= 1 && map_px >= 1 && box.edge_mpc > 0 && box.z > 0);
    const double fwhm_mpc = halo_map_fwhm_mpc(box.cosmology, settings, box.edge_mpc, box.z);
    const std::vector<PaintedHalo> painted = survey(settings, box, fwhm_mpc, seed, n_threads);
    const std::vector<Job> jobs = share_out(painted);
    PaintedMaps maps(box.edge_mpc, map_px, box.z);
    base::parallel_for(n_threads, jobs.size(), [&](std::size_t number) {
        const Job& job = jobs[number];
        const PaintedHalo& halo = painted[job.halo];
        const HaloScene scene{settings, halo.gas, halo.around};
        SurfacePoints points;
        for (std::uint32_t first = job.first; first < job.last; first += SurfacePoints::capacity) {
            const std::uint32_t n = std::min(SurfacePoints::capacity, job.last - first);
            sample_surface(scene, halo.surfaces[job.surface],
                           {first, n, halo.n_points[job.surface]}, points);
            maps.add(points, n, halo);
        }
    });
    return smooth(maps, fwhm_mpc / base::fwhm_per_sigma * map_px / box.edge_mpc, map_px, n_threads);
}

}  // namespace faintweb::sky
