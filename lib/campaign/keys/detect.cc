// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/campaign/keys/section.h"
#include "lib/campaign/keys/sections.h"
#include "lib/catalogue/export_formats.h"

namespace faintweb::campaign {

namespace {

using Detect = DetectSettings;

/// What is read and written.
void add_files(Section<Detect>& section) {
    section
        .key("maps", &Detect::maps, not_empty(), "",
             "FITS files to classify, relative to this file's folder; [simulated] = the images "
             "with noise of the test skies.")
        .input_file();
    section
        .key("truth", &Detect::truth, not_empty(), "",
             "Sky without noise of each map, in the order of maps, or none ([simulated] has its "
             "own).")
        .input_file();
    section
        .key("model", &Detect::model, not_empty(), "",
             "Model file, relative to this file's folder; trained = the model of the train stage.")
        .input_file();
    section
        .key("catalogue", &Detect::catalogue, not_empty(), "",
             "HDF5 file that is written, inside the output folder.")
        .only_running();
}

/// How tiles are classified.
void add_classification(Section<Detect>& section) {
    section.key("accept_mismatch", &Detect::accept_mismatch,
                std::vector<std::string>{"pixel", "beam"}, "",
                "Properties in which a map may differ from what the model was trained for; every "
                "row is then flagged.");
    section.key("threshold", &Detect::threshold, within(0, 1), "",
                "Score above which a tile is a detection; null = the model's own.");
    section.key(
        "precision", &Detect::precision,
        Allowed({"auto", "fp32", "bf16"},
                {{"int8", "use auto, or train faintweb_lite, which is faster"}}),
        "",
        "Precision of the inner layers of the network; auto = bf16 where the processor or GPU "
        "multiplies it itself, but fp32 for our own networks on a CPU, where that is faster.");
}

/// What the headers of maps lack or get wrong.
void add_headers(Section<Detect>& section) {
    section.key(
        "beam", &Detect::beam, any_value(), "arcsec, arcsec, deg",
        "Beam of the maps whose headers lack one: full widths at half maximum and position angle.");
    section.key("unit", &Detect::unit, any_value(), "",
                "Unit of the maps whose headers lack a usable one, as BUNIT would have it: "
                "Jy/beam, mJy/beam, Jy/arcsec2, MJy/sr, K.");
    section.key("pixel_arcsec", &Detect::pixel_arcsec, above_up_to(0, 36000), "arcsec",
                "Pixel edge of the maps whose headers lack usable sky coordinates; their rows have "
                "no sky positions.");
    section.key("force", &Detect::force, std::vector<std::string>{"beam", "unit", "pixel"}, "",
                "Properties (of beam, unit and pixel_arcsec) that count also where a header says "
                "something else.");
    section.key("hdu", &Detect::hdu, within(-1, 9999), "",
                "Number of the HDU of a map's image, 0 = the primary one; -1 = the first image "
                "that does not call itself noise, weight, mask or beam.");
}

/// What is written beside the catalogue.
void add_products(Section<Detect>& section) {
    section
        .key("exports", &Detect::exports, catalogue::export_names(), "",
             "Formats of further files beside the catalogue.")
        .only_running();
    section
        .key("pictures", &Detect::pictures, any_value(), "", "Draw each classified field as a PNG.")
        .only_running();
}

}  // namespace

void add_detect_keys(Keys& keys) {
    Section<Detect> section(keys, "detect", &Campaign::detect,
                            "Detection, from maps to the catalogue.");
    add_files(section);
    add_classification(section);
    add_headers(section);
    add_products(section);
}

}  // namespace faintweb::campaign
