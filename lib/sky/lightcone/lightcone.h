// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <vector>

#include "lib/image/image.h"
#include "lib/sky/box/box_halo.h"
#include "lib/sky/cosmology/cosmology.h"
#include "lib/sky/lightcone/coded_map.h"
#include "lib/sky/settings.h"

namespace faintweb::sky {

/// A piece of the lightcone that one simulated box fills: as deep as the box is wide, repeated
/// across the field, all at the redshift of its middle.
struct Slab {
    /// Index into BoxSettings::edges_mpc; where snapshots fill the slabs, the number of the slab.
    int box_class = 0;
    int state = 0;  ///< counts the slabs of its class, 0 = nearest
    double box_mpc = 0;
    double near_mpc = 0;  ///< comoving distances
    double middle_mpc = 0;
    double far_mpc = 0;
    double z = 0;  ///< of the middle
};

/// Stacks the boxes of every class from z_min outwards until z_max is reached.
///
/// The last slab is kept whole: it may reach beyond z_max.
///
/// @return            near to far.
/// @throws UsageError if the boxes do not reach z_max; names the redshift they reach.
/// @source            Gheller et al. 2018, section 3.1.
std::vector<Slab> plan_slabs(const Cosmology& cosmology,
                             const SkySettings& sky,
                             const BoxSettings& boxes);

/// How a box is looked at in one slab of one lightcone.
///
/// Seen along `axis`, a map of the box has columns along box axis (axis + 1) % 3 and rows along
/// (axis + 2) % 3. Sky columns run along its columns, or its rows if transposed, away from the
/// shift (which lies on the middle of the field) and backwards if flipped; sky rows along the
/// other.
struct SlabView {
    int realisation = 0;
    int axis = 0;  ///< 0, 1, 2: of the box, along the line of sight
    bool flip_columns = false;
    bool flip_rows = false;
    bool transpose = false;
    double shift_columns_mpc = 0;  ///< box coordinate in the middle of the sky's columns
    double shift_rows_mpc = 0;     ///< box coordinate in the middle of the sky's rows
};

/// Training and test skies are made of different box realisations (BoxSettings), so that they
/// share no halo.
enum class SkySet { train, test };

/// Draws the view of every slab: a pure function of seed, lightcone and the slab's number.
///
/// @throws UsageError  if no realisation belongs to the set.
std::vector<SlabView> draw_views(const BoxSettings& boxes,
                                 const std::vector<Slab>& slabs,
                                 std::uint64_t seed,
                                 std::uint64_t lightcone,
                                 SkySet set);

/// A projected map of a box. The first three are emission as seen from here in Jy/arcsec2 for
/// xi_e = 1, inside and outside the virial radius in three dimensions; column density is over the
/// mean. Snapshots have no web: all of their shocks are inside R100 of a halo or outside.
enum class Layer { web, inside_r100, outside_r100, column_density };

/// "web", "inside_r100", "outside_r100", "column_density".
const char* layer_name(Layer layer);

/// Where the maps and haloes of boxes come from. Called from one thread only.
struct BoxSource {
    std::function<CodedMap(const Slab& slab, int realisation, int axis, Layer layer)> map;
    std::function<std::vector<BoxHalo>(const Slab& slab, int realisation)> haloes;
};

/// A dark-matter halo of a mock sky.
struct Halo {
    double x_px = 0;  ///< column in the image, 0-based, may lie outside it
    double y_px = 0;  ///< row in the image
    double ra_deg = 0;
    double dec_deg = 0;
    double z = 0;            ///< of its own place along the line of sight
    double mass_msun = 0;    ///< M200m, as the mass function counts it
    double m200_msun = 0;    ///< inside r200
    double r200_mpc = 0;     ///< encloses 200 times the critical density, physical
    double r100_mpc = 0;     ///< the virial radius, physical
    double r100_arcsec = 0;  ///< as its slab shows it: all of a slab is seen from one distance
    int slab = 0;            ///< number in the lightcone, 0 = nearest
    /// Realisation, box class, state and number in the box: 16, 8, 8 and 32 bits from the top.
    /// Where the field is wider than the box, its copies share it.
    std::uint64_t id = 0;
};

/// A noise-free mock sky, its haloes and, if asked for, what it is the sum of.
struct MockSky {
    image::Image sky;          ///< [size_px, size_px], Jy/arcsec2
    std::vector<Halo> haloes;  ///< whose virial radius touches the image, by falling mass
    /// The layers of emission, which add up to the sky (to rounding), and the column density of the
    /// cone over its mean.
    std::map<Layer, image::Image> layers;
};

enum class KeepLayers { no, yes };

/// The layers of emission that settings switch on. Of snapshots, halo_layer switches what lies
/// inside R100 and web_layer what lies outside.
std::vector<Layer> emission_layers(const SkySettings& settings);

/// The sum of some layers of a single slab: periodic maps of its box, resampled to the sky's pixels
/// with cubic splines.
///
/// The projection is parallel, at the distance of the slab's middle. Surface brightness is
/// conserved. Maps are smooth on 30 arcsec, so a sky pixel of up to 15 arcsec is sampled at its
/// centre; a larger one is averaged over its area.
///
/// @param layers  of emission, or the column density alone.
/// @return        [size_px, size_px], Jy/arcsec2 (column density: over the mean).
/// @source        Unser 1999 (IEEE Signal Proc. Mag. 16, 22) for sampling with B-splines; the short
///                prefilter is ours. Values below zero are cut.
image::Image assemble_slab(const SkySettings& settings,
                           const Slab& slab,
                           const SlabView& view,
                           const BoxSource& source,
                           std::span<const Layer> layers,
                           int n_threads);

/// What a mock sky takes, noise and all.
struct SkyCost {
    double memory_bytes = 0;  ///< while it is made
    double core_s = 0;        ///< its boxes excluded; of one core of 2020 or so
};

/// Rough figures before any work, by the pixel from what a sky of 6000 x 6000 was seen to take (0.6
/// GB, 16 s).
///
/// @param map_px    edge of the largest map of a box; 0 where skies are no lightcones.
/// @param n_layers  that are kept.
SkyCost sky_cost(std::int64_t n_pixels, int map_px, int n_layers);

/// The haloes of at least 1e12 Msun whose virial radius touches the image, all periodic copies.
///
/// @return by falling mass.
std::vector<Halo> lightcone_haloes(const Cosmology& cosmology,
                                   const SkySettings& settings,
                                   const std::vector<Slab>& slabs,
                                   const std::vector<SlabView>& views,
                                   const BoxSource& source);

/// Adds up the slabs of a lightcone and collects its haloes.
///
/// Bits do not depend on the number of threads, nor on keeping layers.
///
/// @param views      one for each slab.
/// @param n_threads  >= 1.
MockSky assemble_lightcone(const Cosmology& cosmology,
                           const SkySettings& settings,
                           const std::vector<Slab>& slabs,
                           const std::vector<SlabView>& views,
                           const BoxSource& source,
                           KeepLayers keep,
                           int n_threads);

}  // namespace faintweb::sky
