#include "lib/sky/lightcone/lightcone.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <sstream>
#include <tuple>

#include "lib/base/contract.h"
#include "lib/base/error.h"
#include "lib/base/parallel.h"
#include "lib/base/random.h"
#include "lib/base/units.h"
#include "lib/base/vector_clones.h"
#include "lib/image/right_ascension.h"

namespace faintweb::sky {
namespace {

constexpr double smallest_listed_mass_msun = 1e12;
constexpr double largest_sampled_px_arcsec = 15;  // larger pixels are averaged
constexpr std::size_t kernel_taps = 8;
constexpr std::int64_t rows_of_strip = 16;  // of the sky: their box rows fit the cache
constexpr std::int64_t block_px = 64;       // of a box row, known to be empty or not

double sky_px_mpc(const SkySettings& settings, const Slab& slab) {
    return settings.pixel_arcsec / base::arcsec_per_rad * slab.middle_mpc;
}

std::int64_t wrap(std::int64_t place, std::int64_t n) {
    const std::int64_t rest = place % n;
    return rest < 0 ? rest + n : rest;
}

/// How the pixels of one sky axis are made of those of a box axis: pixel s is the sum over t of
/// weights[t][s] * box[first[s] + t], box being periodic.
struct Taps {
    std::vector<std::int64_t> first;
    std::vector<std::vector<float>> weights;  ///< a multiple of kernel_taps, the last may be zeros
    std::int64_t n_taps() const { return static_cast<std::int64_t>(weights.size()); }
};

/// Weights of the pixels -3 .. 4 at 0 <= t < 1: cubic B-splines, whose coefficients are made of
/// five pixels each. With c the cosine of a wave's phase step, a sampled B-spline damps the wave by
/// (2 + c) / 3; the five weights are the first three terms of the inverse in powers of 1 - c, so
/// that a blob of 1.6 pixels rms loses less than 1 % of its peak.
std::array<double, kernel_taps> kernel_weights(double t) {
    constexpr std::array<double, 5> sharpening{
        1 / 36.0, -10 / 36.0, 54 / 36.0, -10 / 36.0, 1 / 36.0};
    const double u = 1 - t;
    const std::array<double, 4> spline{
        u * u * u / 6, ((3 * t - 6) * t * t + 4) / 6, ((3 * u - 6) * u * u + 4) / 6, t * t * t / 6};
    std::array<double, kernel_taps> weights{};
    for (std::size_t i = 0; i < 4; ++i) {
        for (std::size_t j = 0; j < 5; ++j) {
            weights[i + j] += spline[i] * sharpening[j];
        }
    }
    return weights;
}

Taps make_taps(const SkySettings& settings,
               const Slab& slab,
               std::int64_t map_px,
               double shift_mpc,
               bool flip) {
    const double box_px_mpc = slab.box_mpc / static_cast<double>(map_px);
    const double step = sky_px_mpc(settings, slab) / box_px_mpc * (flip ? -1 : 1);
    const double middle = (static_cast<double>(settings.size_px) - 1) / 2;
    // A pixel that is averaged takes samples at most one box pixel apart.
    const int n_samples = settings.pixel_arcsec <= largest_sampled_px_arcsec
                              ? 1
                              : static_cast<int>(std::ceil(std::fabs(step)));
    const double spread = std::fabs(step) * (n_samples - 1) / n_samples;
    const double reach = std::ceil(spread);
    Taps taps;
    const auto n_sky = static_cast<std::size_t>(settings.size_px);
    taps.first.resize(n_sky);
    const std::size_t n_taps = static_cast<std::size_t>(reach) + kernel_taps;
    taps.weights.assign((n_taps + kernel_taps - 1) / kernel_taps * kernel_taps,
                        std::vector<float>(n_sky, 0.0F));
    for (std::size_t s = 0; s < n_sky; ++s) {
        // Box pixel c has its centre at c + 1/2, hence the half.
        const double centre =
            shift_mpc / box_px_mpc + (static_cast<double>(s) - middle) * step - 0.5;
        const double lowest = std::floor(centre - spread / 2);
        for (int i = 0; i < n_samples; ++i) {
            const double place = centre - spread / 2 + spread * i / std::max(1, n_samples - 1);
            const double whole = std::min(std::floor(place), lowest + reach);
            const auto offset = static_cast<std::size_t>(whole - lowest);
            const std::array<double, kernel_taps> weights = kernel_weights(place - whole);
            for (std::size_t t = 0; t < kernel_taps; ++t) {
                taps.weights[offset + t][s] += static_cast<float>(weights[t] / n_samples);
            }
        }
        taps.first[s] = static_cast<std::int64_t>(lowest) - 3;
    }
    return taps;
}

/// sum[i] += the weighted sum of eight rows
FAINTWEB_VECTOR_CLONES
void add_rows(const std::array<const float*, kernel_taps>& rows,
              const std::array<float, kernel_taps>& weights,
              std::int64_t n,
              float* __restrict sum) {
    const auto [a, b, c, d, e, f, g, h] = rows;
    const auto [wa, wb, wc, wd, we, wf, wg, wh] = weights;
    for (std::int64_t i = 0; i < n; ++i) {
        sum[i] += ((wa * a[i] + wb * b[i]) + (wc * c[i] + wd * d[i])) +
                  ((we * e[i] + wf * f[i]) + (wg * g[i] + wh * h[i]));
    }
}

/// sum[s] += the weighted sum of eight neighbours on the line, from first[s] on
FAINTWEB_VECTOR_CLONES
void add_neighbours(const float* __restrict line,
                    const std::int32_t* __restrict first,
                    const std::array<const float*, kernel_taps>& weights,
                    std::int64_t n,
                    float* __restrict sum) {
    const auto [a, b, c, d, e, f, g, h] = weights;
    for (std::int64_t s = 0; s < n; ++s) {
        const float* p = line + first[s];
        sum[s] += ((a[s] * p[0] + b[s] * p[1]) + (c[s] * p[2] + d[s] * p[3])) +
                  ((e[s] * p[4] + f[s] * p[5]) + (g[s] * p[6] + h[s] * p[7]));
    }
}

/// sum[s] += factor * value[s] where that is positive: cubic interpolation swings below zero beside
/// a sharp edge.
FAINTWEB_VECTOR_CLONES
void add_positive(const float* __restrict values,
                  float factor,
                  std::int64_t n,
                  float* __restrict sum) {
    for (std::int64_t s = 0; s < n; ++s) {
        sum[s] += factor * (values[s] > 0.0F ? values[s] : 0.0F);
    }
}

/// Some lines of a coded map, decoded: rows, or columns if transposed. Blocks of pixels that are
/// all zero, as most of a halo layer is, are known as such.
class Lines {
  public:
    Lines(const CodedMap& map, const std::vector<float>& values, bool transpose)
        : map_(map), values_(values), transpose_(transpose) {}

    std::int64_t n_blocks() const { return (map_.n + block_px - 1) / block_px; }

    /// Decodes lines first .. first + n - 1 of the periodic map.
    void load(std::int64_t first, std::int64_t n) {
        first_ = first;
        pixels_.resize(static_cast<std::size_t>(n * map_.n));
        is_lit_.resize(static_cast<std::size_t>(n * n_blocks()));
        const std::int64_t stride = transpose_ ? map_.n : 1;
        // Block by block: the columns of a block share cache lines.
        for (std::int64_t block = 0; block < n_blocks(); ++block) {
            const std::int64_t begin = block * block_px;
            const std::int64_t end = std::min(begin + block_px, map_.n);
            for (std::int64_t i = 0; i < n; ++i) {
                const std::int64_t line = wrap(first + i, map_.n);
                const std::uint16_t* codes =
                    map_.codes.data() + (transpose_ ? line : line * map_.n);
                unsigned any = 0;
                for (std::int64_t j = begin; j < end; ++j) {
                    any |= codes[j * stride];
                }
                is_lit_[static_cast<std::size_t>(i * n_blocks() + block)] = any != 0;
                if (any != 0) {
                    float* out = pixels_.data() + i * map_.n;
                    for (std::int64_t j = begin; j < end; ++j) {
                        out[j] = values_[codes[j * stride]];
                    }
                } else {
                    std::fill_n(pixels_.data() + i * map_.n + begin, end - begin, 0.0F);
                }
            }
        }
    }

    const float* line(std::int64_t number) const {
        return pixels_.data() + (number - first_) * map_.n;
    }
    bool is_lit(std::int64_t number, std::int64_t block) const {
        return is_lit_[static_cast<std::size_t>((number - first_) * n_blocks() + block)] != 0;
    }

  private:
    const CodedMap& map_;
    const std::vector<float>& values_;
    bool transpose_;
    std::int64_t first_ = 0;
    std::vector<float> pixels_;
    std::vector<std::uint8_t> is_lit_;
};

/// One line of a box, interpolated between its lines, with its first pixels repeated at the end.
class Line {
  public:
    Line(std::int64_t n, std::int64_t n_taps, std::int64_t n_blocks)
        : n_(n),
          pixels_(static_cast<std::size_t>(n + n_taps)),
          n_lit_(static_cast<std::size_t>(n_blocks) + 1) {}

    /// Pixel `row` of the sky axis that `taps` describe.
    void interpolate(const Lines& lines, const Taps& taps, std::size_t row) {
        for (std::int64_t block = 0; block < lines.n_blocks(); ++block) {
            const std::int64_t begin = block * block_px;
            const std::int64_t length = std::min(block_px, n_ - begin);
            float* out = pixels_.data() + begin;
            std::fill_n(out, length, 0.0F);
            bool lit = false;
            for (std::size_t group = 0; group < taps.weights.size(); group += kernel_taps) {
                std::array<const float*, kernel_taps> rows{};
                std::array<float, kernel_taps> weights{};
                bool any = false;
                for (std::size_t t = 0; t < kernel_taps; ++t) {
                    const std::int64_t number =
                        taps.first[row] + static_cast<std::int64_t>(group + t);
                    rows[t] = lines.line(number) + begin;
                    weights[t] = taps.weights[group + t][row];
                    any = any || lines.is_lit(number, block);
                }
                if (any) {
                    add_rows(rows, weights, length, out);
                }
                lit = lit || any;
            }
            const auto i = static_cast<std::size_t>(block);
            n_lit_[i + 1] = n_lit_[i] + (lit ? 1 : 0);
        }
        for (std::size_t i = static_cast<std::size_t>(n_); i < pixels_.size(); ++i) {
            pixels_[i] = pixels_[i - static_cast<std::size_t>(n_)];
        }
    }

    /// Whether pixels first .. first + length - 1 of the periodic line are all zero.
    bool is_dark(std::int64_t first, std::int64_t length) const {
        if (length >= n_) {
            return n_lit_.back() == 0;
        }
        const std::int64_t begin = wrap(first, n_);
        const std::int64_t end = begin + length;
        return n_lit_between(begin, std::min(end, n_)) + n_lit_between(0, end - n_) == 0;
    }
    const float* pixels() const { return pixels_.data(); }

  private:
    int n_lit_between(std::int64_t begin, std::int64_t end) const {
        if (end <= begin) {
            return 0;
        }
        const std::int64_t after = (end + block_px - 1) / block_px;
        return n_lit_[static_cast<std::size_t>(after)] -
               n_lit_[static_cast<std::size_t>(begin / block_px)];
    }

    std::int64_t n_;
    std::vector<float> pixels_;
    std::vector<int> n_lit_;  ///< of the blocks before each
};

/// Adds factor times a resampled map to `sum`, and to `layer` too where one is given.
void add_map(const SkySettings& settings,
             const Slab& slab,
             const SlabView& view,
             const CodedMap& map,
             float factor,
             image::Image& sum,
             image::Image* layer,
             int n_threads) {
    FAINTWEB_EXPECTS(map.n > 0 && map.codes.size() == static_cast<std::size_t>(map.n) *
                                                          static_cast<std::size_t>(map.n));
    if (map.low == 0) {
        return;
    }
    const std::vector<float> values = code_values(map);
    const Taps columns =
        make_taps(settings, slab, map.n, view.shift_columns_mpc, view.flip_columns);
    const Taps rows = make_taps(settings, slab, map.n, view.shift_rows_mpc, view.flip_rows);
    std::vector<std::int32_t> wrapped(columns.first.size());
    std::transform(columns.first.begin(), columns.first.end(), wrapped.begin(), [&](auto first) {
        return static_cast<std::int32_t>(wrap(first, map.n));
    });

    const std::int64_t size = settings.size_px;
    const std::int64_t n_strips = (size + rows_of_strip - 1) / rows_of_strip;
    // Few long bands, because each allocates its buffers; which thread takes one changes no bit.
    const std::int64_t n_bands = std::min<std::int64_t>(n_strips, std::int64_t{8} * n_threads);
    base::parallel_for(n_threads, static_cast<std::size_t>(n_bands), [&](std::size_t band) {
        Lines lines(map, values, view.transpose);
        Line line(map.n, columns.n_taps(), lines.n_blocks());
        std::vector<float> sampled(static_cast<std::size_t>(block_px));
        const auto b = static_cast<std::int64_t>(band);
        for (std::int64_t strip = n_strips * b / n_bands; strip < n_strips * (b + 1) / n_bands;
             ++strip) {
            const std::int64_t begin = strip * rows_of_strip;
            const std::int64_t end = std::min(begin + rows_of_strip, size);
            const auto [lowest, highest] =
                std::minmax(rows.first[static_cast<std::size_t>(begin)],
                            rows.first[static_cast<std::size_t>(end - 1)]);
            lines.load(lowest, highest - lowest + rows.n_taps());
            for (std::int64_t row = begin; row < end; ++row) {
                line.interpolate(lines, rows, static_cast<std::size_t>(row));
                for (std::int64_t col = 0; col < size; col += block_px) {
                    const std::int64_t n = std::min(block_px, size - col);
                    const auto [left, right] =
                        std::minmax(columns.first[static_cast<std::size_t>(col)],
                                    columns.first[static_cast<std::size_t>(col + n - 1)]);
                    if (line.is_dark(left, right - left + columns.n_taps())) {
                        continue;
                    }
                    std::fill_n(sampled.data(), n, 0.0F);
                    for (std::size_t group = 0; group < columns.weights.size();
                         group += kernel_taps) {
                        std::array<const float*, kernel_taps> weights{};
                        for (std::size_t t = 0; t < kernel_taps; ++t) {
                            weights[t] = columns.weights[group + t].data() + col;
                        }
                        add_neighbours(line.pixels() + group,
                                       wrapped.data() + col,
                                       weights,
                                       n,
                                       sampled.data());
                    }
                    add_positive(sampled.data(), factor, n, sum.row(row).data() + col);
                    if (layer != nullptr) {
                        add_positive(sampled.data(), factor, n, layer->row(row).data() + col);
                    }
                }
            }
        }
    });
}

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
         x <= size - 0.5 + margin_px;
         x += period) {
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
    std::ostringstream message;
    message << "the boxes reach redshift " << redshift_at_distance(cosmology, near_mpc)
            << ", the sky is to reach " << sky.z_max
            << " (z_max): give a class more slabs, or lower z_max";
    throw base::UsageError(message.str());
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
        std::ostringstream message;
        message << "no box realisation is left for " << (set == SkySet::test ? "test" : "training")
                << " skies: " << boxes.n_test_realisations << " of " << boxes.n_realisations
                << " are for test skies; change n_realisations or n_test_realisations";
        throw base::UsageError(message.str());
    }
    std::vector<SlabView> views;
    for (std::size_t s = 0; s < slabs.size(); ++s) {
        base::RandomStream random(
            seed, base::Purpose::lightcone, lightcone, static_cast<std::uint32_t>(s));
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
        add_map(settings, slab, view, map, factor_of(settings, layer), sum, nullptr, n_threads);
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
            for (const double y : places_on_sky(
                     settings, slab, along_rows, view.shift_rows_mpc, view.flip_rows, radius_px)) {
                for (const double x : places_on_sky(settings,
                                                    slab,
                                                    along_columns,
                                                    view.shift_columns_mpc,
                                                    view.flip_columns,
                                                    radius_px)) {
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
            add_map(settings,
                    slabs[s],
                    view,
                    map,
                    factor_of(settings, layer),
                    mock.sky,
                    keep == KeepLayers::yes ? &mock.layers[layer] : nullptr,
                    n_threads);
        }
        if (keep == KeepLayers::yes) {
            // A slab's share of the matter of the cone is its depth.
            const CodedMap map =
                source.map(slabs[s], view.realisation, view.axis, Layer::column_density);
            add_map(settings,
                    slabs[s],
                    view,
                    map,
                    static_cast<float>(slabs[s].box_mpc / depth_mpc),
                    mock.layers[Layer::column_density],
                    nullptr,
                    n_threads);
        }
    }
    mock.haloes = lightcone_haloes(cosmology, settings, slabs, views, source);
    return mock;
}

}  // namespace faintweb::sky
