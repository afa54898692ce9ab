#include "lib/sky/paint.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <numbers>

#include "lib/base/contract.h"
#include "lib/base/parallel.h"
#include "lib/base/units.h"
#include "lib/sky/separable_filter.h"
#include "lib/sky/shock_surface.h"

namespace faintweb::sky {
namespace {

/// Fixed point of the map, Jy/arcsec2: seven decades below the faintest emission that counts, and
/// nine Jy/arcsec2 still fit. Whole numbers add to the same sum in any order.
constexpr float quanta_per_jy_arcsec2 = 0x1.0p60F;

/// Points that a surface is first judged by.
constexpr std::uint32_t n_pilot_points = 64;
constexpr std::uint32_t fewest_points = SurfacePoints::capacity;
constexpr std::uint32_t most_points = 4'000'000;
/// Limbs, seen edge-on, outshine the surface by about this.
constexpr double limb_brightening = 5;
/// A surface whose limb stays below this share of the floor is not painted.
constexpr double skipped_share_of_floor = 0.03;
/// Surfaces below faint_in_floors, a tenth of the lowest label threshold of the paper, are sampled
/// down to this share of the full density: their grain cannot move a label (paint_test.cc).
constexpr double faintest_share_of_points = 0.2;
constexpr double faint_in_floors = 100;

/// The map while it is painted: the image and a margin for what the smoothing carries in.
class PaintedMap {
  public:
    PaintedMap(std::int64_t size_px, std::int64_t margin_px)
        : margin_(margin_px),
          edge_(size_px + 2 * margin_px),
          quanta_(static_cast<std::size_t>(edge_ * edge_), 0) {}

    /// Adds points around (x_px, y_px) to the pixels that they fall on. Thread-safe.
    void add(const SurfacePoints& points,
             std::size_t n,
             float x_px,
             float y_px,
             float px_per_mpc,
             float quanta_per_jy) {
        const auto limit = static_cast<float>(edge_);
        // Half a pixel turns truncation into rounding.
        const float x0 = x_px + static_cast<float>(margin_) + 0.5F;
        const float y0 = y_px + static_cast<float>(margin_) + 0.5F;
        for (std::size_t i = 0; i < n; ++i) {
            const float x = x0 + points.x_mpc[i] * px_per_mpc;
            const float y = y0 + points.y_mpc[i] * px_per_mpc;
            if (!(x >= 0 && y >= 0 && x < limit && y < limit)) {
                continue;
            }
            const auto pixel = static_cast<std::int64_t>(y) * edge_ + static_cast<std::int64_t>(x);
            std::atomic_ref<std::int64_t>(quanta_[static_cast<std::size_t>(pixel)])
                .fetch_add(static_cast<std::int64_t>(points.flux_jy[i] * quanta_per_jy),
                           std::memory_order_relaxed);
        }
    }

    /// True if a disc reaches the map.
    bool touches(double x_px, double y_px, double radius_px) const {
        const auto low = -static_cast<double>(margin_) - radius_px;
        const auto high = static_cast<double>(edge_ - margin_) + radius_px;
        return x_px > low && y_px > low && x_px < high && y_px < high;
    }

    /// The map in Jy/arcsec2, with its margin.
    image::Image picture() const {
        image::Image out = image::make_image(edge_, edge_);
        for (std::size_t i = 0; i < quanta_.size(); ++i) {
            out.pixels[i] = static_cast<float>(quanta_[i]) / quanta_per_jy_arcsec2;
        }
        return out;
    }

  private:
    std::int64_t margin_;
    std::int64_t edge_;
    std::vector<std::int64_t> quanta_;
};

std::uint32_t choose_n_points(const SkySettings& settings,
                              const HaloGas& gas,
                              const ShockSurface& surface,
                              const Texture& texture,
                              SurfacePoints& points) {
    sample_surface(settings, gas, surface, texture, 0, n_pilot_points, n_pilot_points, points);
    const float brightest =
        *std::max_element(points.flux_jy.begin(), points.flux_jy.begin() + n_pilot_points);
    const double area_arcsec2 = 2 * std::numbers::pi *
                                (1 - static_cast<double>(surface.cos_opening)) *
                                std::pow(surface.radius_mpc * gas.arcsec_per_mpc, 2);
    // The flux of a surface smaller than the resolution is spread over the latter.
    const double beam_arcsec2 = settings.resolution_arcsec * settings.resolution_arcsec;
    const double peak = limb_brightening * static_cast<double>(brightest) * n_pilot_points /
                        std::max(area_arcsec2, beam_arcsec2);
    const double floor = settings.floor_jy_arcsec2;
    if (!(peak > skipped_share_of_floor * floor)) {
        return 0;
    }
    const double share =
        std::clamp(peak / (faint_in_floors * floor), faintest_share_of_points, 1.0);
    const double n = share * settings.points_per_beam * area_arcsec2 / beam_arcsec2;
    return static_cast<std::uint32_t>(
        std::clamp(n, static_cast<double>(fewest_points), static_cast<double>(most_points)));
}

void paint_halo(const SkySettings& settings,
                const Halo& halo,
                const Texture& texture,
                std::uint64_t seed,
                std::uint64_t realisation,
                PaintedMap& map) {
    const HaloGas gas = make_halo_gas(settings, halo);
    const double px_per_mpc = gas.arcsec_per_mpc / settings.pixel_arcsec;
    const double quanta_per_jy = static_cast<double>(quanta_per_jy_arcsec2) /
                                 (settings.pixel_arcsec * settings.pixel_arcsec);
    SurfacePoints points;
    for (const ShockSurface& surface : make_surfaces(settings, halo, gas, seed, realisation)) {
        if (!map.touches(
                halo.x_px, halo.y_px, shock_reach_mpc(settings, gas.r200_mpc) * px_per_mpc)) {
            continue;
        }
        const std::uint32_t total = choose_n_points(settings, gas, surface, texture, points);
        for (std::uint32_t first = 0; first < total; first += SurfacePoints::capacity) {
            const std::uint32_t n = std::min(SurfacePoints::capacity, total - first);
            sample_surface(settings, gas, surface, texture, first, n, total, points);
            map.add(points,
                    n,
                    static_cast<float>(halo.x_px),
                    static_cast<float>(halo.y_px),
                    static_cast<float>(px_per_mpc),
                    static_cast<float>(quanta_per_jy));
        }
    }
}

}  // namespace

MockSky paint_sky(const SkySettings& settings,
                  std::uint64_t seed,
                  std::uint64_t realisation,
                  int n_threads) {
    check(settings);
    FAINTWEB_EXPECTS(n_threads >= 1);
    MockSky mock;
    mock.haloes = draw_haloes(settings, seed, realisation);
    // Points fall on whole pixels, which widens them by 1/12 px2; the smoothing does the rest.
    const double sigma_px =
        settings.resolution_arcsec / base::fwhm_per_sigma / settings.pixel_arcsec;
    const std::vector<float> taps = gaussian_taps(std::sqrt(sigma_px * sigma_px - 1.0 / 12));
    const auto margin = static_cast<std::int64_t>(taps.size()) - 1;
    PaintedMap map(settings.size_px, margin);
    const Texture& texture = Texture::cubes();
    base::parallel_for(n_threads, mock.haloes.size(), [&](std::size_t i) {
        paint_halo(settings, mock.haloes[i], texture, seed, realisation, map);
    });
    const image::Image smooth = filter_separable(map.picture(), taps, n_threads);
    mock.sky = image::make_image(settings.size_px, settings.size_px);
    for (std::int64_t row = 0; row < settings.size_px; ++row) {
        const auto from = smooth.row(row + margin)
                              .subspan(static_cast<std::size_t>(margin),
                                       static_cast<std::size_t>(settings.size_px));
        std::copy(from.begin(), from.end(), mock.sky.row(row).begin());
    }
    return mock;
}

}  // namespace faintweb::sky
