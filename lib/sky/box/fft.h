// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <complex>
#include <cstddef>
#include <memory>
#include <vector>

#include "lib/sky/box/mesh.h"
#include "lib/sky/box/team.h"

namespace faintweb::sky {

/// A periodic mesh that is real or, after a forward transform, the non-redundant half of its
/// Fourier modes, in the same memory.
///
/// Rows of n values are padded to 2 (n / 2 + 1). Mode (i, j, k), k <= n / 2, has the wavenumbers
/// wavenumber(i), wavenumber(j), wavenumber(k) along x, y, z.
///
/// A member of a team holds the values of its own planes across x, but the modes of its own planes
/// across y: rows (i, j) of all j and modes (i, j) of all i, where the other index is in own().
class FourierMesh {
  public:
    explicit FourierMesh(int n) : FourierMesh(n, {0, n}) {}
    FourierMesh(int n, Planes own);

    int n() const { return n_; }
    Planes own() const { return own_; }
    /// Floats from one row to the next.
    std::size_t row_length() const { return row_length_; }
    /// Values of row (i, j): n of them.
    float* row(int i, int j) { return values_.data() + row_offset(i, j); }
    const float* row(int i, int j) const { return values_.data() + row_offset(i, j); }
    /// Modes of row (i, j): n / 2 + 1 of them.
    std::complex<float>* modes(int i, int j) {
        return reinterpret_cast<std::complex<float>*>(values_.data() + modes_offset(i, j));
    }
    const std::complex<float>* modes(int i, int j) const {
        return reinterpret_cast<const std::complex<float>*>(values_.data() + modes_offset(i, j));
    }
    /// Signed number of waves across the box of mode index i along an axis: -n/2 < m <= n/2.
    int waves(int i) const { return i <= n_ / 2 ? i : i - n_; }
    /// The memory itself: [own, n, row_length] of values, [n, own, row_length] of modes.
    std::vector<float>& memory() { return values_; }

  private:
    std::size_t row_offset(int i, int j) const {
        return (static_cast<std::size_t>(i - own_.first) * static_cast<std::size_t>(n_) +
                static_cast<std::size_t>(j)) *
               row_length_;
    }
    std::size_t modes_offset(int i, int j) const {
        return (static_cast<std::size_t>(i) * static_cast<std::size_t>(own_.size()) +
                static_cast<std::size_t>(j - own_.first)) *
               row_length_;
    }

    int n_;
    Planes own_;
    std::size_t row_length_;
    std::vector<float> values_;
};

/// Three-dimensional Fourier transforms of real meshes of one size.
///
/// Made of transforms of planes, then of lines across them, each by one thread with one plan: the
/// bits do not depend on how many threads and members of a team share the planes and lines.
///
/// Between the two, each member sends every other the rows of its planes that the other's lines
/// cross: all of its mesh but its own part.
class MeshFft {
  public:
    /// @param n     even, >= 4, no less than the team.
    /// @param team  its meshes are FourierMesh(n, team.planes(n)).
    explicit MeshFft(int n, Team team = {});
    ~MeshFft();
    MeshFft(const MeshFft&) = delete;
    MeshFft& operator=(const MeshFft&) = delete;

    /// Sum over the points of value * exp(-i k x), in place.
    ///
    /// @collective yes: every member of the team.
    void forward(FourierMesh& mesh, int n_threads) const;
    /// The inverse times n^3, in place: a caller scales the modes or the values.
    ///
    /// @collective yes: every member of the team.
    void backward(FourierMesh& mesh, int n_threads) const;

  private:
    struct Plans;
    int n_;
    Team team_;
    std::unique_ptr<Plans> plans_;
};

/// A bin of a measured power spectrum.
struct PowerBin {
    double k_per_mpc = 0;   ///< mean wavenumber of its modes
    double power_mpc3 = 0;  ///< mean power
    double n_modes = 0;     ///< independent ones, conjugates not counted
};

/// Power spectrum of a density field in bins of one fundamental wavenumber, up to Nyquist's.
///
/// @param density   over the mean; deconvolved for cloud-in-cell deposit if is_deposited.
/// @param box_mpc   edge of the periodic box.
std::vector<PowerBin> measure_power(const Mesh& density,
                                    double box_mpc,
                                    bool is_deposited,
                                    int n_threads);

}  // namespace faintweb::sky
