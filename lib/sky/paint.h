#pragma once

#include <cstdint>
#include <vector>

#include "lib/image/image.h"
#include "lib/sky/halo.h"
#include "lib/sky/settings.h"

namespace faintweb::sky {

/// A noise-free mock sky and the haloes that made it.
struct MockSky {
    image::Image sky;          ///< [size_px, size_px], Jy/arcsec2
    std::vector<Halo> haloes;  ///< all whose emission may reach the image, by falling mass
};

/// Paints the radio sky of the shocks around a random population of dark-matter haloes.
///
/// Same settings, seed and realisation give the same bits for any number of threads: surfaces are
/// sampled independently and summed in fixed point.
///
/// @param n_threads  >= 1.
/// @throws UsageError  if a setting is out of range; names it.
/// @source Gheller et al. 2018, sections 3.1-3.2 for what is mocked; Hoeft & Brueggen 2007 for the
///         emission; the shock surfaces are ours.
MockSky paint_sky(const SkySettings& settings,
                  std::uint64_t seed,
                  std::uint64_t realisation,
                  int n_threads);

}  // namespace faintweb::sky
