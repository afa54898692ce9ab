// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/campaign/keys/section.h"
#include "lib/campaign/keys/sections.h"

namespace faintweb::campaign {

namespace {

using Boxes = sky::BoxSettings;

/// The boxes that lie behind one another in a sky.
void add_stack(Section<Boxes>& section) {
    section.key("seed", &Boxes::seed, any_value(), "", "Seed of every random number of the boxes.");
    // From 25 Mpc: shock surfaces of the heaviest cluster must not wrap around a box.
    section.key("edges_mpc", &Boxes::edges_mpc, within(25, 2000), "Mpc",
                "Comoving edge of the boxes of each class, from near to far.");
    section.key("n_slabs", &Boxes::n_slabs, within(1, 200), "",
                "Number of boxes of each class that lie behind one another in a sky.");
    section.key("n_realisations", &Boxes::n_realisations, within(1, 10'000), "",
                "Number of different boxes of each class.");
    section.key("n_test_realisations", &Boxes::n_test_realisations, within(0, 10'000), "",
                "Number of the n_realisations that test skies are made from; training skies use "
                "the others.");
}

/// The resolution of a box in mass, length and time.
void add_simulation(Section<Boxes>& section) {
    section.key("n_particles", &Boxes::n_particles, within(16, 4096), "",
                "Number of dark-matter particles along an edge, even.");
    section.key("n_mesh", &Boxes::n_mesh, within(16, 4096), "",
                "Number of mesh points of gravity and gas along an edge, even.");
    section.key("n_steps", &Boxes::n_steps, within(4, 1000), "",
                "Number of steps of time until the farthest slab is reached.");
    section.key("a_start", &Boxes::a_start, within(0.01, 0.2), "",
                "Scale factor of the universe at which the particles start.");
    section.key("n_sheet", &Boxes::n_sheet, within(1, 8), "",
                "Number of tracers of matter per particle spacing along an edge.");
}

/// The maps of a box, and how boxes are made and kept.
void add_products(Section<Boxes>& section) {
    section.key("map_px", &Boxes::map_px, within(64, 20'000), "pixel",
                "Edge of the maps that the haloes of a box are projected to.");
    section.key(
        "web_map_px", &Boxes::web_map_px, within(64, 20'000), "pixel",
        "Edge of the maps that the emission between haloes, which is smoother, is projected to.");
    section
        .key("keep_particles", &Boxes::keep_particles, any_value(), "",
             "Keep the particles, so that other shocks can be painted without a new simulation.")
        .only_running();
    section
        .key("ranks_per_box", &Boxes::ranks_per_box, within(1, 2048), "",
             "Smallest number of ranks that share the gravity of a box (the maps of a state still "
             "take a whole box on one of them); 1 = boxes are made side by side.")
        .only_running();
    section
        .key("folder", &Boxes::folder, not_empty(), "",
             "Folder where boxes are kept, relative to the current folder; campaigns may share it.")
        .only_running();
}

}  // namespace

void add_boxes_keys(Keys& keys) {
    Section<Boxes> section(keys, "boxes", &Campaign::boxes,
                           "The simulated boxes of the universe that mock skies are stacked from.");
    add_stack(section);
    add_simulation(section);
    add_products(section);
}

}  // namespace faintweb::campaign
