// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/campaign/keys/section.h"
#include "lib/campaign/keys/sections.h"
#include "lib/campaign/keys/swept.h"
#include "lib/learn/network.h"

namespace faintweb::campaign {

template <>
struct Names<learn::TileSource> {
    static std::vector<std::pair<std::string, learn::TileSource>> all() {
        return {{"files", learn::TileSource::files}, {"simulate", learn::TileSource::simulate}};
    }
};

template <>
struct Names<learn::KeptWeights> {
    static std::vector<std::pair<std::string, learn::KeptWeights>> all() {
        return {{"best", learn::KeptWeights::best}, {"last", learn::KeptWeights::last}};
    }
};

template <>
struct Names<learn::Precision> {
    static std::vector<std::pair<std::string, learn::Precision>> all() {
        return {{"fp32", learn::Precision::fp32}, {"bf16", learn::Precision::bf16}};
    }
};

void add_label_keys(Keys& keys) {
    using Rule = label::LabelRule;
    Section<Rule> section(keys, "label", &Campaign::label,
                          "Label rule: when a tile of the sky without noise counts as signal.");
    section.key("min_pixels", &Rule::min_pixels, pixel_counts(), "pixel",
                "Number of pixels above the threshold that a signal tile must exceed, N_pix.");
    section.key("flux_threshold_jy_arcsec2", &Rule::flux_threshold_jy_arcsec2, flux_thresholds(),
                "Jy/arcsec2", "Brightness that a pixel must exceed to count, F_th.");
    // What they change stands in training_text(), as they count with train.joint alone.
    Section<Campaign>(keys, "label")
        .key("rules", &Campaign::joint_rules, any_value(), "pixel, Jy/arcsec2",
             "Label rules that one network of train.joint learns beside the section's own; without "
             "train.joint they have no effect.")
        .only_running();
}

namespace {

using Train = learn::TrainSettings;

/// The network and the length of its training.
void add_network(Section<Train>& section) {
    section.key("network", &Train::network, learn::network_names(), "",
                "Architecture of the network; of ours, faintweb_fast has half the maps of "
                "faintweb, faintweb_lite a quarter.");
    section.key("scaling", &Train::scaling, any_value(), "",
                "Scaling that turns brightness into the input of the network.");
    section.key("seed", &Train::seed, any_value(), "",
                "Seed of the first weights, the order of the tiles and dropout; the skies follow "
                "from the campaign's seed.");
    section.key("epochs", &Train::epochs, epoch_counts(), "",
                "Number of passes over the signal tiles and as many noise tiles as "
                "noise_per_signal asks for.");
    section.key("keep_epochs", &Train::keep_epochs, epoch_counts(), "",
                "Epochs after which the model is kept too, as model_epoch_N.safetensors.");
    section.key("batch_size", &Train::batch_size, batch_sizes(), "tile",
                "Number of tiles per step of the optimiser, over all ranks.");
    section.key("learning_rate", &Train::learning_rate, learning_rates(), "",
                "Step of the Adam optimiser.");
    section.key("dropout_keep", &Train::dropout_keep, above_up_to(0, 1), "",
                "Part of the fully connected layer that a step keeps; 1 = no dropout.");
}

/// The tiles that a network is trained on, and what it learns of them.
void add_tiles(Section<Train>& section) {
    section.key("augment", &Train::augment, any_value(), "",
                "Show each tile in one of its 8 orientations, drawn anew in each epoch.");
    section.key("noise_per_signal", &Train::noise_per_signal, above_up_to(0, 1e4), "",
                "Number of noise tiles per signal tile in an epoch.");
    section.key("cells_weight", &Train::cells_weight, within(0, 1000), "",
                "Weight of the loss of cells of 2x2 px beside that of labels, for networks that "
                "have cells.");
    section.key("max_tiles", &Train::max_tiles, within(0, 1'000'000'000), "tile",
                "Largest number of tiles to train on, one signal tile to noise_per_signal noise "
                "tiles, chosen by train.seed; 0 = all.");
    section.key("joint", &Train::joint, any_value(), "",
                "Train one network for the label section's own rule and those of label.rules at "
                "once, which gives a model for each.");
    section
        .key("source", &Train::source, any_value(), "",
             "Source of the training tiles: skies that are written as FITS files, or the same "
             "skies made in memory.")
        .only_running();
}

/// The steps of the optimiser.
void add_optimiser(Section<Train>& section) {
    section.key("micro_batch", &Train::micro_batch, within(0, 65536), "tile",
                "Number of tiles of a rank that go through the network at once, which bounds "
                "memory; 0 = its part of a batch. If it divides each rank's part, 1, 2, 4, 8 or 16 "
                "ranks of one host get the same model, byte for byte.");
    section.key("warmup_epochs", &Train::warmup_epochs, within(0, 100'000), "epoch",
                "Number of epochs over which the learning rate rises to its full value.");
    section.key("reference_batch", &Train::reference_batch, within(0, 65536), "tile",
                "Batch size that learning_rate is for, from which it is scaled to batch_size; 0 = "
                "it is not scaled.");
    section.key("final_rate", &Train::final_rate, within(0, 1), "",
                "Part of the learning rate that it falls to by the end, along half a cosine.");
}

/// The choice of a model by validation skies.
void add_validation(Section<Train>& section) {
    section.key("validation_skies", &Train::validation_skies, within(0, 999'998), "",
                "Number of training skies, the last ones, that choose and calibrate the model and "
                "are not trained on.");
    section.key("validate_every", &Train::validate_every, within(1, 100'000), "epoch",
                "Number of epochs from one score of the validation skies to the next; the last "
                "epoch always has one.");
    section.key("keep", &Train::keep, any_value(), "",
                "Weights that the model gets: those of the best epoch on the validation skies, if "
                "there are any, or the last.");
    section.key("patience", &Train::patience, within(0, 100'000), "epoch",
                "Number of epochs without a better one on the validation skies after which "
                "training ends; 0 = never.");
    section.key("choose_threshold", &Train::choose_threshold, any_value(), "",
                "Detect above the score that gives the best A_s on the validation skies, not 0.5.");
}

/// Checkpoints and precisions.
void add_arithmetic(Section<Train>& section) {
    section
        .key("checkpoint_every_s", &Train::checkpoint_every_s, within(0, 1e6), "s",
             "Time between checkpoints, from which a stopped training goes on; 0 = one after each "
             "step.")
        .only_running();
    section.key("precision", &Train::precision, any_value(), "",
                "Precision of the products in all layers; weights and their sums are fp32 either "
                "way. bf16, of 8 bits, is faster on a GPU and on a CPU with AVX-512.");
    section.key("wire", &Train::wire, any_value(), "",
                "Precision of gradients on their way between ranks; bf16 is half the bytes, and "
                "their sums are rounded to 8 bits. In the shared memory of one host the gradients "
                "of the hidden layer never travel, and stay as they are.");
}

}  // namespace

void add_train_keys(Keys& keys) {
    Section<Train> section(keys, "train", &Campaign::train, "Training of the network.");
    add_network(section);
    add_tiles(section);
    add_optimiser(section);
    add_validation(section);
    add_arithmetic(section);
}

}  // namespace faintweb::campaign
