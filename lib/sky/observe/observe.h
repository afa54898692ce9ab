// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "lib/image/image.h"
#include "lib/image/window.h"

namespace faintweb::sky {

/// The telescope: what turns a sky into a survey image.
struct ObservationSettings {
    double beam_fwhm_arcsec = 10;  ///< circular Gaussian beam
    double noise_jy_beam = 1e-5;   ///< rms of a pixel

    // What real telescopes add. All off at 0; seen_sky and noise_rms_map are the truth of them.

    /// Depth of the first, negative, side lobe as a fraction of the peak (side_lobe_gaussians).
    double sidelobe_level = 0;
    double sidelobe_radius_beams = 1.5;  ///< its radius, in beam_fwhm_arcsec
    /// A wave on the sky of this length keeps half of its amplitude, longer ones less (seen_sky).
    double largest_scale_arcsec = 0;
    /// Scatter of the logarithm of the noise's rms over the sky (noise_rms_map).
    double noise_scatter = 0;
};

/// @throws UsageError  if beam, noise or pixel is out of range; names the value.
void check(const ObservationSettings& settings, double pixel_arcsec);

/// Rms of a pixel's noise, Jy/arcsec2: noise_jy_beam over the solid angle of the beam. Where the
/// rms varies, its median over the sky.
double noise_rms_jy_arcsec2(const ObservationSettings& settings);

/// Sees a sky with a telescope: seen_sky plus correlated_noise.
///
/// @param sky           [rows, cols], Jy/arcsec2; its blanks and no others are blank in the image.
/// @param pixel_arcsec  edge of a pixel.
/// @return              [rows, cols], Jy/arcsec2.
/// @throws UsageError   if beam, noise or pixel is out of range; names the value.
/// @source Gheller et al. 2018, section 3.3.
image::Image observe(const image::Image& sky,
                     double pixel_arcsec,
                     const ObservationSettings& settings,
                     std::uint64_t seed,
                     std::uint64_t realisation,
                     int n_threads);

/// The sky through the beam, its side lobes and the missing short baselines, without noise.
///
/// The sky is mirrored at its edges. Its total flux is kept; with largest_scale_arcsec it becomes
/// 0, as an interferometer without short baselines sees none.
///
/// Missing short baselines: the convolved sky less its Gaussian average of standard deviation
/// largest_scale_arcsec sqrt(ln 2 / (2 pi^2)). A baseline of u wavelengths so keeps the fraction
/// 1 - 2^-(u largest_scale)^2, largest_scale in rad.
///
/// @param sky           [rows, cols], Jy/arcsec2; blanks shine as 0 and stay blank.
/// @param pixel_arcsec  edge of a pixel.
/// @return              [rows, cols], Jy/arcsec2.
/// @throws UsageError   if a setting or the pixel is out of range; names the value.
/// @source ours (observe_test.cc).
image::Image seen_sky(const image::Image& sky,
                      double pixel_arcsec,
                      const ObservationSettings& settings,
                      int n_threads);

/// A window of the endless noise plane of (seed, realisation): any two windows agree where they
/// overlap.
///
/// Stationary Gaussian noise of the exact pixel rms, with correlation exp(-r^2 / 4 sigma_beam^2):
/// that of white noise seen through the beam, taken at the pixels. Side lobes and missing baselines
/// leave it as it is; noise_scatter multiplies it by noise_rms_map over the rms.
///
/// @param window  x0, y0 >= 0, pixel.
/// @return        [window.rows, window.cols], Jy/arcsec2.
image::Image correlated_noise(const image::MapWindow& window,
                              double pixel_arcsec,
                              const ObservationSettings& settings,
                              std::uint64_t seed,
                              std::uint64_t realisation,
                              int n_threads);

/// Rms of the noise of correlated_noise at every pixel of the same window: the truth of
/// noise_scatter.
///
/// Like the pointings of a mosaic, the rms varies smoothly over degrees: its logarithm is a sum of
/// 8 plane waves of 2 to 8 degrees with the standard deviation noise_scatter, a function of (seed,
/// realisation, pixel) alone. The factor is at most exp(4 noise_scatter).
///
/// @param window  x0, y0 >= 0, pixel.
/// @return        [window.rows, window.cols], Jy/arcsec2.
/// @source ours.
image::Image noise_rms_map(const image::MapWindow& window,
                           double pixel_arcsec,
                           const ObservationSettings& settings,
                           std::uint64_t seed,
                           std::uint64_t realisation,
                           int n_threads);

/// A round Gaussian of a convolution kernel.
struct KernelGaussian {
    double flux = 0;      ///< its sum
    double sigma_px = 0;  ///< its standard deviation
};

/// What side lobes add to a Gaussian beam: three Gaussians of variances 1 : 2 : 4 and peaks 2 : -3
/// : 1, so that the peak and the total flux of the beam stay.
///
/// In units of the peak of the beam, as it is between pixels, the sum is -sidelobe_level at
/// sidelobe_radius_beams, and a ring of 0.28 sidelobe_level at 2.56 times that radius; it fades
/// like a Gaussian.
///
/// @source ours: the extrema of 2 y^4 - 3 y^2 + y, y = exp(-r^2 / 2 sigma^2), are at y = cos 40 deg
///         and y = cos 80 deg (observe_test.cc).
std::array<KernelGaussian, 3> side_lobe_gaussians(const ObservationSettings& settings,
                                                  double pixel_arcsec);

/// Convolves with a round Gaussian of any width at a cost that does not grow with it; mirrored at
/// the edges.
///
/// Cubic B-splines average the picture onto a grid of sigma_px / 4 and interpolate from it: within
/// 1e-3 of the kernel's peak everywhere.
///
/// @param picture   [rows, cols]; blanks spread.
/// @param sigma_px  standard deviation, pixel, >= 4.
/// @source ours; B-splines as in Unser 1999 (IEEE Signal Processing Magazine 16, 22).
image::Image smooth_wide(const image::Image& picture, double sigma_px, int n_threads);

/// One side of the symmetric 1-D filter that gives white noise the correlation exp(-n^2 / 4
/// sigma^2) at whole pixel distances n; [0] is the middle, and the sum of squares over both sides
/// is 1.
///
/// @param sigma_px  of the beam, pixel, > 0.
/// @source ours: zero-phase spectral factor of the correlation on a periodic lattice
///         (observe_test.cc).
std::vector<double> noise_taps(double sigma_px);

}  // namespace faintweb::sky
