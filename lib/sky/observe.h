#pragma once

#include <cstdint>
#include <vector>

#include "lib/image/image.h"
#include "lib/image/window.h"

namespace faintweb::sky {

/// The telescope: what turns a sky into a survey image.
struct ObservationSettings {
    double beam_fwhm_arcsec = 10;  ///< circular Gaussian beam
    double noise_jy_beam = 1e-5;   ///< rms of a pixel
};

/// @throws UsageError  if beam, noise or pixel is out of range; names the value.
void check(const ObservationSettings& settings, double pixel_arcsec);

/// Rms of a pixel's noise, Jy/arcsec2: noise_jy_beam over the solid angle of the beam.
double noise_rms_jy_arcsec2(const ObservationSettings& settings);

/// Sees a sky with a telescope: convolves with the beam and adds noise as correlated as the beam
/// makes it.
///
/// The sky is mirrored at its edges, so its total flux is kept. The noise of a pixel is a function
/// of (seed, realisation, pixel) alone.
///
/// @param sky           [rows, cols], Jy/arcsec2.
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

/// A window of the endless noise plane of (seed, realisation): any two windows agree where they
/// overlap.
///
/// Stationary Gaussian noise of the exact pixel rms, with correlation exp(-r^2 / 4 sigma_beam^2):
/// that of white noise seen through the beam, taken at the pixels.
///
/// @param window  x0, y0 >= 0, pixel.
/// @return        [window.rows, window.cols], Jy/arcsec2.
image::Image correlated_noise(const image::Window& window,
                              double pixel_arcsec,
                              const ObservationSettings& settings,
                              std::uint64_t seed,
                              std::uint64_t realisation,
                              int n_threads);

/// One side of the symmetric 1-D filter that gives white noise the correlation exp(-n^2 / 4
/// sigma^2) at whole pixel distances n; [0] is the middle, and the sum of squares over both sides
/// is 1.
///
/// @param sigma_px  of the beam, pixel, > 0.
/// @source ours: zero-phase spectral factor of the correlation on a periodic lattice
/// (observe_test.cc).
std::vector<double> noise_taps(double sigma_px);

}  // namespace faintweb::sky
