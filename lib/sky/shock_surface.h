#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "lib/sky/halo.h"
#include "lib/sky/settings.h"
#include "lib/sky/texture.h"

namespace faintweb::sky {

/// The gas of a halo and its place, shared by all of its shock surfaces.
struct HaloGas {
    double z = 0;
    double r200_mpc = 0;             ///< physical
    double v200_km_s = 0;            ///< circular velocity at r200
    double t200_kev = 0;             ///< virial temperature
    double central_density_cm3 = 0;  ///< electrons
    double mean_density_cm3 = 0;     ///< electrons, cosmic mean at z
    double eps_b = 0;                ///< dynamo saturation of this halo
    double luminosity_distance_cm = 0;
    double arcsec_per_mpc = 0;  ///< physical Mpc
};

/// Sets up the gas of a halo: electrons are 0.9 of the cosmic baryon share inside R200.
///
/// @source ours; the profiles are stand-ins for those of simulated clusters, their scale drops out
/// in xi_e.
HaloGas make_halo_gas(const SkySettings& settings, const Halo& halo);

/// Shape of the electron density, 1 in the middle; x = r / R200.
double density_profile(double x);
/// Temperature over that of R200; x = r / R200.
double temperature_profile(double x);

enum class SurfaceKind { merger, accretion };

using Vector3 = std::array<float, 3>;

/// One shock front: a rippled cap around an axis (merger), or a closed, uneven shell (accretion).
struct ShockSurface {
    SurfaceKind kind = SurfaceKind::merger;
    Vector3 axis_u{}, axis_v{}, axis_w{};  ///< orthonormal, w = axis of the cap; z = line of sight
    float cos_opening = -1;                ///< of the half-opening angle
    float radius_mpc = 0;  ///< of the nose of a front, the mean of a shell, physical
    float speed_km_s = 0;  ///< merger fronts
    float mach_fall = 0;   ///< share by which the Mach number falls from nose to rim
    Vector3 inverse_square_axes{1, 1, 1};  ///< shells: of the ellipsoid along u, v, w
    std::vector<Vector3> filaments;        ///< shells: where matter streams in, unit vectors
    Vector3 texture_origin{};              ///< cells
    std::uint32_t key = 0;                 ///< shifts its quasi-random points
};

/// Draws the shock fronts that a halo has now: mergers of the last crossing times, and one shell.
///
/// @source merger rate: Fakhouri, Ma & Boylan-Kolchin 2010 (MNRAS 406, 2267), equation 1 with the
/// values
///         of its abstract; geometry and speeds: ours, in the manner of Brueggen & Vazza 2020.
std::vector<ShockSurface> make_surfaces(const SkySettings& settings,
                                        const Halo& halo,
                                        const HaloGas& gas,
                                        std::uint64_t seed,
                                        std::uint64_t realisation);

/// Points of a surface: where they appear, relative to the halo, and what they shine.
struct SurfacePoints {
    static constexpr std::uint32_t capacity = 256;
    alignas(32) std::array<float, capacity> x_mpc;  ///< physical
    alignas(32) std::array<float, capacity> y_mpc;
    alignas(32) std::array<float, capacity> flux_jy;
};

/// Samples points first .. first + n - 1 of the `total` that represent a surface.
///
/// @param n       <= SurfacePoints::capacity; entries beyond it are left undefined.
void sample_surface(const SkySettings& settings,
                    const HaloGas& gas,
                    const ShockSurface& surface,
                    const Texture& texture,
                    std::uint32_t first,
                    std::uint32_t n,
                    std::uint32_t total,
                    SurfacePoints& points);

/// One point, written plainly in double precision: what sample_surface is tested against.
struct SurfacePoint {
    double x_mpc = 0;
    double y_mpc = 0;
    double flux_jy = 0;
};
SurfacePoint reference_point(const SkySettings& settings,
                             const HaloGas& gas,
                             const ShockSurface& surface,
                             const Texture& texture,
                             std::uint32_t index,
                             std::uint32_t total);

}  // namespace faintweb::sky
