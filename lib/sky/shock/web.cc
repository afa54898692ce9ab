// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/sky/shock/web.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <utility>

#include "lib/base/contract.h"
#include "lib/base/parallel.h"
#include "lib/sky/shock/emission.h"
#include "lib/sky/shock/sheet_projection.h"
#include "lib/sky/shock/shock_finder.h"

namespace faintweb::sky {
namespace {

constexpr double kev_per_kelvin = 8.617333e-8;
constexpr float halo_density = 40;  // over the mean; denser gas belongs to haloes
constexpr double least_halo_msun = 3e12;
constexpr double halo_radius_r200 = 1.3;
constexpr double least_halo_radius_cells = 1.2;
constexpr double halo_reach = 3;  // radii; the damping is 1/730 there
constexpr double smoothing_mpc = 1;
/// A cell of this power is 1e-25 Jy/arcsec2 in a map; below it, floats run out of exponent.
constexpr double negligible_power = 1e10;

/// Turns the Mach numbers of a plane of shocks into power per cell.
class ShockPower {
  public:
    ShockPower(const Cosmology& cosmology, const SkySettings& settings, const GasMesh& gas)
        : settings_(settings),
          gas_(gas),
          mean_density_cm3_(mean_electron_density_cm3(cosmology, gas.z)),
          frequency_hz_(settings.frequency_hz * (1 + gas.z)) {
        const double cell_mpc = gas.box_mpc / gas.density.n / (1 + gas.z);
        cell_area_mpc2_ = cell_mpc * cell_mpc;
    }

    /// Of one cell, erg/s/Hz.
    /// @param amplification  of the magnetic field, where the gas has none of its own.
    float of_cell(const ShockMesh& shocks, std::size_t cell, double amplification) const {
        const auto mach = static_cast<double>(shocks.mach.cells[cell]);
        if (mach == 0) {
            return 0;
        }
        ShockedGas behind;
        behind.mach = mach;
        behind.electron_density_cm3 = mean_density_cm3_ *
                                      static_cast<double>(shocks.upstream_density.cells[cell]) *
                                      density_jump(mach);
        behind.temperature_kev = kev_per_kelvin *
                                 static_cast<double>(shocks.upstream_temperature_k.cells[cell]) *
                                 temperature_jump(mach);
        behind.magnetic_field_ug =
            gas_.field_ug
                ? static_cast<double>(gas_.field_ug->cells[cell])
                : magnetic_field_ug(behind.electron_density_cm3, behind.temperature_kev,
                                    mean_density_cm3_, gas_.z, amplification, settings_.eps_b);
        const double power = shock_power(behind, gas_.z, frequency_hz_, 1) * cell_area_mpc2_;
        return power > negligible_power ? static_cast<float>(power) : 0;
    }

  private:
    const SkySettings& settings_;
    const GasMesh& gas_;
    double mean_density_cm3_;
    double frequency_hz_;
    double cell_area_mpc2_ = 0;
};

/// Calls visit(index, r2) for the cells of plane i of a mesh that lie within `reach` radii of a
/// halo; r2 is their squared distance, radii.
template <typename Visit>
void visit_around(const BoxHalo& halo,
                  double radius_cells,
                  double reach_radii,
                  double box_mpc,
                  const Mesh& mesh,
                  int i,
                  const Visit& visit) {
    const int n = mesh.n;
    const double cells_per_mpc = n / box_mpc;
    // From a cell to the nearest image of a halo, along one axis.
    const auto distance = [&](int cell, double centre) {
        const double d = cell - centre;
        return d - n * std::round(d / n);
    };
    const auto wrapped = [&](int cell) { return ((cell % n) + n) % n; };
    const double x = halo.position_mpc[0] * cells_per_mpc;
    const double y = halo.position_mpc[1] * cells_per_mpc;
    const double w = halo.position_mpc[2] * cells_per_mpc;
    const double reach = reach_radii * radius_cells;
    const double dx = distance(i, x);
    if (std::abs(dx) > reach) {
        return;
    }
    const int half = static_cast<int>(std::ceil(reach));
    const int n_across = std::min(2 * half + 1, n);
    const int first_j = static_cast<int>(std::round(y)) - n_across / 2;
    const int first_k = static_cast<int>(std::round(w)) - n_across / 2;
    for (int j = first_j; j < first_j + n_across; ++j) {
        const double dy = distance(j, y);
        for (int k = first_k; k < first_k + n_across; ++k) {
            const double dz = distance(k, w);
            const double r2 = (dx * dx + dy * dy + dz * dz) / (radius_cells * radius_cells);
            if (r2 <= reach_radii * reach_radii) {
                visit(mesh.index(i, wrapped(j), wrapped(k)), r2);
            }
        }
    }
}

/// Darkens one plane of a mesh around haloes.
void damp_haloes(const std::vector<BoxHalo>& haloes, double box_mpc, double z, int i, Mesh& mesh) {
    const double cells_per_mpc = mesh.n / box_mpc;
    for (const BoxHalo& halo : haloes) {
        if (halo.mass_msun <= least_halo_msun) {
            continue;
        }
        const double radius = std::max(halo_radius_r200 * halo.r200_mpc * (1 + z) * cells_per_mpc,
                                       least_halo_radius_cells);
        visit_around(halo, radius, halo_reach, box_mpc, mesh, i, [&](std::size_t cell, double r2) {
            mesh.cells[cell] *= static_cast<float>(1 - 1 / (1 + r2 * r2 * r2));
        });
    }
}

void to_brightness(const GasMesh& gas, int map_px, std::array<image::Image, 3>& maps) {
    const double pixel_mpc = gas.box_mpc / map_px;
    // In double: the factor alone is below the range of float.
    const double scale = brightness_per_power(gas.z) / (pixel_mpc * pixel_mpc);
    for (image::Image& map : maps) {
        for (float& pixel : map.pixels) {
            pixel = static_cast<float>(static_cast<double>(pixel) * scale);
        }
    }
}

}  // namespace

Mesh web_emissivity(const SkySettings& settings, const GasBox& box, int n_threads) {
    const GasMesh& gas = box.gas;
    const int n = gas.density.n;
    FAINTWEB_EXPECTS(gas.box_mpc > 0);
    FAINTWEB_EXPECTS(!gas.field_ug || gas.field_ug->n == n);
    const auto plane = static_cast<std::size_t>(n) * static_cast<std::size_t>(n);
    Mesh power;
    {
        ShockMesh shocks = find_shocks(gas, n_threads);
        const ShockPower shock(box.cosmology, settings, gas);
        base::parallel_for(n_threads, static_cast<std::size_t>(n), [&](std::size_t i) {
            for (std::size_t cell = i * plane; cell < (i + 1) * plane; ++cell) {
                const float ratio = gas.density.cells[cell] / halo_density;
                shocks.mach.cells[cell] =
                    shock.of_cell(shocks, cell, settings.a_web) / (1 + ratio * ratio);
            }
            damp_haloes(box.haloes, gas.box_mpc, gas.z, static_cast<int>(i), shocks.mach);
        });
        power = std::move(shocks.mach);
    }
    const double sigma_cells = std::max(1.0, smoothing_mpc * n / gas.box_mpc);
    smooth_periodic(power, sigma_cells, n_threads);
    Mesh mass = gas.density;
    smooth_periodic(mass, sigma_cells, n_threads);
    base::parallel_for(n_threads, static_cast<std::size_t>(n), [&](std::size_t i) {
        for (std::size_t cell = i * plane; cell < (i + 1) * plane; ++cell) {
            power.cells[cell] = mass.cells[cell] > 0 ? power.cells[cell] / mass.cells[cell] : 0;
        }
    });
    return power;
}

WebMaps web_maps(const SkySettings& settings,
                 const GasBox& box,
                 const Particles& particles,
                 int map_px,
                 int n_sheet,
                 int n_threads) {
    const GasMesh& gas = box.gas;
    FAINTWEB_EXPECTS(particles.box_mpc == gas.box_mpc);
    const Mesh emissivity =
        settings.web_layer ? web_emissivity(settings, box, n_threads) : make_mesh(gas.density.n);
    Projection projection =
        project_sheet(particles, emissivity, gas.density, map_px, n_sheet, n_threads);
    to_brightness(gas, map_px, projection.emission);
    return {std::move(projection.emission), std::move(projection.column_density)};
}

GasEmissivity gas_emissivity(const SkySettings& settings, const GasBox& box, int n_threads) {
    const GasMesh& gas = box.gas;
    const int n = gas.density.n;
    FAINTWEB_EXPECTS(gas.box_mpc > 0);
    FAINTWEB_EXPECTS(!gas.field_ug || gas.field_ug->n == n);
    const ShockMesh shocks = find_shocks(gas, n_threads);
    const ShockPower shock(box.cosmology, settings, gas);
    GasEmissivity out{make_mesh(n), make_mesh(n)};
    const auto plane = static_cast<std::size_t>(n) * static_cast<std::size_t>(n);
    base::parallel_for(n_threads, static_cast<std::size_t>(n), [&](std::size_t i) {
        std::vector<bool> is_inside(plane, false);
        for (const BoxHalo& halo : box.haloes) {
            const double radius_cells = halo.r100_mpc * (1 + gas.z) * n / gas.box_mpc;
            visit_around(halo, radius_cells, 1, gas.box_mpc, gas.density, static_cast<int>(i),
                         [&](std::size_t cell, double) { is_inside[cell - i * plane] = true; });
        }
        for (std::size_t cell = i * plane; cell < (i + 1) * plane; ++cell) {
            const bool inside = is_inside[cell - i * plane];
            const float power =
                shock.of_cell(shocks, cell, inside ? settings.a_dyn : settings.a_web);
            (inside ? out.inside_r100 : out.outside_r100).cells[cell] =
                power / gas.density.cells[cell];
        }
    });
    return out;
}

GasMaps gas_maps(const SkySettings& settings, const GasBox& box, int map_px, int n_threads) {
    const GasMesh& gas = box.gas;
    const GasEmissivity emissivity = gas_emissivity(settings, box, n_threads);
    Projection inside = project_cells(emissivity.inside_r100, gas.density, map_px, n_threads);
    Projection outside = project_cells(emissivity.outside_r100, gas.density, map_px, n_threads);
    to_brightness(gas, map_px, inside.emission);
    to_brightness(gas, map_px, outside.emission);
    return {std::move(inside.emission), std::move(outside.emission),
            std::move(inside.column_density)};
}

}  // namespace faintweb::sky
