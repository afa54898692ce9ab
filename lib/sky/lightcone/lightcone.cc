// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/sky/lightcone/lightcone.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include <fmt/core.h>

#include "lib/base/contract.h"
#include "lib/base/error.h"
#include "lib/base/random.h"
#include "lib/base/units.h"
#include "lib/image/right_ascension.h"
#include "lib/sky/lightcone/resample.h"

namespace faintweb::sky {
namespace {

constexpr double smallest_listed_mass_msun = 1e12;

float factor_of(const SkySettings& settings, Layer layer) {
    return layer == Layer::column_density ? 1.0F : static_cast<float>(settings.xi_e);
}

/// Sky position of a pixel: tangential projection, reference in the middle of the image.
void set_position(const SkySettings& settings, Halo& halo) {
    const double middle = (static_cast<double>(settings.size_px) - 1) / 2;
    const double xi = -(halo.x_px - middle) * settings.pixel_arcsec / base::arcsec_per_rad;
    const double eta = (halo.y_px - middle) * settings.pixel_arcsec / base::arcsec_per_rad;
    const double dec0 = settings.centre_dec_deg * base::rad_per_deg;
    const double along = std::cos(dec0) - eta * std::sin(dec0);
    const double ra = settings.centre_ra_deg + std::atan2(xi, along) * base::deg_per_rad;
    halo.ra_deg = image::wrapped_deg(ra);
    halo.dec_deg = std::atan2(std::sin(dec0) + eta * std::cos(dec0), std::hypot(xi, along)) *
                   base::deg_per_rad;
}

/// Redshift at a depth into a slab, from a table: solving for it is slow.
class SlabRedshift {
  public:
    SlabRedshift(const Cosmology& cosmology, const Slab& slab) : step_mpc_(slab.box_mpc / n_steps) {
        for (int i = 0; i <= n_steps; ++i) {
            z_.push_back(redshift_at_distance(cosmology, slab.near_mpc + i * step_mpc_));
        }
    }
    double at(double depth_mpc) const {
        const double place = std::clamp(depth_mpc / step_mpc_, 0.0, n_steps - 1e-9);
        const auto i = static_cast<std::size_t>(place);
        return z_[i] + (place - static_cast<double>(i)) * (z_[i + 1] - z_[i]);
    }

  private:
    static constexpr int n_steps = 64;
    double step_mpc_;
    std::vector<double> z_;
};

/// Where the periodic copies of a box coordinate fall on a sky axis, if within a margin of the
/// image, pixel.
std::vector<double> places_on_sky(const SkySettings& settings,
                                  const Slab& slab,
                                  double coordinate_mpc,
                                  double shift_mpc,
                                  bool flip,
                                  double margin_px) {
    const double period = slab.box_mpc / sky_px_mpc(settings, slab);
    const auto size = static_cast<double>(settings.size_px);
    const double place = (size - 1) / 2 + (coordinate_mpc - shift_mpc) /
                                              sky_px_mpc(settings, slab) * (flip ? -1 : 1);
    const double lowest = -0.5 - margin_px;
    std::vector<double> places;
    for (double x = place + period * std::ceil((lowest - place) / period);
         x <= size - 0.5 + margin_px; x += period) {
        places.push_back(x);
    }
    return places;
}

}  // namespace

std::vector<Slab> plan_slabs(const Cosmology& cosmology,
                             const SkySettings& sky,
                             const BoxSettings& boxes) {
    FAINTWEB_EXPECTS(boxes.edges_mpc.size() == boxes.n_slabs.size());
    const double end_mpc = comoving_distance_mpc(cosmology, sky.z_max);
    std::vector<Slab> slabs;
    double near_mpc = comoving_distance_mpc(cosmology, sky.z_min);
    for (std::size_t box_class = 0; box_class < boxes.edges_mpc.size(); ++box_class) {
        for (int state = 0; state < boxes.n_slabs[box_class]; ++state) {
            Slab slab;
            slab.box_class = static_cast<int>(box_class);
            slab.state = state;
            slab.box_mpc = boxes.edges_mpc[box_class];
            slab.near_mpc = near_mpc;
            slab.middle_mpc = near_mpc + slab.box_mpc / 2;
            slab.far_mpc = near_mpc + slab.box_mpc;
            slab.z = redshift_at_distance(cosmology, slab.middle_mpc);
            slabs.push_back(slab);
            near_mpc = slab.far_mpc;
            if (near_mpc >= end_mpc) {
                return slabs;
            }
        }
    }
    throw base::UsageError(
        fmt::format("the boxes reach redshift {:g}, the sky is to reach {:g} (z_max): give a class "
                    "more slabs, or lower z_max",
                    redshift_at_distance(cosmology, near_mpc), sky.z_max));
}

std::vector<SlabView> draw_views(const BoxSettings& boxes,
                                 const std::vector<Slab>& slabs,
                                 std::uint64_t seed,
                                 std::uint64_t lightcone,
                                 SkySet set) {
    const int n_train = boxes.n_realisations - boxes.n_test_realisations;
    const int first = set == SkySet::test ? n_train : 0;
    const int n = set == SkySet::test ? boxes.n_test_realisations : n_train;
    if (n < 1 || n > boxes.n_realisations) {
        throw base::UsageError(
            fmt::format("no box realisation is left for {} skies: {} of {} are for test skies; "
                        "change n_realisations or n_test_realisations",
                        set == SkySet::test ? "test" : "training", boxes.n_test_realisations,
                        boxes.n_realisations));
    }
    std::vector<SlabView> views;
    for (std::size_t s = 0; s < slabs.size(); ++s) {
        base::RandomStream random(seed, base::Purpose::lightcone, lightcone,
                                  static_cast<std::uint32_t>(s));
        SlabView view;
        view.realisation = first + static_cast<int>(random.below(static_cast<std::uint64_t>(n)));
        view.axis = static_cast<int>(random.below(3));
        view.flip_columns = random.below(2) == 1;
        view.flip_rows = random.below(2) == 1;
        view.transpose = random.below(2) == 1;
        view.shift_columns_mpc = slabs[s].box_mpc * random.uniform_double();
        view.shift_rows_mpc = slabs[s].box_mpc * random.uniform_double();
        views.push_back(view);
    }
    return views;
}

const char* layer_name(Layer layer) {
    switch (layer) {
        case Layer::web:
            return "web";
        case Layer::inside_r100:
            return "inside_r100";
        case Layer::outside_r100:
            return "outside_r100";
        case Layer::column_density:
            return "column_density";
    }
    return "";
}

SkyCost sky_cost(std::int64_t n_pixels, int map_px, int n_layers) {
    const auto pixels = static_cast<double>(n_pixels);
    const auto map_pixels = std::pow(static_cast<double>(map_px), 2);
    // The sky with and without point sources, through the beam, and its noise; a map as it is kept.
    return {.memory_bytes =
                (4 + n_layers) * sizeof(float) * pixels + sizeof(std::uint16_t) * map_pixels,
            .core_s = 4.4e-7 * pixels};
}

std::vector<Layer> emission_layers(const SkySettings& settings) {
    std::vector<Layer> layers;
    if (settings.source == SkySource::hdf5) {
        if (settings.halo_layer) {
            layers.push_back(Layer::inside_r100);
        }
        if (settings.web_layer) {
            layers.push_back(Layer::outside_r100);
        }
        return layers;
    }
    if (settings.web_layer) {
        layers.push_back(Layer::web);
    }
    if (settings.halo_layer || settings.sheath_layer) {
        layers.push_back(Layer::inside_r100);
        layers.push_back(Layer::outside_r100);
    }
    return layers;
}

image::Image assemble_slab(const SkySettings& settings,
                           const Slab& slab,
                           const SlabView& view,
                           const BoxSource& source,
                           std::span<const Layer> layers,
                           int n_threads) {
    image::Image sum = image::make_image(settings.size_px, settings.size_px);
    for (const Layer layer : layers) {
        const CodedMap map = source.map(slab, view.realisation, view.axis, layer);
        add_map(settings, {map, slab, view}, factor_of(settings, layer), sum, nullptr, n_threads);
    }
    return sum;
}

std::vector<Halo> lightcone_haloes(const Cosmology& cosmology,
                                   const SkySettings& settings,
                                   const std::vector<Slab>& slabs,
                                   const std::vector<SlabView>& views,
                                   const BoxSource& source) {
    FAINTWEB_EXPECTS(views.size() == slabs.size());
    const double edge = static_cast<double>(settings.size_px) - 0.5;
    std::vector<Halo> haloes;
    for (std::size_t s = 0; s < slabs.size(); ++s) {
        const Slab& slab = slabs[s];
        const SlabView& view = views[s];
        const SlabRedshift redshift(cosmology, slab);
        for (const BoxHalo& box_halo : source.haloes(slab, view.realisation)) {
            if (box_halo.mass_msun < smallest_listed_mass_msun) {
                continue;
            }
            const auto axis = static_cast<std::size_t>(view.axis);
            double along_columns = box_halo.position_mpc[(axis + 1) % 3];
            double along_rows = box_halo.position_mpc[(axis + 2) % 3];
            if (view.transpose) {
                std::swap(along_columns, along_rows);
            }
            Halo halo;
            halo.z = redshift.at(box_halo.position_mpc[axis]);
            halo.mass_msun = box_halo.mass_msun;
            halo.m200_msun = critical_per_mean_mass * box_halo.mass_msun;
            halo.r200_mpc = box_halo.r200_mpc;
            halo.r100_mpc = box_halo.r100_mpc;
            halo.r100_arcsec =
                box_halo.r100_mpc * (1 + slab.z) / slab.middle_mpc * base::arcsec_per_rad;
            halo.slab = static_cast<int>(s);
            halo.id = static_cast<std::uint64_t>(view.realisation) << 48 |
                      static_cast<std::uint64_t>(slab.box_class) << 40 |
                      static_cast<std::uint64_t>(slab.state) << 32 | box_halo.id;
            const double radius_px = halo.r100_arcsec / settings.pixel_arcsec;
            for (const double y : places_on_sky(settings, slab, along_rows, view.shift_rows_mpc,
                                                view.flip_rows, radius_px)) {
                for (const double x :
                     places_on_sky(settings, slab, along_columns, view.shift_columns_mpc,
                                   view.flip_columns, radius_px)) {
                    const double outside_x = std::max({-0.5 - x, 0.0, x - edge});
                    const double outside_y = std::max({-0.5 - y, 0.0, y - edge});
                    if (std::hypot(outside_x, outside_y) > radius_px) {
                        continue;
                    }
                    halo.x_px = x;
                    halo.y_px = y;
                    set_position(settings, halo);
                    haloes.push_back(halo);
                }
            }
        }
    }
    std::sort(haloes.begin(), haloes.end(), [](const Halo& a, const Halo& b) {
        return std::tie(b.mass_msun, a.id, a.y_px, a.x_px) <
               std::tie(a.mass_msun, b.id, b.y_px, b.x_px);
    });
    return haloes;
}

MockSky assemble_lightcone(const Cosmology& cosmology,
                           const SkySettings& settings,
                           const std::vector<Slab>& slabs,
                           const std::vector<SlabView>& views,
                           const BoxSource& source,
                           KeepLayers keep,
                           int n_threads) {
    FAINTWEB_EXPECTS(views.size() == slabs.size());
    const auto empty = [&] { return image::make_image(settings.size_px, settings.size_px); };
    const std::vector<Layer> layers = emission_layers(settings);
    MockSky mock;
    mock.sky = empty();
    if (keep == KeepLayers::yes) {
        for (const Layer layer : layers) {
            mock.layers[layer] = empty();
        }
        mock.layers[Layer::column_density] = empty();
    }
    double depth_mpc = 0;
    for (const Slab& slab : slabs) {
        depth_mpc += slab.box_mpc;
    }
    for (std::size_t s = 0; s < slabs.size(); ++s) {
        const SlabView& view = views[s];
        for (const Layer layer : layers) {
            const CodedMap map = source.map(slabs[s], view.realisation, view.axis, layer);
            add_map(settings, {map, slabs[s], view}, factor_of(settings, layer), mock.sky,
                    keep == KeepLayers::yes ? &mock.layers[layer] : nullptr, n_threads);
        }
        if (keep == KeepLayers::yes) {
            // A slab's share of the matter of the cone is its depth.
            const CodedMap map =
                source.map(slabs[s], view.realisation, view.axis, Layer::column_density);
            add_map(settings, {map, slabs[s], view},
                    static_cast<float>(slabs[s].box_mpc / depth_mpc),
                    mock.layers[Layer::column_density], nullptr, n_threads);
        }
    }
    mock.haloes = lightcone_haloes(cosmology, settings, slabs, views, source);
    return mock;
}

}  // namespace faintweb::sky
