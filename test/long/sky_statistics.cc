// Counts the signal tiles of mock fields as the paper's table 2 implies them: the tool that the
// defaults of SkySettings were fitted with. sky_statistics SEED N_FIELDS [N_THREADS [name=value
// ...]]
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "lib/sky/observe.h"
#include "lib/sky/paint.h"

namespace {

using faintweb::image::Image;
using faintweb::sky::SkySettings;

constexpr std::int64_t tile_px = 40;
constexpr double flux_thresholds[] = {1e-7, 0.75e-7, 0.5e-7, 0.1e-7};
constexpr int min_pixels[] = {40, 9};
/// Implied by A_s, W_s and W_v of Gheller et al. 2018, table 2, for 2500 tiles a field.
constexpr double targets[2][4] = {{77.5, 87.2, 109.6, 231}, {99.8, 117, 143, 297}};

int n_signal_tiles(const Image& sky, double scale, double threshold, int n_min) {
    int n_tiles = 0;
    for (std::int64_t row = 0; row + tile_px <= sky.rows; row += tile_px) {
        for (std::int64_t col = 0; col + tile_px <= sky.cols; col += tile_px) {
            int n = 0;
            for (std::int64_t i = 0; i < tile_px; ++i) {
                for (std::int64_t j = 0; j < tile_px; ++j) {
                    n += scale * static_cast<double>(sky.at(row + i, col + j)) > threshold;
                }
            }
            n_tiles += n > n_min;
        }
    }
    return n_tiles;
}

/// Brightness as 8 bits, logarithmic from low to high: a picture for the eye.
void write_pgm(const std::string& path, const Image& picture, double low, double high) {
    std::ofstream file(path, std::ios::binary);
    file << "P5\n" << picture.cols << " " << picture.rows << "\n255\n";
    for (std::int64_t row = picture.rows - 1; row >= 0; --row) {
        for (std::int64_t col = 0; col < picture.cols; ++col) {
            const double value = std::max(low, static_cast<double>(picture.at(row, col)));
            const double grey = 255 * std::log(value / low) / std::log(high / low);
            file.put(static_cast<char>(static_cast<unsigned char>(std::min(255.0, grey))));
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) {
        std::fprintf(stderr, "usage: sky_statistics SEED N_FIELDS [N_THREADS [name=value ...]]\n");
        return 2;
    }
    const std::uint64_t seed = std::strtoull(argv[1], nullptr, 10);
    const auto n_fields = static_cast<std::uint64_t>(std::max(1L, std::atol(argv[2])));
    const int n_threads = argc > 3 ? std::atoi(argv[3]) : 1;
    SkySettings settings;
    settings.size_px = 2000;
    faintweb::sky::ObservationSettings telescope;
    std::map<std::string, double> others{{"first", 0}, {"scan", 0}, {"size", 2000}};
    std::map<std::string, double*> keys{{"xi_e", &settings.xi_e},
                                        {"f_merge", &settings.f_merge},
                                        {"xi_min", &settings.xi_min},
                                        {"vs_mu", &settings.vs_mu},
                                        {"vs_sigma", &settings.vs_sigma},
                                        {"r_max", &settings.r_max},
                                        {"eps_b", &settings.eps_b},
                                        {"r_dyn_mpc", &settings.r_dyn_mpc},
                                        {"a_dyn", &settings.a_dyn},
                                        {"a_acc", &settings.a_acc},
                                        {"ln_b_sigma", &settings.ln_b_sigma},
                                        {"ln_n_sigma", &settings.ln_n_sigma},
                                        {"corrugation", &settings.corrugation},
                                        {"l_cool_mpc", &settings.l_cool_mpc},
                                        {"min_mass_msun", &settings.min_mass_msun},
                                        {"resolution_arcsec", &settings.resolution_arcsec},
                                        {"points_per_beam", &settings.points_per_beam},
                                        {"floor", &settings.floor_jy_arcsec2},
                                        {"pixel_arcsec", &settings.pixel_arcsec},
                                        {"beam_fwhm_arcsec", &telescope.beam_fwhm_arcsec},
                                        {"noise_jy_beam", &telescope.noise_jy_beam},
                                        {"first", &others["first"]},
                                        {"scan", &others["scan"]},
                                        {"size", &others["size"]}};
    std::string picture;
    for (int i = 4; i < argc; ++i) {
        const std::string word = argv[i];
        const std::string name = word.substr(0, word.find('='));
        const std::string value = word.substr(std::min(word.size(), name.size() + 1));
        if (name == "picture") {
            picture = value;
        } else if (keys.contains(name)) {
            *keys[name] = std::atof(value.c_str());
        } else {
            std::fprintf(stderr, "unknown setting %s\n", name.c_str());
            return 2;
        }
    }
    settings.size_px = static_cast<std::int64_t>(others["size"]);
    std::vector<double> scales{1};
    if (others["scan"] > 0) {
        scales = {0.25, 0.35, 0.5, 0.7, 1, 1.4, 2, 2.8, 4};
    }
    std::vector<std::vector<int>> counts(scales.size() * 8);
    for (std::uint64_t i = 0; i < n_fields; ++i) {
        const std::uint64_t realisation = static_cast<std::uint64_t>(others["first"]) + i;
        const std::clock_t start = std::clock();
        const auto mock = faintweb::sky::paint_sky(settings, seed, realisation, n_threads);
        const double painted_s = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
        std::printf(
            "field %2d: %5zu haloes, max %.1e, %.2f CPU s:",
            static_cast<int>(realisation),
            mock.haloes.size(),
            static_cast<double>(*std::max_element(mock.sky.pixels.begin(), mock.sky.pixels.end())),
            painted_s);
        for (std::size_t s = 0; s < scales.size(); ++s) {
            for (std::size_t k = 0; k < 8; ++k) {
                counts[s * 8 + k].push_back(
                    n_signal_tiles(mock.sky, scales[s], flux_thresholds[k % 4], min_pixels[k / 4]));
                if (scales[s] == 1) {
                    std::printf(" %4d", counts[s * 8 + k].back());
                }
            }
        }
        std::printf("\n");
        std::fflush(stdout);
        if (!picture.empty() && i == 0) {
            write_pgm(picture + "_sky.pgm", mock.sky, 1e-11, 1e-5);
            const Image seen = faintweb::sky::observe(
                mock.sky, settings.pixel_arcsec, telescope, seed, realisation, n_threads);
            const double rms = faintweb::sky::noise_rms_jy_arcsec2(telescope);
            write_pgm(picture + "_noise.pgm", seen, 0.1 * rms, 100 * rms);
        }
    }
    std::printf("%-24s", "target");
    for (std::size_t k = 0; k < 8; ++k) {
        std::printf(" %6.1f", targets[k / 4][k % 4]);
    }
    std::printf("  N9/N40\n");
    for (std::size_t s = 0; s < scales.size(); ++s) {
        std::vector<double> means;
        for (std::size_t k = 0; k < 8; ++k) {
            double sum = 0;
            for (const int n : counts[s * 8 + k]) {
                sum += n;
            }
            means.push_back(sum / static_cast<double>(n_fields));
        }
        std::printf("xi_e %-8.3g mean        ", settings.xi_e * scales[s]);
        for (const double mean : means) {
            std::printf(" %6.1f", mean);
        }
        double spread = 0;
        for (const int n : counts[s * 8]) {
            spread += std::pow(n - means[0], 2);
        }
        std::printf("  %.3f (field scatter of N40 %.1f)\n",
                    means[4] / means[0],
                    std::sqrt(spread / static_cast<double>(n_fields)));
    }
    return 0;
}
