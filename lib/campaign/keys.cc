#include "lib/campaign/keys.h"

#include <algorithm>
#include <utility>

#include "lib/base/contract.h"
#include "lib/learn/network.h"

namespace faintweb::campaign {

template <>
struct Names<Stage> {
    static std::vector<std::pair<std::string, Stage>> all() {
        std::vector<std::pair<std::string, Stage>> names;
        for (const Stage stage : {Stage::simulate, Stage::train, Stage::evaluate, Stage::detect}) {
            names.emplace_back(stage_name(stage), stage);
        }
        return names;
    }
};

template <>
struct Names<sky::SkySource> {
    static std::vector<std::pair<std::string, sky::SkySource>> all() {
        return {{"boxes", sky::SkySource::boxes},
                {"hdf5", sky::SkySource::hdf5},
                {"fits", sky::SkySource::fits}};
    }
};

template <>
struct Names<tile::Scaling> {
    static std::vector<std::pair<std::string, tile::Scaling>> all() {
        std::vector<std::pair<std::string, tile::Scaling>> names;
        for (const tile::Scaling scaling : tile::all_scalings()) {
            names.emplace_back(tile::scaling_name(scaling), scaling);
        }
        return names;
    }
};

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

namespace {

template <typename T>
struct Innermost {
    using Type = T;
};
template <typename T>
struct Innermost<std::vector<T>> : Innermost<T> {};
template <typename T>
struct Innermost<std::optional<T>> : Innermost<T> {};

template <typename T>
std::string allowed_text(const Allowed& allowed) {
    using Item = typename Innermost<T>::Type;
    if constexpr (std::is_enum_v<Item>) {
        return either(enum_words<Item>());
    } else {
        return allowed.range ? allowed.range->text() : either(allowed.choices);
    }
}

}  // namespace

/// One struct of settings, and where it stands in the campaign.
template <typename Settings>
class Keys::Section {
  public:
    Section(Keys& keys, const std::string& name, Settings Campaign::*place, const std::string& help)
        : keys_(keys), prefix_(name + "."), place_(place) {
        keys.sections_.push_back({name, help});
    }
    /// The top level.
    explicit Section(Keys& keys) requires std::same_as<Settings, Campaign> : keys_(keys) {
        keys.sections_.push_back({"", ""});
    }

    template <typename T>
    Key& key(const std::string& leaf,
             T Settings::*member,
             const Allowed& allowed,
             const std::string& unit,
             const std::string& help) {
        FAINTWEB_EXPECTS(keys_.find(prefix_ + leaf) == nullptr);
        Key key;
        key.name = prefix_ + leaf;
        key.type = type_text<T>();
        key.allowed = allowed_text<T>(allowed);
        key.unit = unit;
        key.help = help;
        key.read = [place = place_, member, allowed](Campaign& campaign, const Node& node) {
            settings(campaign, place).*member = read_value<T>(node, allowed);
        };
        key.print = [place = place_, member](const Campaign& campaign) {
            return print_value(settings(campaign, place).*member);
        };
        keys_.list_.push_back(std::move(key));
        return keys_.list_.back();
    }

  private:
    static auto& settings(auto& campaign, Settings Campaign::*place) {
        if constexpr (std::same_as<Settings, Campaign>) {
            return campaign;
        } else {
            return campaign.*place;
        }
    }

    Keys& keys_;
    std::string prefix_;
    Settings Campaign::*place_ = nullptr;
};

// To add a key: a member in its settings struct, and one line here.
Keys::Keys() {
    const Allowed any;
    // One range for a key and for what a sweep makes of it.
    const Allowed pixel_counts = within(0, 1048576);
    const Allowed fluxes = above_up_to(0, 1e3);
    const Allowed epoch_counts = within(1, 100'000);
    const Allowed batch_sizes = within(1, 65536);
    const Allowed rates = above_up_to(0, 1);

    Section<Campaign> top(*this);
    top.key("name", &Campaign::name, not_empty(), "", "What the run is called in logs and reports.")
        .required()
        .only_running();
    top.key("seed", &Campaign::seed, any, "", "Every random number of the run follows from it.");
    top.key("output",
            &Campaign::output,
            not_empty(),
            "",
            "Folder that receives everything, from the current folder.")
        .required()
        .only_running();
    top.key("stages", &Campaign::stages, any, "", "What is done, in this order.")
        .required()
        .only_running();
    top.key("tile_px",
            &Campaign::tile_px,
            within(8, 256),
            "pixel",
            "Edge of a tile, the square that is labelled and classified.");
    top.key("field_px",
            &Campaign::field_px,
            within(8, 20000),
            "pixel",
            "Edge of a field, the cut-out that is handed to a rank; rounded down to whole tiles.");

    using Cosmos = sky::Cosmology;
    Section<Cosmos> cosmology(
        *this, "cosmology", &Campaign::cosmology, "The flat universe of the mock sky.");
    cosmology.key("omega_matter", &Cosmos::omega_matter, within(0.05, 1), "", "Matter, today.");
    cosmology.key("omega_baryon", &Cosmos::omega_baryon, within(0.005, 0.5), "", "Of it, baryons.");
    cosmology.key("h", &Cosmos::h, within(0.3, 1.5), "100 km/s/Mpc", "Hubble constant.");
    cosmology.key("sigma8",
                  &Cosmos::sigma8,
                  within(0.1, 2),
                  "",
                  "Rms of linear density contrast in spheres of 8 Mpc/h, today.");
    cosmology.key("spectral_index",
                  &Cosmos::spectral_index,
                  within(0.5, 1.5),
                  "",
                  "Slope of the primordial power spectrum.");
    cosmology.key("t_cmb_k", &Cosmos::t_cmb_k, within(2, 3.5), "K", "Of the background, today.");

    using Boxes = sky::BoxSettings;
    Section<Boxes> boxes(*this,
                         "boxes",
                         &Campaign::boxes,
                         "The simulated boxes of the universe that mock skies are stacked from.");
    boxes.key("seed", &Boxes::seed, any, "", "Every random number of the boxes follows from it.");
    // From 25 Mpc: shock surfaces of the heaviest cluster must not wrap around a box.
    boxes.key("edges_mpc",
              &Boxes::edges_mpc,
              within(25, 2000),
              "Mpc",
              "Comoving edge of the boxes of each class, from near to far.");
    boxes.key("n_slabs",
              &Boxes::n_slabs,
              within(1, 200),
              "",
              "How many boxes of each class lie behind one another in a sky.");
    boxes.key("n_realisations",
              &Boxes::n_realisations,
              within(1, 10'000),
              "",
              "Different boxes of each class.");
    boxes.key("n_test_realisations",
              &Boxes::n_test_realisations,
              within(0, 10'000),
              "",
              "Of these, how many test skies are made from; training skies use the others.");
    boxes.key("n_particles",
              &Boxes::n_particles,
              within(16, 4096),
              "",
              "Particles of dark matter along an edge, even.");
    boxes.key("n_mesh",
              &Boxes::n_mesh,
              within(16, 4096),
              "",
              "Mesh points of gravity and gas along an edge, even.");
    boxes.key("n_steps",
              &Boxes::n_steps,
              within(4, 1000),
              "",
              "Steps of time until the farthest slab is reached.");
    boxes.key("a_start",
              &Boxes::a_start,
              within(0.01, 0.2),
              "",
              "Scale factor of the universe at which the particles start.");
    boxes.key("n_sheet",
              &Boxes::n_sheet,
              within(1, 8),
              "",
              "Tracers of matter per particle spacing, along an edge.");
    boxes.key("map_px",
              &Boxes::map_px,
              within(64, 20'000),
              "pixel",
              "Edge of the maps that the haloes of a box are projected to.");
    boxes.key("web_map_px",
              &Boxes::web_map_px,
              within(64, 20'000),
              "pixel",
              "The same for what lies between haloes, which is smoother.");
    boxes
        .key("keep_particles",
             &Boxes::keep_particles,
             any,
             "",
             "Keep the particles, so that other shocks can be painted without a new simulation.")
        .only_running();
    boxes
        .key("ranks_per_box",
             &Boxes::ranks_per_box,
             within(1, 2048),
             "",
             "Ranks that share the gravity of a box, at least; the maps of a state still take a "
             "whole box on one of them. 1 = boxes are made side by side.")
        .only_running();
    boxes
        .key("folder",
             &Boxes::folder,
             not_empty(),
             "",
             "Where boxes are kept, from the current folder; campaigns may share it.")
        .only_running();

    using Sky = sky::SkySettings;
    Section<Sky> sky(*this, "sky", &Campaign::sky, "The mock radio sky without noise.");
    sky.key("source",
            &Sky::source,
            any,
            "",
            "Simulated boxes, snapshots of another simulation, or ready maps of the sky.");
    sky.key("snapshots",
            &Sky::snapshots,
            not_empty(),
            "",
            "Of source hdf5: gas on grids as yt writes them, from this file's folder; each slab "
            "of the sky shows the nearest in redshift.")
        .input_file();
    sky.key("test_snapshots",
            &Sky::test_snapshots,
            not_empty(),
            "",
            "The same for test skies, of another simulation.")
        .input_file();
    sky.key("maps",
            &Sky::maps,
            not_empty(),
            "",
            "Of source fits: skies without noise, shown in turn; each gives the size of its "
            "images.")
        .input_file();
    sky.key("test_maps", &Sky::test_maps, not_empty(), "", "The same for test skies.").input_file();
    sky.key("size_px", &Sky::size_px, within(1, 40000), "pixel", "Edge of the square image.");
    sky.key("pixel_arcsec", &Sky::pixel_arcsec, within(0.1, 600), "arcsec", "Edge of a pixel.");
    sky.key("centre_ra_deg",
            &Sky::centre_ra_deg,
            within(-360, 360),
            "deg",
            "Right ascension of the middle of the image.");
    sky.key("centre_dec_deg",
            &Sky::centre_dec_deg,
            within(-90, 90),
            "deg",
            "Declination of the middle of the image.");
    sky.key("z_min", &Sky::z_min, within(0.01, 2), "", "Nearest redshift.");
    sky.key("z_max", &Sky::z_max, within(0.011, 3), "", "Farthest redshift, above z_min.");
    sky.key("frequency_hz", &Sky::frequency_hz, within(1e7, 1e11), "Hz", "Observed frequency.");
    sky.key("min_mass_msun",
            &Sky::min_mass_msun,
            within(1e12, 1e15),
            "solar mass",
            "Smallest halo that gets shocks, M200m. Target: N9/N40 = 1.29, the signal tiles of the "
            "two label rules of Gheller et al. 2018.");
    sky.key(
        "xi_e",
        &Sky::xi_e,
        within(1e-9, 1),
        "",
        "Share of the shocks' energy that goes into electrons; the flux is linear in it. Target: "
        "77.5 signal tiles per field of 2500 at 40 pixels and 1e-7 Jy/arcsec2.");
    sky.key("f_merge",
            &Sky::f_merge,
            within(0, 100),
            "",
            "Times the merger rate of Fakhouri et al. 2010.");
    sky.key("xi_min",
            &Sky::xi_min,
            within(1e-3, 0.9),
            "",
            "Smallest mass ratio of a merger that drives a shock. Target: the number of arcs.");
    sky.key("vs_mu", &Sky::vs_mu, within(0.1, 10), "V200", "Median speed of a merger shock.");
    sky.key("vs_sigma",
            &Sky::vs_sigma,
            within(0, 2),
            "ln",
            "Scatter of that speed. Target: three times the signal tiles at a tenth of the "
            "threshold.");
    sky.key("r_max",
            &Sky::r_max,
            within(0.5, 5),  // fronts start at a quarter of R200
            "R200",
            "Radius out to which merger shocks are followed.");
    sky.key("eps_b",
            &Sky::eps_b,
            within(1e-9, 1),
            "",
            "Magnetic over thermal energy behind a shock where the dynamo saturates.");
    sky.key("r_dyn_mpc",
            &Sky::r_dyn_mpc,
            within(0.01, 100),
            "Mpc",
            "eps_b grows as (R200 / r_dyn)^2, up to 1.5 times. Target: how counts fall with mass.");
    sky.key("a_dyn",
            &Sky::a_dyn,
            within(1e-3, 1e6),
            "comoving nG",
            "Amplified magnetic field inside haloes.");
    sky.key(
        "a_acc", &Sky::a_acc, within(1e-3, 1e6), "comoving nG", "The same at accretion shells.");
    sky.key("ln_b_sigma",
            &Sky::ln_b_sigma,
            within(0, 3),
            "ln",
            "Patchiness of the field. Target: N9/N40.");
    sky.key("ln_n_sigma",
            &Sky::ln_n_sigma,
            within(0, 3),
            "ln",
            "Patchiness of the density. Target: N9/N40.");
    sky.key("corrugation",
            &Sky::corrugation,
            within(0, 0.15),
            "radius",
            "Rms ripple of a shock front.");
    sky.key("l_cool_mpc",
            &Sky::l_cool_mpc,
            within(0, 2),
            "Mpc",
            "Depth of the radiating layer behind a flow of 1000 km/s. Target: elongation of arcs.");
    sky.key("resolution_arcsec",
            &Sky::resolution_arcsec,
            within(0.15, 60000),
            "arcsec",
            "Full width at half maximum of the sky before the telescope, 1.5 to 100 pixels.");
    sky.key("points_per_beam",
            &Sky::points_per_beam,
            within(1, 10000),
            "",
            "Samples of a shock surface per resolution_arcsec squared.");
    sky.key("floor_jy_arcsec2",
            &Sky::floor_jy_arcsec2,
            within(1e-16, 1e-3),
            "Jy/arcsec2",
            "What counts as no emission; fainter surfaces are skipped.");

    sky.key("p_inlet",
            &Sky::p_inlet,
            within(0, 1),
            "",
            "Probability that the shock where a filament enters a halo shines. Target: pixels "
            "outside R100.");
    sky.key(
        "p_core",
        &Sky::p_core,
        within(0, 1),
        "",
        "Probability that a merger of a tenth or more shocks the core as well. Target: N9/N40.");
    sky.key("core_mach",
            &Sky::core_mach,
            within(1.5, 10),
            "",
            "Median Mach number of core shocks. Target: brightest pixels of 1e-2 Jy/arcsec2.");
    sky.key("min_sheath_mass_msun",
            &Sky::min_sheath_mass_msun,
            within(1e12, 1e16),
            "solar mass",
            "Smallest halo whose filaments get a sheath of shocks, M200m.");
    sky.key("a_fil",
            &Sky::a_fil,
            within(1e-3, 1e6),
            "comoving nG",
            "Amplified magnetic field in sheaths.");
    sky.key("a_web", &Sky::a_web, within(1e-3, 1e6), "comoving nG", "The same between haloes.");
    sky.key("web_layer",
            &Sky::web_layer,
            any,
            "",
            "Shocks between haloes; of snapshots, those outside R100.");
    sky.key("halo_layer",
            &Sky::halo_layer,
            any,
            "",
            "Shocks in and around haloes; of snapshots, those inside R100.");
    sky.key("sheath_layer",
            &Sky::sheath_layer,
            any,
            "",
            "Shocks along filaments; snapshots have their own.");

    using Snapshot = SnapshotSettings;
    Section<Snapshot> snapshot(
        *this,
        "snapshot",
        &Campaign::snapshot,
        "Where the files of sky.snapshots keep what; as yt does by default.");
    snapshot.key("group",
                 &Snapshot::group,
                 any,
                 "",
                 "Group of the fields; '' = grid, data or the root, the first that is there.");
    snapshot.key("density", &Snapshot::density, not_empty(), "", "Dataset of the gas density.");
    snapshot.key(
        "temperature", &Snapshot::temperature, not_empty(), "", "Dataset of its temperature.");
    snapshot.key("velocity",
                 &Snapshot::velocity,
                 not_empty(),
                 "",
                 "Datasets of its peculiar velocity, along the three axes.");
    snapshot.key("magnetic_field",
                 &Snapshot::magnetic_field,
                 not_empty(),
                 "",
                 "Datasets of its magnetic field; where there are none, it is modelled.");
    const std::string from_units = "; 0 = as the dataset's attribute units says.";
    snapshot.key("density_factor",
                 &Snapshot::density_factor,
                 within(0, 1e60),
                 "",
                 "Turns the density into multiples of the mean of baryons" + from_units);
    snapshot.key("temperature_factor",
                 &Snapshot::temperature_factor,
                 within(0, 1e60),
                 "K",
                 "Turns the temperature into K" + from_units);
    snapshot.key("velocity_factor",
                 &Snapshot::velocity_factor,
                 within(0, 1e60),
                 "km/s",
                 "Turns the velocity into km/s" + from_units);
    snapshot.key("magnetic_field_factor",
                 &Snapshot::magnetic_field_factor,
                 within(0, 1e60),
                 "micro-gauss",
                 "Turns the magnetic field into micro-gauss" + from_units);

    using Points = sky::PointSourceSettings;
    Section<Points> points(*this,
                           "point_sources",
                           &Campaign::point_sources,
                           "Compact galaxies in the noise images; never in the truth.");
    points.key("enabled", &Points::enabled, any, "", "Whether there are any.");
    points.key("min_flux_jy",
               &Points::min_flux_jy,
               within(5e-5, 1),
               "Jy",
               "Faintest of them, at 1.4 GHz.");
    points.key("max_flux_jy",
               &Points::max_flux_jy,
               within(5e-5, 1),
               "Jy",
               "Brightest of them, at 1.4 GHz.");
    points.key("spectral_index",
               &Points::spectral_index,
               within(-5, 5),
               "",
               "Flux goes as frequency to this power.");

    using Observation = sky::ObservationSettings;
    Section<Observation> observation(
        *this, "observation", &Campaign::observation, "What the telescope makes of the mock sky.");
    observation.key("beam_fwhm_arcsec",
                    &Observation::beam_fwhm_arcsec,
                    above_up_to(0, 3600),
                    "arcsec",
                    "Full width at half maximum of the round Gaussian beam.");
    observation.key("noise_jy_beam",
                    &Observation::noise_jy_beam,
                    within(0, 1e3),
                    "Jy/beam",
                    "Standard deviation of the noise.");
    observation.key("sidelobe_level",
                    &Observation::sidelobe_level,
                    within(0, 0.5),
                    "",
                    "Depth of the first side lobe, a fraction of the beam's peak; 0 = none.");
    observation.key("sidelobe_radius_beams",
                    &Observation::sidelobe_radius_beams,
                    within(1, 100),
                    "beam",
                    "Radius of that side lobe.");
    observation.key("largest_scale_arcsec",
                    &Observation::largest_scale_arcsec,
                    within(0, 648'000),
                    "arcsec",
                    "Structure of this length loses half for want of short baselines; 0 = none.");
    observation.key("noise_scatter",
                    &Observation::noise_scatter,
                    within(0, 1),
                    "ln",
                    "How the standard deviation of the noise varies over the sky; 0 = not.");

    using Rule = label::LabelRule;
    Section<Rule> label(
        *this, "label", &Campaign::label, "When a tile of the noiseless sky counts as signal.");
    label.key("min_pixels",
              &Rule::min_pixels,
              pixel_counts,
              "pixel",
              "More pixels than this must be brighter than the threshold.");
    label.key("flux_threshold_jy_arcsec2",
              &Rule::flux_threshold_jy_arcsec2,
              fluxes,
              "Jy/arcsec2",
              "The threshold of a pixel, F_th.");

    using Simulate = SimulateSettings;
    Section<Simulate> simulate(*this,
                               "simulate",
                               &Campaign::simulate,
                               "How many mock skies there are, each with and without noise.");
    simulate.key("n_train", &Simulate::n_train, within(0, 999'999), "", "Skies to train on.");
    simulate.key("n_test", &Simulate::n_test, within(0, 999'999), "", "Other skies, to test on.");
    simulate
        .key("folder",
             &Simulate::folder,
             any,
             "",
             "Folder of the skies, from the current folder; several campaigns may share them. "
             "Empty: "
             "skies in the output folder.")
        .only_running();
    simulate
        .key("layers",
             &Simulate::layers,
             any,
             "",
             "Also write each layer of a sky: web, haloes in and outside R100, column density.")
        .only_running();
    simulate
        .key("slabs",
             &Simulate::slabs,
             within(0, 255),
             "",
             "Also write the emission and column density of these slabs alone; 0 = the nearest.")
        .only_running();

    using Train = learn::TrainSettings;
    Section<Train> train(*this, "train", &Campaign::train, "Training of the network.");
    train.key("network",
              &Train::network,
              learn::network_names(),
              "",
              "Architecture; of ours, faintweb_fast has half the maps of faintweb, faintweb_lite a "
              "quarter.");
    train.key("scaling", &Train::scaling, any, "", "How flux becomes network input.");
    train.key(
        "seed",
        &Train::seed,
        any,
        "",
        "The first weights, the order of the tiles and dropout follow from it; the skies from "
        "the campaign's seed.");
    train.key("epochs",
              &Train::epochs,
              epoch_counts,
              "",
              "Passes over the signal tiles and as many noise tiles as noise_per_signal asks for.");
    train.key("keep_epochs",
              &Train::keep_epochs,
              epoch_counts,
              "",
              "Also keep the model as it is after these epochs, model_epoch_N.safetensors.");
    train.key("batch_size",
              &Train::batch_size,
              batch_sizes,
              "tile",
              "Tiles per step of the optimiser, over all ranks.");
    train.key("learning_rate", &Train::learning_rate, rates, "", "Step of the Adam optimiser.");
    train.key("dropout_keep",
              &Train::dropout_keep,
              above_up_to(0, 1),
              "",
              "Part of the fully connected layer that a step keeps; 1 = no dropout.");
    train.key("augment",
              &Train::augment,
              any,
              "",
              "Show each tile in one of its 8 orientations, drawn anew in each epoch.");
    train.key("noise_per_signal",
              &Train::noise_per_signal,
              above_up_to(0, 1e4),
              "",
              "Noise tiles per signal tile in an epoch.");
    train.key("cells_weight",
              &Train::cells_weight,
              within(0, 1000),
              "",
              "Weight of the loss of 2x2 px cells beside that of labels, for networks that have "
              "cells.");
    train.key("max_tiles",
              &Train::max_tiles,
              within(0, 1'000'000'000),
              "tile",
              "Train on at most so many tiles, one signal tile to noise_per_signal noise tiles, "
              "chosen by train.seed; 0 = all.");
    train.key("joint",
              &Train::joint,
              any,
              "",
              "One network learns every combination of sweep.min_pixels and "
              "sweep.flux_threshold_jy_arcsec2, and the campaign's own label, at once, and gives a "
              "model for each.");
    train
        .key("source",
             &Train::source,
             any,
             "",
             "Train on skies that are written as FITS files, or on the same made in memory.")
        .only_running();
    train.key("micro_batch",
              &Train::micro_batch,
              within(0, 65536),
              "tile",
              "Tiles of a rank that go through the network at once, which bounds memory; 0 = its "
              "part of a batch. If it divides each rank's part, 1, 2, 4, 8 or 16 ranks of one host "
              "get the same model, byte for byte.");
    train.key("warmup_epochs",
              &Train::warmup_epochs,
              within(0, 100'000),
              "epoch",
              "The learning rate rises to its full value over these.");
    train.key("reference_batch",
              &Train::reference_batch,
              within(0, 65536),
              "tile",
              "The learning rate is for this batch_size and scaled to the actual one; 0 = not.");
    train.key("final_rate",
              &Train::final_rate,
              within(0, 1),
              "",
              "Part of the learning rate that it falls to by the end, along half a cosine.");
    train.key("validation_skies",
              &Train::validation_skies,
              within(0, 999'998),
              "",
              "The last of the training skies, to choose and calibrate by, are not trained on.");
    train.key(
        "validate_every",
        &Train::validate_every,
        within(1, 100'000),
        "epoch",
        "Epochs from one score of the validation skies to the next; the last epoch always has "
        "one.");
    train.key("keep",
              &Train::keep,
              any,
              "",
              "The weights of the best epoch on the validation skies, if there are any, or the "
              "last.");
    train.key("patience",
              &Train::patience,
              within(0, 100'000),
              "epoch",
              "End after so many epochs without a better one on the validation skies; 0 = never.");
    train.key("choose_threshold",
              &Train::choose_threshold,
              any,
              "",
              "Detect above the score that gives the best A_s on the validation skies, not 0.5.");
    train
        .key("checkpoint_every_s",
             &Train::checkpoint_every_s,
             within(0, 1e6),
             "s",
             "Time between checkpoints, from which a stopped training goes on; 0 = each step.")
        .only_running();

    train.key("precision",
              &Train::precision,
              any,
              "",
              "Of the products in all layers; weights and their sums are fp32 either way. bf16 is "
              "faster on a GPU and on a CPU with AVX-512, with 8 bits.");
    train.key(
        "wire",
        &Train::wire,
        any,
        "",
        "What gradients travel as between ranks; bf16 is half the bytes, and their sums are "
        "rounded to 8 bits. In the shared memory of one host the hidden layer's never travel, "
        "and stay as they are.");

    using Evaluate = EvaluateSettings;
    Section<Evaluate> evaluate(
        *this, "evaluate", &Campaign::evaluate, "Scores of the trained network on the test skies.");
    evaluate.key("threshold_finder",
                 &Evaluate::threshold_finder,
                 any,
                 "",
                 "Also score the best threshold finder, tuned on the training skies.");

    evaluate
        .key("models",
             &Evaluate::models,
             not_empty(),
             "",
             "Model files, from this file's folder, trained alike with other seeds; trained = what "
             "the train stage made.")
        .input_file();

    using Sweep = SweepSettings;
    Section<Sweep> sweep(*this,
                         "sweep",
                         &Campaign::sweep,
                         "Trainings of `faintweb sweep`: every combination of these lists. An "
                         "empty list leaves the key of its name as it is.");
    sweep
        .key("variants",
             &Sweep::variants,
             any,
             "",
             "Settings of the train section that go together, each set under a name of its own.")
        .only_running();
    sweep.key("network", &Sweep::network, learn::network_names(), "", "Values of train.network.")
        .only_running();
    sweep.key("scaling", &Sweep::scaling, any, "", "Values of train.scaling.").only_running();
    sweep.key("batch_size", &Sweep::batch_size, batch_sizes, "tile", "Values of train.batch_size.")
        .only_running();
    sweep.key("learning_rate", &Sweep::learning_rate, rates, "", "Values of train.learning_rate.")
        .only_running();
    sweep
        .key("min_pixels", &Sweep::min_pixels, pixel_counts, "pixel", "Values of label.min_pixels.")
        .only_running();
    sweep
        .key("flux_threshold_jy_arcsec2",
             &Sweep::flux_threshold_jy_arcsec2,
             fluxes,
             "Jy/arcsec2",
             "Values of label.flux_threshold_jy_arcsec2.")
        .only_running();
    sweep.key("seed", &Sweep::seed, any, "", "Values of train.seed.").only_running();
    sweep
        .key("epochs",
             &Sweep::epochs,
             epoch_counts,
             "",
             "Each training is evaluated after each of these and ends after the last; instead of "
             "train.epochs.")
        .only_running();
    sweep
        .key("reference",
             &Sweep::reference,
             any,
             "",
             "Variant that the others and the threshold finder are compared with, field by field.")
        .only_running();
    sweep
        .key("group_size",
             &Sweep::group_size,
             within(1, 1'000'000),
             "rank",
             "Ranks that share one training; so many groups as there are train at the same time.")
        .only_running();

    using Detect = DetectSettings;
    Section<Detect> detect(*this, "detect", &Campaign::detect, "From maps to the catalogue.");
    detect
        .key("maps",
             &Detect::maps,
             not_empty(),
             "",
             "FITS files, from this file's folder; [simulated] = the noise images of the test "
             "skies.")
        .input_file();
    detect
        .key("truth",
             &Detect::truth,
             not_empty(),
             "",
             "The noiseless sky of each map, in the order of maps, or none ([simulated] has its "
             "own).")
        .input_file();
    detect
        .key("model",
             &Detect::model,
             not_empty(),
             "",
             "Model file, from this file's folder; trained = what the train stage made.")
        .input_file();
    detect
        .key("catalogue",
             &Detect::catalogue,
             not_empty(),
             "",
             "The HDF5 file that is written, inside the output folder.")
        .only_running();
    detect.key(
        "accept_mismatch",
        &Detect::accept_mismatch,
        std::vector<std::string>{"pixel", "beam"},
        "",
        "Go on, and flag every row, where a map differs from what the model was trained for.");
    detect.key("threshold",
               &Detect::threshold,
               within(0, 1),
               "",
               "Score above which a tile is a detection; null = the model's own.");
    detect.key(
        "precision",
        &Detect::precision,
        Allowed(std::vector<std::string>{"auto", "fp32", "bf16"})
            .without("int8", "give auto; the network faintweb_lite is faster and finds more"),
        "",
        "What the inner layers of the network are computed in; auto = bf16 where the "
        "processor or GPU multiplies it itself, but fp32 for our own networks on a CPU, where "
        "that is faster.");
    detect.key("beam",
               &Detect::beam,
               any,
               "arcsec, arcsec, deg",
               "Beam of the maps whose headers lack one.");
    detect.key("unit",
               &Detect::unit,
               any,
               "",
               "Unit of the maps whose headers lack a usable one, as BUNIT would have it: Jy/beam, "
               "mJy/beam, Jy/arcsec2, MJy/sr, K.");
    detect.key("pixel_arcsec",
               &Detect::pixel_arcsec,
               above_up_to(0, 36000),
               "arcsec",
               "Pixel edge of the maps whose headers lack usable sky coordinates; they have no sky "
               "positions.");
    detect.key("force",
               &Detect::force,
               std::vector<std::string>{"beam", "unit", "pixel"},
               "",
               "Of beam, unit and pixel_arcsec, what counts also where a header says something "
               "else.");
    detect.key("hdu",
               &Detect::hdu,
               within(-1, 9999),
               "",
               "Which HDU of a map, 0 = the primary one; -1 = the first image that does not call "
               "itself noise, weight, mask or beam.");
    detect
        .key("exports",
             &Detect::exports,
             std::vector<std::string>{"csv", "fits", "ds9", "probability", "score", "rms"},
             "",
             "Further files beside the catalogue.")
        .only_running();
    detect.key("pictures", &Detect::pictures, any, "", "Draw each classified field as a PNG.")
        .only_running();

    using Parallel = ParallelSettings;
    Section<Parallel> parallel(
        *this,
        "parallel",
        &Campaign::parallel,
        "How the run is spread over the machine; the results stay the same.");
    parallel
        .key("device",
             &Parallel::device,
             std::vector<std::string>{"auto", "cpu", "cuda"},
             "",
             "Where the network runs; auto = a GPU if there is one.")
        .only_running();
    parallel
        .key("threads",
             &Parallel::threads,
             within(0, 4096),
             "",
             "Threads of one rank; 0 = OMP_NUM_THREADS, or where it is not set its share of the "
             "cores.")
        .only_running();
    parallel
        .key("scatter",
             &Parallel::scatter,
             std::vector<std::string>{"pixels", "windows"},
             "",
             "Rank 0 sends the pixels of a field, or the window that the worker reads itself.")
        .only_running();
    parallel
        .key("credits",
             &Parallel::credits,
             within(1, 64),
             "field",
             "Fields in flight per thread of a worker.")
        .only_running();
    parallel
        .key("dedicated_rank0",
             &Parallel::dedicated_rank0,
             any,
             "",
             "Rank 0 only hands out fields and classifies none itself.")
        .only_running();
    parallel
        .key(
            "deadline_s",
            &Parallel::deadline_s,
            within(1, 1e6),
            "s",
            "A rank that has not come to the end of a field of 2000 x 2000 px by then (others in "
            "proportion, if larger) is taken to be stuck, and detect ends with code 75, resumable.")
        .only_running();
    parallel
        .key("tile_memory_mb",
             &Parallel::tile_memory_mb,
             within(0, 1e9),
             "MB",
             "Training tiles of a rank beyond this are kept in a file in the output folder; 0 = "
             "none are.")
        .only_running();

    parallel
        .key(
            "reducer",
            &Parallel::reducer,
            std::vector<std::string>{"auto", "shared", "mpi", "nccl"},
            "",
            "How ranks sum gradients: shared memory of one host (where they then train one copy of "
            "the weights), MPI over host memory, or NCCL between GPUs; auto = NCCL on GPUs, else "
            "shared where it can be.")
        .only_running();
    parallel
        .key("profile",
             &Parallel::profile,
             any,
             "",
             "Print where the time went: per step of training, per field of detection.")
        .only_running();

    using Image = ImageSettings;
    Section<Image> image(*this, "image", &Campaign::image, "Reading of FITS files.");
    image
        .key("max_unpacked_bytes",
             &Image::max_unpacked_bytes,
             within(1, 0x1p50),
             "byte",
             "A gzipped map that unpacks to more is refused.")
        .only_running();
}

const Keys& Keys::all() {
    static const Keys keys;
    return keys;
}

const Key* Keys::find(const std::string& name) const {
    const auto found =
        std::find_if(list_.begin(), list_.end(), [&](const Key& key) { return key.name == name; });
    return found == list_.end() ? nullptr : &*found;
}

bool Keys::has_section(const std::string& name) const {
    return std::any_of(sections_.begin(), sections_.end(), [&](const SectionHelp& section) {
        return !name.empty() && section.name == name;
    });
}

std::string Key::section() const {
    const std::size_t dot = name.find('.');
    return dot == std::string::npos ? "" : name.substr(0, dot);
}

std::string Key::leaf() const {
    const std::size_t dot = name.find('.');
    return dot == std::string::npos ? name : name.substr(dot + 1);
}

}  // namespace faintweb::campaign
