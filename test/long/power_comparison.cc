// Compares the non-linear growth of power, P(k) / P_linear(k) at z = 0, of one of our boxes with
// that of the codes of the Euclid code comparison (Schneider et al. 2016, JCAP 04, 047).
// power_comparison FOLDER_OF_TABLES [N_PARTICLES N_MESH N_STEPS BOX_MPC_H [N_THREADS]]
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <numbers>
#include <sstream>
#include <string>
#include <vector>

#include "lib/base/error.h"
#include "lib/base/log.h"
#include "lib/base/parallel.h"
#include "lib/base/text.h"
#include "lib/sky/cic.h"
#include "lib/sky/linear_power.h"
#include "lib/sky/particle_mesh.h"
#include "lib/sky/power_measure.h"

namespace {

using namespace faintweb;

/// Bins of wavenumber, per factor of e: wide enough to average over the waves of one box.
constexpr double bins_per_e = 4;
constexpr double first_k_h_mpc = 0.05;

const char* const tables[] = {"euclidcc-4096-gadget3-pk-z0.txt",
                              "euclidcc-4096-pkdgrav3-pk-z0.txt",
                              "euclidcc-4096-ramses-pk-z0.txt",
                              "euclidcc-6144-mpgadget-pk-z0.txt"};

/// Planck 2013, as the comparison used it.
constexpr sky::Cosmology cosmology{.omega_matter = 0.3071,
                                   .omega_baryon = 0.0483,
                                   .h = 0.6777,
                                   .sigma8 = 0.8288,
                                   .spectral_index = 0.9611};

/// Mean of P / P_linear in bins of ln k; the weight of a point is k^2, its share of waves.
class Boost {
  public:
    explicit Boost(const sky::LinearPower& linear) : linear_(&linear) {}

    void add(double k_h_mpc, double power_mpc3_h3, double weight) {
        const double bin = std::floor(bins_per_e * std::log(k_h_mpc / first_k_h_mpc));
        if (bin < 0) {
            return;
        }
        const auto index = static_cast<std::size_t>(bin);
        if (index >= sum_.size()) {
            sum_.resize(index + 1);
            weight_.resize(index + 1);
        }
        const double h = cosmology.h;
        sum_[index] += weight * power_mpc3_h3 / (h * h * h * linear_->power_mpc3(k_h_mpc * h));
        weight_[index] += weight;
    }
    std::size_t size() const { return sum_.size(); }
    double at(std::size_t bin) const { return bin < size() ? sum_[bin] / weight_[bin] : NAN; }

  private:
    const sky::LinearPower* linear_;
    std::vector<double> sum_, weight_;
};

Boost read_table(const std::string& path, const sky::LinearPower& linear) {
    std::ifstream file(path);
    if (!file) {
        throw base::InputError(path + ": cannot be read; give the folder of the tables");
    }
    Boost boost(linear);
    for (std::string line; std::getline(file, line);) {
        std::istringstream words(line);
        double k = 0;
        double power = 0;
        if (line[0] != '#' && words >> k >> power) {
            boost.add(k, power, k * k);
        }
    }
    return boost;
}

}  // namespace

int main(int argc, char** argv) try {
    if (argc != 2 && argc < 6) {
        throw base::UsageError(
            "usage: power_comparison FOLDER_OF_TABLES [N_PARTICLES N_MESH N_STEPS BOX_MPC_H "
            "[N_THREADS]]");
    }
    const bool is_default = argc == 2;
    sky::BoxRun run;
    run.n_particles = is_default ? 256 : std::atoi(argv[2]);
    run.n_mesh = is_default ? 384 : std::atoi(argv[3]);
    run.n_steps = is_default ? 16 : std::atoi(argv[4]);
    run.box_mpc = (is_default ? 500 : std::atof(argv[5])) / cosmology.h;
    run.seed = 1;
    run.fixed_amplitude = true;
    const int n_threads = argc > 6 ? std::atoi(argv[6]) : base::n_available_cores();

    const sky::LinearPower linear(cosmology);
    std::vector<Boost> references;
    for (const char* const table : tables) {
        references.push_back(read_table(std::string(argv[1]) + "/" + table, linear));
    }

    const auto start = std::chrono::steady_clock::now();
    sky::ParticleMesh box(cosmology, run, n_threads);
    box.advance_to(0);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    const sky::PowerSpectrum spectrum =
        sky::measure_power(sky::deposit_cic(box.state(), run.n_mesh, n_threads),
                           run.box_mpc,
                           sky::MeshWindow::cloud_in_cell,
                           n_threads);
    Boost ours(linear);
    for (std::size_t bin = 0; bin < spectrum.k_per_mpc.size(); ++bin) {
        ours.add(spectrum.k_per_mpc[bin] / cosmology.h,
                 spectrum.power_mpc3[bin] * std::pow(cosmology.h, 3),
                 static_cast<double>(spectrum.n_modes[bin]));
    }

    const double quarter_mesh = std::numbers::pi * run.n_mesh / run.box_mpc / cosmology.h / 4;
    const double half_particles =
        std::numbers::pi * run.n_particles / run.box_mpc / cosmology.h / 2;
    base::print(base::text(run.n_particles,
                           "^3 particles, ",
                           run.n_mesh,
                           "^3 mesh, ",
                           run.n_steps,
                           " steps, ",
                           run.box_mpc,
                           " Mpc: ",
                           took.count(),
                           " s"));
    base::print("k h/Mpc, P/P_linear of ours, of GADGET-3, PKDGRAV3, RAMSES, MP-Gadget, ours/mean");
    double worst_quarter = 0;
    double worst_half = 0;
    for (std::size_t bin = 0; bin < ours.size(); ++bin) {
        const double k = first_k_h_mpc * std::exp((static_cast<double>(bin) + 0.5) / bins_per_e);
        if (k > std::max(quarter_mesh, half_particles)) {
            break;
        }
        std::string line = base::text(k, " ", ours.at(bin));
        double mean = 0;
        for (const Boost& reference : references) {
            line += base::text(" ", reference.at(bin));
            mean += reference.at(bin) / static_cast<double>(references.size());
        }
        const double off = std::fabs(ours.at(bin) / mean - 1);
        base::print(base::text(line, " ", ours.at(bin) / mean));
        worst_quarter = k <= quarter_mesh ? std::max(worst_quarter, off) : worst_quarter;
        worst_half = k <= half_particles ? std::max(worst_half, off) : worst_half;
    }
    base::print(base::text("worst to a quarter of the mesh's Nyquist wavenumber (",
                           quarter_mesh,
                           "): ",
                           worst_quarter,
                           ", wanted 0.10; to half the particles' (",
                           half_particles,
                           "): ",
                           worst_half,
                           ", wanted 0.25"));
    return worst_quarter <= 0.1 && worst_half <= 0.25 ? 0 : 1;
} catch (const base::Error& error) {
    base::log_error(error.what());
    return static_cast<int>(error.code());
}
