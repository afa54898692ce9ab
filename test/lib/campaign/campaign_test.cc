#include "lib/campaign/campaign.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/error.h"
#include "lib/base/random.h"
#include "lib/base/text.h"
#include "lib/campaign/keys.h"

namespace faintweb::campaign {
namespace {

namespace fs = std::filesystem;
using Texts = std::vector<std::string>;

/// What every campaign needs, in three lines: what a test adds begins at line 4.
const std::string needed = "name: t\noutput: out\nstages: [simulate, train, evaluate, detect]\n";

Campaign parse(const std::string& text, const Texts& overrides = {}) {
    return parse_campaign(text, "c.yaml", overrides);
}

template <typename Work>
std::string fault_of(const Work& work) {
    try {
        work();
    } catch (const base::UsageError& error) {
        EXPECT_EQ(error.code(), base::ExitCode::usage);
        return error.what();
    }
    return "no fault";
}

std::string fault_in(const std::string& text, const Texts& overrides = {}) {
    return fault_of([&] { parse(text, overrides); });
}

/// A folder of this test's own, removed at its end.
class Folder {
  public:
    Folder() {
        std::string name = (fs::temp_directory_path() / "faintweb-campaign-XXXXXX").string();
        if (mkdtemp(name.data()) == nullptr) {
            throw std::runtime_error("no temporary folder");
        }
        path_ = name;
    }
    ~Folder() { fs::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    std::string path(const std::string& name) const { return (path_ / name).string(); }
    std::string write(const std::string& name, const std::string& text) const {
        std::ofstream(path(name), std::ios::binary) << text;
        return path(name);
    }

  private:
    fs::path path_;
};

struct BadCase {
    std::string text;
    std::string message;
};

TEST(Campaign, EveryFaultIsOneLineWithPlaceAndAdvice) {
    const std::vector<BadCase> cases = {
        // unknown and misplaced keys
        {needed + "train:\n  learning_rte: 1e-4\n",
         "c.yaml:5:3: unknown key 'train.learning_rte' (it would have no effect), did you mean "
         "train.learning_rate?"},
        {needed + "trian:\n  epochs: 3\n",
         "c.yaml:4:1: unknown key 'trian' (it would have no effect), did you mean train?"},
        {needed + "epochs: 3\n",
         "c.yaml:4:1: unknown key 'epochs' (it would have no effect), did you mean train.epochs?"},
        {needed + "sky:\n  beam_fwhm_arcsec: 3\n",
         "c.yaml:5:3: unknown key 'sky.beam_fwhm_arcsec' (it would have no effect), did you mean "
         "observation.beam_fwhm_arcsec?"},
        {needed + "flux_capacitor: 3\n",
         "c.yaml:4:1: unknown key 'flux_capacitor' (it would have no effect), see --dump-defaults "
         "for all keys"},
        {needed + "train.epochs: 3\n",
         "c.yaml:4:1: unknown key 'train.epochs' (it would have no effect), see --dump-defaults "
         "for "
         "all keys"},
        {needed + "<<: {seed: 3}\n",
         "c.yaml:4:1: unknown key '<<' (it would have no effect), see --dump-defaults for all "
         "keys"},
        {needed + "\"sk\\x1by\": 3\n",
         "c.yaml:4:1: unknown key 'sk?y' (it would have no effect), did you mean sky?"},
        {needed + "[a, b]: 3\n",
         "c.yaml:4:1: a list as a key (a key is a word), see --dump-defaults for all keys"},
        // duplicates
        {needed + "seed: 1\nseed: 2\n",
         "c.yaml:5:1: key 'seed' is given twice (first at c.yaml:4:1), remove one of the two"},
        {needed + "train:\n  epochs: 1\nsky:\n  size_px: 9\ntrain:\n  epochs: 2\n",
         "c.yaml:8:1: key 'train' is given twice (first at c.yaml:4:1), remove one of the two"},
        {needed + "train: {epochs: 1, epochs: 1}\n",
         "c.yaml:4:20: key 'train.epochs' is given twice (first at c.yaml:4:9), remove one of the "
         "two"},
        // wrong types
        {needed + "train:\n  epochs: many\n",
         "c.yaml:5:11: train.epochs is 'many' (not a whole number), give one in [1, 100000]"},
        {needed + "train:\n  epochs:\n  batch_size: 10\n",
         "c.yaml:5:3: train.epochs is empty (not a whole number), give one in [1, 100000]"},
        {needed + "train: 3\n",
         "c.yaml:4:8: train is '3' (it is a section), give its keys below it, indented"},
        {needed + "seed: {a: 1}\n",
         "c.yaml:4:7: seed is a mapping (not a whole number of at least 0), give one"},
        {needed + "train:\n  augment: yes\n",
         "c.yaml:5:12: train.augment is 'yes' (neither true nor false), give one of the two"},
        {needed + "detect:\n  maps: a.fits\n",
         "c.yaml:5:9: detect.maps is 'a.fits' (not a list), give one, for instance [a, b]"},
        // out of range
        {needed + "train:\n  learning_rate: 0\n",
         "c.yaml:5:18: train.learning_rate is '0' (outside (0, 1]), give a value in that range"},
        {needed + "train:\n  learning_rate: .nan\n",
         "c.yaml:5:18: train.learning_rate is '.nan' (not a finite number), give one in (0, 1]"},
        {needed + "tile_px: 7\n",
         "c.yaml:4:10: tile_px is '7' (outside [8, 256]), give a value in that range"},
        {needed + "tile_px: 5000000000\n",
         "c.yaml:4:10: tile_px is '5000000000' (too large a number), give a smaller one in [8, "
         "256]"},
        {needed + "train:\n  network: cosmodeep_sp\n",
         "c.yaml:5:12: train.network is 'cosmodeep_sp' (not among cosmodeep, cosmodeep_spp, "
         "faintweb, faintweb_fast or faintweb_lite), did you mean cosmodeep_spp?"},
        {needed + "train:\n  scaling: linear\n",
         "c.yaml:5:12: train.scaling is 'linear' (not among paper, fixed, asinh_sigma or "
         "asinh_local), give one "
         "of these"},
        {needed + "detect:\n  exports: [csv, votable]\n",
         "c.yaml:5:18: detect.exports is 'votable' (not among csv, fits, ds9, probability, score "
         "or "
         "rms), give "
         "one of "
         "these"},
        {"name: t\noutput: ''\nstages: [detect]\n",
         "c.yaml:2:9: output is '' (no characters), give a text"},
        // missing
        {"name: t\nstages: [train]\n",
         "c.yaml:1:1: key output is missing (a campaign cannot run without it), add it, for "
         "instance "
         "'output: results/campaign'"},
        {"",
         "c.yaml:1:1: the file is empty (a campaign needs at least name, output and stages), see "
         "--dump-defaults for all keys"},
        {"- a\n- b\n",
         "c.yaml:1:1: the file holds a list (a campaign is a list of 'key: value' lines), see "
         "--dump-defaults for all keys"},
        {"campaign\n",
         "c.yaml:1:1: the file holds 'campaign' (a campaign is a list of 'key: value' lines), see "
         "--dump-defaults for all keys"},
        // values that do not go together
        {"name: t\noutput: o\nstages: [train, simulate]\n",
         "c.yaml:3:17: stage simulate after train (each stage runs once, in the order simulate, "
         "train, evaluate, detect), give them in that order"},
        {"name: t\noutput: o\nstages: [train, train]\n",
         "c.yaml:3:17: stage train after train (each stage runs once, in the order simulate, "
         "train, evaluate, detect), give them in that order"},
        {"name: t\noutput: o\nstages: []\n",
         "c.yaml:3:9: stages is an empty list (nothing would be done), name at least one"},
        {needed + "field_px: 30\n",
         "c.yaml:4:11: tile_px is 40 (a field has only 30 pixels), give a smaller tile_px or a "
         "larger "
         "field_px"},
        {needed + "sky:\n  z_max: 0.03\n",
         "c.yaml:5:10: sky.z_min is 0.04 (not below sky.z_max, 0.03), give a smaller one"},
        {needed + "detect:\n  maps: [a.fits, b.fits]\n  truth: [c.fits]\n",
         "c.yaml:6:10: detect.truth has 1 files (detect.maps has 2), give one for each map, or "
         "none"},
        {needed + "detect:\n  maps: [simulated, b.fits]\n",
         "c.yaml:5:9: detect.maps names 'simulated' beside others (the simulated maps have their "
         "truth, others have not), give it alone, and the others in a campaign of their own"},
        {needed + "detect:\n  truth: [c.fits]\n",
         "c.yaml:5:10: detect.truth is given (the simulated maps have their own), leave it out"},
        {needed + "detect:\n  maps: []\n",
         "c.yaml:5:9: detect.maps is an empty list (the detect stage needs a map), name at least "
         "one"},
        {needed + "detect:\n  precision: int8\n",
         "c.yaml:5:14: detect.precision is 'int8' (no longer there), give auto; the network "
         "faintweb_lite is faster and finds more"},
        {needed + "simulate:\n  n_train: 0\n",
         "c.yaml:5:12: simulate.n_train is 0 (the train stage needs a sky), give at least 1"},
        {needed + "train:\n  validation_skies: 10\n",
         "c.yaml:5:21: train.validation_skies is 10 (of 10 none would be left to train on), give "
         "fewer of them or more skies"},
        {needed + "train:\n  patience: 3\n",
         "c.yaml:5:13: train.patience is 3 (without validation skies no epoch is better than "
         "another), give train.validation_skies"},
        {needed + "train:\n  choose_threshold: true\n",
         "c.yaml:5:21: train.choose_threshold is true (without validation skies there is nothing "
         "to choose it by), give train.validation_skies"},
        // hostile
        {needed + "seed: &a 1\n",
         "c.yaml:4:7: an anchor or alias (a campaign holds plain values only), write the value "
         "itself"},
        {needed + "sky:\n\tsize_px: 9\n",
         "c.yaml:5:1: a tab in the indentation (YAML allows only spaces there), replace it by "
         "spaces"},
        {needed + "seed: [1\n",
         "c.yaml:5:1: not YAML (end of sequence flow not found), correct the text there"},
    };
    for (const BadCase& bad : cases) {
        EXPECT_EQ(fault_in(bad.text), bad.message) << bad.text;
    }
}

TEST(Campaign, RulesOfTheSkyAreCheckedBeforeTheRun) {
    // A field wider than 40 deg: a rule of lib/sky that no single key can see.
    const std::string fault = fault_in(needed + "sky:\n  size_px: 40000\n");
    EXPECT_EQ(fault.rfind("c.yaml:5:12: sky.size_px is 40000 (", 0), 0u) << fault;
}

TEST(Campaign, AllFaultsOfAFileAreShown) {
    EXPECT_EQ(fault_in("nmae: x\noutput: o\nseed: -1\n", {"tile_px=1"}),
              "c.yaml:1:1: unknown key 'nmae' (it would have no effect), did you mean name?\n"
              "c.yaml:3:7: seed is '-1' (not a whole number of at least 0), give one\n"
              "--set: tile_px is '1' (outside [8, 256]), give a value in that range\n"
              "c.yaml:1:1: key name is missing (a campaign cannot run without it), add it, for "
              "instance 'name: campaign'\n"
              "c.yaml:1:1: key stages is missing (a campaign cannot run without it), add it, for "
              "instance 'stages: [simulate, train, evaluate, detect]'");
    std::string many = needed;
    for (int i = 0; i < 500; ++i) {
        many += base::text("zzzzzzzzzz", i, ": 1\n");
    }
    const std::string fault = fault_in(many);
    EXPECT_EQ(std::count(fault.begin(), fault.end(), '\n'), 20);
    EXPECT_NE(fault.find("\nand 480 more faults"), std::string::npos);
}

TEST(Campaign, ReadsEveryKindOfValue) {
    const Campaign c = parse(R"(
name: my run
seed: 18446744073709551615
output: some/where
stages: [train, detect]
tile_px: 48
sky: {size_px: 1000, z_max: 0.3}
observation:          # a comment
  noise_jy_beam: 4.5e-4
label:
train:
  scaling: paper
  augment: false
detect:
  maps:
    - ../a.fits
    - /data/b.fits
  model: m.safetensors
  accept_mismatch: [pixel, beam]
  threshold: 0.25
  beam: [45, 40, -10]
  unit: jy_beam
  pixel_arcsec: 7.5
  hdu: 1
  exports: []
image:
  max_unpacked_bytes: 1000000
)");
    EXPECT_EQ(c.name, "my run");
    EXPECT_EQ(c.seed, 18446744073709551615u);
    EXPECT_EQ(c.output, "some/where");
    EXPECT_EQ(c.stages, (std::vector<Stage>{Stage::train, Stage::detect}));
    EXPECT_TRUE(c.has_stage(Stage::detect));
    EXPECT_FALSE(c.has_stage(Stage::evaluate));
    EXPECT_EQ(c.tile_px, 48);
    EXPECT_EQ(c.field_px, 2000);
    EXPECT_EQ(c.sky.size_px, 1000);
    EXPECT_EQ(c.sky.z_max, 0.3);
    EXPECT_EQ(c.observation.noise_jy_beam, 4.5e-4);
    EXPECT_EQ(c.label.min_pixels, 40);
    EXPECT_EQ(c.train.scaling, tile::Scaling::paper);
    EXPECT_FALSE(c.train.augment);
    EXPECT_EQ(c.detect.maps, (Texts{"../a.fits", "/data/b.fits"}));
    EXPECT_EQ(c.detect.accept_mismatch, (Texts{"pixel", "beam"}));
    EXPECT_EQ(c.detect.threshold, 0.25);
    EXPECT_TRUE(c.detect.exports.empty());
    EXPECT_EQ(c.positions.at("detect.maps[1]"), "c.yaml:17:7");
    const image::MapOptions options = map_options(c);
    EXPECT_EQ(options.beam, (image::Beam{45, 40, -10}));
    EXPECT_EQ(options.unit, (image::ScaledUnit{image::PixelUnit::jy_beam, 1}));
    EXPECT_EQ(options.pixel_arcsec, 7.5);
    EXPECT_EQ(options.hdu, 1);
    EXPECT_EQ(options.max_unpacked_bytes, 1000000);
}

TEST(Campaign, UnitsAreReadAsHeadersSpellThem) {
    const auto unit_of = [](const std::string& text) {
        return default_campaign({"detect.unit=" + text}).detect.unit;
    };
    EXPECT_EQ(unit_of("null"), std::nullopt);
    EXPECT_EQ(unit_of("uJy/beam"), (image::ScaledUnit{image::PixelUnit::jy_beam, 1e-6}));
    EXPECT_EQ(unit_of("beam-1 Jy"), (image::ScaledUnit{image::PixelUnit::jy_beam, 1}));
    EXPECT_EQ(unit_of("mK"), (image::ScaledUnit{image::PixelUnit::kelvin, 1e-3}));
    EXPECT_EQ(fault_of([&] { unit_of("MJY/BEAM"); }),
              "--set: detect.unit is 'MJY/BEAM' (M in capitals may mean milli or mega), give it as "
              "in BUNIT: Jy/beam, mJy/beam, Jy/arcsec2, MJy/sr, K");
}

TEST(Campaign, ForcesOnlyWhatIsGiven) {
    const image::MapOptions options =
        map_options(default_campaign({"detect.beam=[45, 40, 10]", "detect.force=[beam]"}));
    EXPECT_TRUE(options.force_beam);
    EXPECT_FALSE(options.force_unit);
    EXPECT_FALSE(options.force_pixel);
    EXPECT_EQ(
        fault_of([&] {
            default_campaign({"detect.beam=[45, 40, 10]", "detect.force=[pixel]"});
        }),
        "--set: detect.force names pixel (detect.pixel_arcsec is not given), give it or leave "
        "it out of the list");
}

TEST(Campaign, AThresholdThatNothingOrEverythingPassesIsRefused) {
    EXPECT_EQ(default_campaign().detect.threshold, std::nullopt);
    EXPECT_EQ(default_campaign({"detect.threshold=null"}).detect.threshold, std::nullopt);
    EXPECT_EQ(default_campaign({"detect.threshold=1e-9"}).detect.threshold, 1e-9);
    for (const char* value : {"0", "0.0", "-0.0", "1", "1.0"}) {
        EXPECT_THROW(default_campaign({base::text("detect.threshold=", value)}), base::UsageError)
            << value;
    }
}

TEST(Campaign, InputFilesAreFoundFromTheCampaignFile) {
    const std::string text =
        "name: t\noutput: out\nstages: [detect]\ndetect:\n  maps: [a.fits, "
        "../b.fits, /c.fits]\n  truth: [x, y, z]\n  model: m.safetensors\n";
    const Campaign c = parse_campaign(text, "night/one/c.yaml", {});
    EXPECT_EQ(c.detect.maps, (Texts{"night/one/a.fits", "night/b.fits", "/c.fits"}));
    EXPECT_EQ(c.detect.truth, (Texts{"night/one/x", "night/one/y", "night/one/z"}));
    EXPECT_EQ(c.detect.model, "night/one/m.safetensors");
    EXPECT_EQ(c.output, "out");
    // From an override: from the current folder.
    const Campaign set =
        parse_campaign(text,
                       "night/one/c.yaml",
                       {"detect.maps=[d.fits]", "detect.truth=[]", "detect.model=trained"});
    EXPECT_EQ(set.detect.maps, (Texts{"d.fits"}));
    EXPECT_EQ(set.detect.model, trained_model);
    // A file of a reserved name can be meant, too.
    const Campaign file =
        parse_campaign(text, "c.yaml", {"detect.maps=[./simulated]", "detect.truth=[./t]"});
    EXPECT_EQ(file.detect.maps, (Texts{"./simulated"}));
    EXPECT_EQ(
        parse_campaign(text, "a/c.yaml", {"detect.maps=[trained]", "detect.truth=[simulated]"})
            .detect.truth,
        (Texts{"simulated"}));  // reserved for maps only
}

TEST(Campaign, OverridesWinAndTheLastOneOfAll) {
    const Texts overrides = {
        "train.epochs=3", "train.epochs=4", "name=other = one", "sky.z_max=.3"};
    const Campaign c = parse(needed + "train:\n  epochs: wrong\n", overrides);
    EXPECT_EQ(c.train.epochs, 4);
    EXPECT_EQ(c.name, "other = one");
    EXPECT_EQ(c.sky.z_max, .3);
    EXPECT_EQ(c.positions.at("train.epochs"), "--set");
    EXPECT_EQ(parse("seed: 1\n", {"name=a", "output=b", "stages=[train]"}).name, "a");
}

TEST(Campaign, OverridesAreCheckedAsTheFileIs) {
    const std::vector<BadCase> cases = {
        {"train.epoch=3",
         "--set: unknown key 'train.epoch' (it would have no effect), did you mean train.epochs?"},
        {"epochs=3",
         "--set: unknown key 'epochs' (it would have no effect), did you mean train.epochs?"},
        {"train.epochs=many",
         "--set: train.epochs is 'many' (not a whole number), give one in [1, 100000]"},
        {"train.epochs=0",
         "--set: train.epochs is '0' (outside [1, 100000]), give a value in that range"},
        {"train.epochs=",
         "--set: train.epochs is empty (not a whole number), give one in [1, 100000]"},
        {"train.epochs", "--set: 'train.epochs' (not KEY=VALUE), give for instance train.epochs=5"},
        {"=3", "--set: '=3' (not KEY=VALUE), give for instance train.epochs=5"},
        {"train=3",
         "--set: train is a section (only keys have values), see --dump-defaults for all keys"},
        {"detect.maps=[a",
         "--set: not YAML (end of sequence flow not found), correct the text there"},
        {"field_px=30",
         "--set: tile_px is 40 (a field has only 30 pixels), give a smaller tile_px or a larger "
         "field_px"},
    };
    for (const BadCase& bad : cases) {
        EXPECT_EQ(fault_in(needed, {bad.text}), bad.message);
        EXPECT_EQ(fault_of([&] { default_campaign({bad.text}); }), bad.message);
    }
    EXPECT_EQ(default_campaign({"train.epochs=7"}).train.epochs, 7);
}

TEST(Campaign, DumpedDefaultsAreTheDefaults) {
    const std::string text = dump_defaults();
    const Campaign c = parse_campaign(text, "defaults.yaml", {});
    EXPECT_EQ(dump(c), dump(default_campaign()));
    for (const Key& key : Keys::all().list()) {
        EXPECT_TRUE(c.positions.contains(key.name)) << key.name << " is not in the dump";
        EXPECT_FALSE(key.help.empty()) << key.name;
        EXPECT_EQ(key.print(c), key.print(Campaign())) << key.name;
        // Its declaration's help, range and unit stand in the lines before it.
        EXPECT_NE(text.find(key.help + " [" + key.type), std::string::npos) << key.name;
    }
    EXPECT_NE(
        text.find("\n  # Step of the Adam optimiser. [number: (0, 1]]\n  learning_rate: 7e-05\n"),
        std::string::npos)
        << text;
    EXPECT_NE(
        text.find("\n  # Edge of a pixel. [number: [0.1, 600]; arcsec]\n  pixel_arcsec: 9.6\n"),
        std::string::npos);
}

/// Every key at another value than its default, as --set would give it.
Texts another_value_of_every_key() {
    return {"name=\"other: name\"",
            "seed=7",
            "output=else",
            "stages=[detect]",
            "tile_px=32",
            "field_px=1000",
            "cosmology.omega_matter=0.3",
            "cosmology.omega_baryon=0.05",
            "cosmology.h=0.7",
            "cosmology.sigma8=0.8",
            "cosmology.spectral_index=1",
            "cosmology.t_cmb_k=2.7",
            "boxes.seed=5",
            "boxes.edges_mpc=[60, 100, 200]",
            "boxes.n_slabs=[4, 4, 7]",
            "boxes.n_realisations=3",
            "boxes.n_test_realisations=2",
            "boxes.n_particles=192",
            "boxes.n_mesh=300",
            "boxes.n_steps=20",
            "boxes.a_start=0.05",
            "boxes.n_sheet=3",
            "boxes.map_px=12000",
            "boxes.web_map_px=2000",
            "boxes.keep_particles=true",
            "boxes.ranks_per_box=4",
            "boxes.folder=elsewhere",
            "sky.source=hdf5",
            "sky.snapshots=[s.h5]",
            "sky.test_snapshots=[t.h5, u.h5]",
            "sky.maps=[m.fits]",
            "sky.test_maps=[n.fits]",
            "sky.size_px=500",
            "sky.pixel_arcsec=8",
            "sky.centre_ra_deg=10.5",
            "sky.centre_dec_deg=20",
            "sky.z_min=0.05",
            "sky.z_max=0.4",
            "sky.frequency_hz=9.4e8",
            "sky.min_mass_msun=5e13",
            "sky.xi_e=0.02",
            "sky.f_merge=2",
            "sky.xi_min=0.1",
            "sky.vs_mu=1.1",
            "sky.vs_sigma=0.1",
            "sky.r_max=2",
            "sky.eps_b=2e-3",
            "sky.r_dyn_mpc=1",
            "sky.a_dyn=10",
            "sky.a_acc=1",
            "sky.ln_b_sigma=0.15",
            "sky.ln_n_sigma=0.15",
            "sky.corrugation=0.01",
            "sky.l_cool_mpc=0.3",
            "sky.resolution_arcsec=25",
            "sky.points_per_beam=10",
            "sky.floor_jy_arcsec2=1e-12",
            "sky.p_inlet=0.5",
            "sky.p_core=0.1",
            "sky.core_mach=3",
            "sky.min_sheath_mass_msun=1e14",
            "sky.a_fil=5",
            "sky.a_web=4",
            "sky.web_layer=false",
            "sky.halo_layer=false",
            "sky.sheath_layer=false",
            "snapshot.group=gas",
            "snapshot.density=rho",
            "snapshot.temperature=T",
            "snapshot.velocity=[u, v, w]",
            "snapshot.magnetic_field=[Bx, By, Bz]",
            "snapshot.density_factor=2e30",
            "snapshot.temperature_factor=2",
            "snapshot.velocity_factor=3",
            "snapshot.magnetic_field_factor=4",
            "observation.beam_fwhm_arcsec=12",
            "observation.noise_jy_beam=2e-5",
            "observation.sidelobe_level=0.02",
            "observation.sidelobe_radius_beams=2",
            "observation.largest_scale_arcsec=1000",
            "observation.noise_scatter=0.1",
            "point_sources.enabled=true",
            "point_sources.min_flux_jy=1e-3",
            "point_sources.max_flux_jy=0.5",
            "point_sources.spectral_index=-0.8",
            "label.min_pixels=9",
            "label.flux_threshold_jy_arcsec2=5e-8",
            "simulate.n_train=3",
            "simulate.n_test=2",
            "simulate.layers=true",
            "simulate.slabs=[0, 2]",
            "simulate.folder=skies",
            "train.network=cosmodeep",
            "train.scaling=fixed",
            "train.seed=6",
            "train.epochs=3",
            "train.keep_epochs=[1, 2]",
            "train.batch_size=10",
            "train.learning_rate=0.123456789012345",
            "train.dropout_keep=0.5",
            "train.augment=false",
            "train.noise_per_signal=2",
            "train.joint=true",
            "train.max_tiles=2000",
            "train.source=simulate",
            "train.micro_batch=32",
            "train.warmup_epochs=0.5",
            "train.reference_batch=100",
            "train.final_rate=0.1",
            "train.cells_weight=0.5",
            "train.validation_skies=1",
            "train.validate_every=2",
            "train.keep=last",
            "train.patience=7",
            "train.choose_threshold=true",
            "train.checkpoint_every_s=10",
            "train.precision=bf16",
            "train.wire=bf16",
            "evaluate.threshold_finder=false",
            "evaluate.models=[a.st, b.st]",
            "sweep.variants=[{name: v, train.augment: false}]",
            "sweep.network=[cosmodeep]",
            "sweep.scaling=[paper, fixed]",
            "sweep.batch_size=[15, 30]",
            "sweep.learning_rate=[1e-6, 1e-5]",
            "sweep.min_pixels=[40, 9]",
            "sweep.flux_threshold_jy_arcsec2=[1e-7, 1e-8]",
            "sweep.seed=[1, 2]",
            "sweep.epochs=[10, 20]",
            "sweep.reference=v",
            "sweep.group_size=2",
            "detect.maps=[a.fits, \"b c.fits\"]",
            "detect.truth=[t.fits, u.fits]",
            "detect.model=m.st",
            "detect.catalogue=other.h5",
            "detect.accept_mismatch=[beam]",
            "detect.threshold=0.9",
            "detect.precision=bf16",
            "detect.beam=[45, 40, 10]",
            "detect.unit=jy_arcsec2",
            "detect.pixel_arcsec=7.5",
            "detect.force=[unit, pixel]",
            "detect.hdu=2",
            "detect.exports=[ds9]",
            "detect.pictures=false",
            "parallel.device=cpu",
            "parallel.threads=2",
            "parallel.scatter=windows",
            "parallel.credits=3",
            "parallel.dedicated_rank0=true",
            "parallel.deadline_s=30",
            "parallel.tile_memory_mb=0.5",
            "parallel.reducer=mpi",
            "parallel.profile=true",
            "image.max_unpacked_bytes=1000"};
}

TEST(Campaign, DumpReadsBackWithEveryKeyChanged) {
    const Texts changes = another_value_of_every_key();
    ASSERT_EQ(changes.size(), Keys::all().list().size()) << "a key is missing from this test";
    // A campaign names the files of one source of skies, and no epochs where training may end
    // early, so it takes two to change every key.
    const std::set<std::string> not_of_hdf5 = {"sky.maps", "sky.test_maps", "train.patience"};
    const std::set<std::string> not_of_fits = {"sky.snapshots",
                                               "sky.test_snapshots",
                                               "simulate.layers",
                                               "simulate.slabs",
                                               "train.keep_epochs",
                                               "sweep.epochs"};
    for (const auto& [source, left_out] :
         {std::pair{"sky.source=hdf5", not_of_hdf5}, {"sky.source=fits", not_of_fits}}) {
        Texts overrides;
        for (const std::string& change : changes) {
            if (!left_out.contains(change.substr(0, change.find('=')))) {
                overrides.push_back(change);
            }
        }
        overrides.emplace_back(source);
        const Campaign c = default_campaign(overrides);
        for (const Key& key : Keys::all().list()) {
            EXPECT_EQ(key.print(c) == key.print(Campaign()), left_out.contains(key.name))
                << key.name;
        }
        EXPECT_EQ(c.train.learning_rate, 0.123456789012345);
        const std::string text = dump(c);
        const Campaign back = parse_campaign(text, "dump.yaml", {});
        EXPECT_EQ(dump(back), text);
        EXPECT_EQ(settings_text(back), settings_text(c));
        EXPECT_EQ(back.name, "other: name");
        EXPECT_EQ(back.detect.maps, (Texts{"a.fits", "b c.fits"}));
    }
}

TEST(Campaign, SettingsTextChangesWithExactlyTheSettingsThatChangeResults) {
    const std::set<std::string> running = {"name",
                                           "output",
                                           "stages",
                                           "detect.catalogue",
                                           "detect.exports",
                                           "detect.pictures",
                                           "boxes.keep_particles",
                                           "boxes.ranks_per_box",
                                           "boxes.folder",
                                           "simulate.layers",
                                           "simulate.slabs",
                                           "train.source",
                                           "train.checkpoint_every_s",
                                           "parallel.device",
                                           "parallel.threads",
                                           "parallel.scatter",
                                           "parallel.credits",
                                           "parallel.dedicated_rank0",
                                           "parallel.deadline_s",
                                           "parallel.reducer",
                                           "parallel.profile",
                                           "parallel.tile_memory_mb",
                                           "image.max_unpacked_bytes",
                                           "simulate.folder",
                                           "sweep.variants",
                                           "sweep.network",
                                           "sweep.scaling",
                                           "sweep.batch_size",
                                           "sweep.learning_rate",
                                           "sweep.min_pixels",
                                           "sweep.flux_threshold_jy_arcsec2",
                                           "sweep.seed",
                                           "sweep.epochs",
                                           "sweep.reference",
                                           "sweep.group_size"};
    const std::set<std::string> inputs = {"sky.snapshots",
                                          "sky.test_snapshots",
                                          "sky.maps",
                                          "sky.test_maps",
                                          "detect.maps",
                                          "detect.truth",
                                          "detect.model",
                                          "evaluate.models"};
    std::set<std::string> seen = {settings_text(default_campaign())};
    for (const std::string& change : another_value_of_every_key()) {
        const std::string key = change.substr(0, change.find('='));
        // Files of skies are named where their source is chosen.
        Texts overrides;
        for (const auto& [source, list] :
             {std::pair{"hdf5", "snapshots"}, std::pair{"fits", "maps"}}) {
            if (key == base::text("sky.", list) || key == base::text("sky.test_", list)) {
                overrides = {base::text("sky.source=", source),
                             base::text("sky.", list, "=[first]"),
                             "simulate.n_test=0",
                             "stages=[simulate]"};
            }
        }
        // Of use with validation skies only.
        if (key == "train.patience" || key == "train.choose_threshold") {
            overrides = {"train.validation_skies=1"};
        }
        // What is forced must be given.
        if (key == "detect.force") {
            overrides = {"detect.unit=K", "detect.pixel_arcsec=7.5"};
        }
        const Campaign unchanged = default_campaign(overrides);
        const std::string before = settings_text(unchanged);
        const std::string before_without_names = settings_text(unchanged, {}, InputNames::left_out);
        overrides.push_back(change);
        if (key == "detect.truth") {
            overrides.push_back("detect.maps=[a.fits, \"b c.fits\"]");
        }
        if (key == "sweep.reference") {
            overrides.push_back("sweep.variants=[{name: v}]");
        }
        if (key == "sky.source") {
            overrides.push_back("sky.snapshots=[other.h5]");
            overrides.push_back("simulate.n_test=0");
            overrides.push_back("stages=[simulate]");
        }
        if (key == "boxes.n_test_realisations") {
            overrides.push_back("boxes.n_realisations=3");
        }
        const Campaign c = default_campaign(overrides);
        const std::string after = settings_text(c);
        EXPECT_EQ(after == before, running.contains(key)) << key;
        EXPECT_EQ(settings_text(c, {}, InputNames::left_out) == before_without_names,
                  running.contains(key) || inputs.contains(key))
            << key;
        if (!running.contains(key)) {
            EXPECT_TRUE(seen.insert(after).second) << key << " has the text of another change";
        }
    }
}

TEST(Campaign, SettingsTextOfAStageSeesOnlyItsSections) {
    const Texts simulate = {"seed", "sky", "observation", "simulate.n_test"};
    const Campaign c = default_campaign();
    const Campaign trained_longer = default_campaign({"train.epochs=3"});
    EXPECT_EQ(settings_text(c, simulate), settings_text(trained_longer, simulate));
    EXPECT_NE(settings_text(c, {"train"}), settings_text(trained_longer, {"train"}));
    EXPECT_NE(settings_text(c, simulate), settings_text(default_campaign({"seed=2"}), simulate));
    EXPECT_EQ(settings_text(c, {"seed", "label"}),
              "seed=1\nlabel.min_pixels=40\nlabel.flux_threshold_jy_arcsec2=1e-07\n");
    // How the file is written does not matter.
    EXPECT_EQ(settings_text(parse(needed + "seed: +1\nlabel: {min_pixels: 40}\n")),
              settings_text(parse("# x\n" + needed)));
}

TEST(Campaign, BothSetsOfSkiesNeedBoxesOfTheirOwn) {
    EXPECT_EQ(fault_of([] { parse(needed + "boxes: {n_test_realisations: 0}\n"); }),
              "c.yaml:4:30: boxes.n_test_realisations is 0 (test skies need boxes that training "
              "skies do not show), give at least 1");
    EXPECT_EQ(fault_of([] { parse(needed + "boxes: {n_test_realisations: 2}\n"); }),
              "c.yaml:4:30: boxes.n_test_realisations is 2 (no realisation is left for training "
              "skies), give more n_realisations");
    // Skies that are made while training need theirs too.
    const std::string no_simulate =
        "name: t\noutput: out\nstages: [train]\nboxes: {n_test_realisations: 2}\n";
    EXPECT_EQ(fault_of([&] { parse(no_simulate, {"train.source=simulate"}); }),
              "c.yaml:4:30: boxes.n_test_realisations is 2 (no realisation is left for training "
              "skies), give more n_realisations");
    EXPECT_EQ(parse(no_simulate).train.source, learn::TileSource::files);
}

TEST(Campaign, BothSetsOfSkiesNeedFilesOfTheirOwn) {
    const std::string same = " (test skies would show what training skies show), name ";
    EXPECT_EQ(fault_in(needed + "sky: {source: hdf5}\n"),
              "c.yaml:4:15: sky.snapshots is an empty list (sky.source is hdf5), name at least "
              "one file");
    EXPECT_EQ(fault_in(needed + "sky: {source: fits, maps: [a.fits]}\n"),
              "c.yaml:4:27: sky.test_maps is an empty list" + same +
                  "files of another universe there, or set simulate.n_test: 0");
    EXPECT_EQ(fault_in(needed + "sky: {source: fits, maps: [a.fits, b.fits], test_maps: [c.fits, "
                                "b.fits]}\n"),
              "c.yaml:4:65: sky.test_maps[1] is among sky.maps too" + same +
                  "a file of another universe");
    EXPECT_EQ(fault_in(needed + "sky: {source: fits, maps: [a.fits], test_maps: [b.fits]}\n"
                                "simulate: {layers: true}\n"),
              "c.yaml:5:20: simulate.layers or simulate.slabs is given (ready maps have neither), "
              "leave them out");
    EXPECT_EQ(fault_in(needed + "snapshot: {velocity: [vx, vy]}\n"),
              "c.yaml:4:22: snapshot.velocity has 2 names (a vector has three parts), name the "
              "datasets of x, y and z");
}

TEST(Campaign, SkiesAreMadeFromTheFilesOfTheirSource) {
    const std::map<std::string, std::string> lists{
        {"boxes", ""},
        {"hdf5", "snapshots: [a.h5], test_snapshots: [b.h5], "},
        {"fits", "maps: [a.fits], test_maps: [b.fits], "}};
    const auto files = [&](const char* source, sky::SkySet set, const Texts& overrides = {}) {
        const std::string sky = base::text("sky: {", lists.at(source), "source: ", source, "}\n");
        const SkyFiles named = sky_files(parse(needed + sky, overrides), set);
        return named.key + (named.files.empty() ? "" : " " + named.files[0]);
    };
    EXPECT_EQ(files("boxes", sky::SkySet::train), "");
    EXPECT_EQ(files("hdf5", sky::SkySet::train), "sky.snapshots a.h5");
    EXPECT_EQ(files("hdf5", sky::SkySet::test), "sky.test_snapshots b.h5");
    EXPECT_EQ(files("fits", sky::SkySet::train), "sky.maps a.fits");
    EXPECT_EQ(files("fits", sky::SkySet::test), "sky.test_maps b.fits");
    // Test skies alone may take the files of training skies, which then show in no other.
    const Texts alone{"simulate.n_train=0", "stages=[simulate]"};
    EXPECT_EQ(files("fits", sky::SkySet::test, alone), "sky.test_maps b.fits");
    Texts one_list = alone;
    one_list.push_back("sky.test_maps=[]");
    EXPECT_EQ(files("fits", sky::SkySet::test, one_list), "sky.maps a.fits");
}

TEST(Campaign, FilesThatNoSkyIsMadeFromAreRefused) {
    const auto unused = [](const char* place, const char* key, const char* source) {
        return base::text("c.yaml:",
                          place,
                          ": ",
                          key,
                          " is given (no sky is made from it unless sky.source is ",
                          source,
                          "), leave it out or set sky.source: ",
                          source);
    };
    EXPECT_EQ(fault_in(needed + "sky: {snapshots: [a.h5]}\n"),
              unused("4:18", "sky.snapshots", "hdf5"));
    EXPECT_EQ(fault_in(needed + "sky: {test_maps: [a.fits]}\n"),
              unused("4:18", "sky.test_maps", "fits"));
    EXPECT_EQ(fault_in(needed + "sky: {source: hdf5, snapshots: [a.h5], test_snapshots: [b.h5], "
                                "maps: [a.fits]}\n"),
              unused("4:70", "sky.maps", "fits"));
}

TEST(Campaign, SnapshotsNeedNoBoxesThatFitTheSky) {
    // These boxes are too coarse, and none is left for training.
    const std::string text = needed + "boxes: {n_particles: 32, n_test_realisations: 2}\n";
    EXPECT_NE(fault_in(text), "no fault");
    EXPECT_EQ(fault_in(text + "sky: {source: hdf5, snapshots: [a.h5], test_snapshots: [b.h5]}\n"),
              "no fault");
    // Ready maps have a size of their own.
    EXPECT_EQ(fault_in(text + "sky: {source: fits, maps: [a.fits], test_maps: [b.fits], "
                              "pixel_arcsec: 60}\n"),
              "no fault");
}

TEST(Campaign, BoxesThatDoNotFitTheSkyAreOneLineEach) {
    EXPECT_EQ(fault_of([] { parse(needed + "boxes: {n_slabs: [1, 1]}\n"); }),
              "c.yaml:4:18: boxes.n_slabs has 2 numbers for the 3 boxes of boxes.edges_mpc (each "
              "class of boxes needs its own), give one per class");
    for (const auto& [boxes, named] :
         {std::pair{"boxes: {n_particles: 32}", "c.yaml:4:22: boxes.n_particles is 32 ("},
          {"boxes: {n_slabs: [4, 4, 1]}", "c.yaml:4:18: boxes.n_slabs ends at "},
          {"boxes: {map_px: 1000}", "c.yaml:4:17: boxes.map_px is 1000 ("},
          {"boxes: {n_particles: 255}", "c.yaml:4:22: boxes.n_particles is 255 ("},
          {"boxes: {n_mesh: 385}", "c.yaml:4:17: boxes.n_mesh is 385 ("},
          {"boxes: {n_particles: 400}", "c.yaml:4:22: boxes.n_mesh is 384 (coarser"},
          {"boxes: {ranks_per_box: 129}", "c.yaml:4:24: boxes.ranks_per_box is 129 ("},
          // What is to blame was not given: the fault stands where the other side was.
          {"boxes: {map_px: 9000}\nsky: {min_mass_msun: 1e12}",
           "c.yaml:5:22: boxes.n_mesh is 384 ("}}) {
        const std::string fault = fault_of([&] { parse(needed + boxes + "\n"); });
        EXPECT_TRUE(fault.starts_with(named)) << fault;
        EXPECT_EQ(fault.find('\n'), std::string::npos) << fault;
        EXPECT_NE(fault.find("("), std::string::npos) << fault;
    }
    EXPECT_EQ(fault_in(needed, {"boxes.n_mesh=100"}).rfind("--set: boxes.n_mesh is 100 (", 0), 0u);
}

TEST(Campaign, TheRangeOfAKeyIsTheOneThatIsChecked) {
    EXPECT_EQ(default_campaign({"boxes.n_mesh=4096"}).boxes.n_mesh, 4096);
    for (const auto& [setting, fault] :
         {std::pair{"boxes.n_mesh=4097", "boxes.n_mesh is '4097' (outside [16, 4096])"},
          {"boxes.edges_mpc=[24]", "boxes.edges_mpc is '24' (outside [25, 2000])"},
          {"sky.r_max=0.4", "sky.r_max is '0.4' (outside [0.5, 5])"},
          {"sky.core_mach=1.2", "sky.core_mach is '1.2' (outside [1.5, 10])"},
          {"observation.sidelobe_radius_beams=0.9",
           "observation.sidelobe_radius_beams is '0.9' (outside [1, 100])"},
          {"observation.noise_scatter=1.5", "observation.noise_scatter is '1.5' (outside [0, 1])"},
          {"boxes.n_realisations=0", "boxes.n_realisations is '0' (outside [1, 10000])"}}) {
        EXPECT_EQ(fault_in(needed, {setting}),
                  base::text("--set: ", fault, ", give a value in that range"));
    }
}

TEST(Campaign, MissingFilesAreNamedWithTheirKey) {
    const Folder folder;
    folder.write("here.fits", "x");
    fs::create_directory(folder.path("folder.fits"));
    const std::string text =
        "name: t\noutput: o\nstages: [detect]\ndetect:\n  maps: [here.fits, "
        "gone.fits, folder.fits]\n  model: gone.safetensors\n";
    const std::string file = folder.write("c.yaml", text);
    const std::string hint = ", correct the path (from the campaign file's folder)";
    const Campaign c = read_campaign(file, {});
    EXPECT_EQ(c.text, text);
    EXPECT_EQ(fault_of([&] { check_files(c); }),
              file + ":5:21: detect.maps[1] cannot be read: " + folder.path("gone.fits") +
                  " (there is no file of this name)" + hint + "\n" + file +
                  ":5:32: detect.maps[2] cannot be read: " + folder.path("folder.fits") +
                  " (it is a folder)" + hint + "\n" + file +
                  ":6:10: detect.model cannot be read: " + folder.path("gone.safetensors") +
                  " (there is no file of this name)" + hint);
    // A stage that does not run needs no files; neither do names that mean this campaign's own.
    check_files(read_campaign(file, {"stages=[train]"}));
    check_files(default_campaign());
    check_files(read_campaign(
        file, {"detect.maps=[" + folder.path("here.fits") + "]", "detect.model=trained"}));

    const std::string skies = folder.write(
        "skies.yaml",
        "name: t\noutput: o\nstages: [simulate]\nsky: {source: hdf5, snapshots: [here.fits], "
        "test_snapshots: [gone.h5]}\n");
    EXPECT_EQ(fault_of([&] { check_files(read_campaign(skies, {})); }),
              skies + ":4:62: sky.test_snapshots[0] cannot be read: " + folder.path("gone.h5") +
                  " (there is no file of this name)" + hint);
    check_files(read_campaign(skies,
                              {"sky.test_snapshots=[" + folder.path("here.fits") + "]",
                               "sky.snapshots=[" + folder.path("c.yaml") + "]"}));
    // Skies that are made in memory need the files that they are made from; those that are read
    // need none.
    const std::string plain = folder.write("plain.yaml", "name: t\noutput: o\n");
    const auto missed = [&](const char* stage, const char* source) {
        return fault_of([&] {
            check_files(read_campaign(plain,
                                      {"sky.source=fits",
                                       "sky.maps=[a.fits]",
                                       "sky.test_maps=[b.fits]",
                                       base::text("stages=[", stage, "]"),
                                       base::text("train.source=", source)}));
        });
    };
    const auto line = [&](const std::string& key, const std::string& name) {
        return "--set: sky." + key + "[0] cannot be read: " + name +
               " (there is no file of this name)" + hint;
    };
    EXPECT_EQ(missed("simulate", "files"),
              line("maps", "a.fits") + "\n" + line("test_maps", "b.fits"));
    EXPECT_EQ(missed("simulate", "simulate"), line("test_maps", "b.fits"));
    EXPECT_EQ(missed("train", "files"), "no fault");
    EXPECT_EQ(missed("train", "simulate"), line("maps", "a.fits"));
    EXPECT_EQ(missed("evaluate", "simulate"), line("maps", "a.fits"));
    EXPECT_EQ(missed("detect", "simulate"), "no fault");
}

TEST(Campaign, OnlyTextFilesOfReasonableSizeAreRead) {
    const Folder folder;
    const auto fault = [&](const std::string& path) {
        return fault_of([&] { read_campaign(path, {}); });
    };
    EXPECT_EQ(fault(folder.path("gone.yaml")),
              folder.path("gone.yaml") +
                  ":1:1: no campaign file (there is no file of this name), give "
                  "the path of a YAML file");
    EXPECT_EQ(fault(folder.path("")),
              folder.path("") +
                  ":1:1: no campaign file (it is no regular file), give the path of a "
                  "YAML file");
    // A FIFO without a writer would block an open for ever.
    ASSERT_EQ(mkfifo(folder.path("fifo").c_str(), 0600), 0);
    EXPECT_NE(fault(folder.path("fifo")).find("(it is no regular file)"), std::string::npos);
    // A sparse file of 1 GB: known by its first megabyte.
    const std::string big = folder.write("big.yaml", "name: x\n");
    ASSERT_EQ(truncate(big.c_str(), off_t{1} << 30), 0);
    EXPECT_EQ(
        fault(big),
        big + ":1:1: more than 1048576 bytes (a campaign is a short text), give a campaign file");
    EXPECT_NE(fault(folder.write("binary.yaml",
                                 std::string("\x7F"
                                             "ELF\0\1\2",
                                             7)))
                  .find(":1:1: the byte 127 is no text"),
              std::string::npos);
}

// Damaged files give a campaign or readable lines, whatever the damage is.
TEST(Campaign, RandomDamageIsReported) {
    const std::string whole = dump(default_campaign());
    const std::string pieces = "[]{}:,-?&*!|>'\"%@#~\t\n\r \\\0\xFF.0e";
    for (std::uint64_t i = 0; i < 2000; ++i) {
        base::RandomStream random(1, base::Purpose::test, i);
        std::string text = whole;
        for (std::uint64_t n = 1 + random.below(4); n > 0; --n) {
            const std::size_t at = random.below(text.size());
            switch (random.below(4)) {
                case 0:
                    text[at] = pieces[random.below(pieces.size())];
                    break;
                case 1:
                    text.insert(at, 1, pieces[random.below(pieces.size())]);
                    break;
                case 2:
                    text.erase(at, 1 + random.below(20));
                    break;
                default:
                    text.insert(at, text.substr(random.below(text.size()), random.below(50)));
            }
        }
        const std::string fault = fault_in(text);
        std::istringstream lines(fault == "no fault" ? "" : fault);
        for (std::string line; std::getline(lines, line);) {
            EXPECT_TRUE(line.starts_with("c.yaml:") || line.starts_with("and ")) << line;
            EXPECT_TRUE(std::all_of(line.begin(), line.end(), [](char c) {
                return static_cast<unsigned char>(c) >= 0x20;
            })) << line;
        }
    }
}

TEST(Campaign, EveryConfigFileIsRight) {
    int n_read = 0;
    for (const auto& entry :
         fs::recursive_directory_iterator(fs::path(FAINTWEB_SOURCE_DIR) / "config")) {
        if (entry.path().extension() == ".yaml") {
            ++n_read;
            EXPECT_EQ(fault_of([&] { read_campaign(entry.path().string(), {}); }), "no fault");
        }
    }
    EXPECT_GE(n_read, 3);
}

TEST(Campaign, SurveyProfilesLabelAtOneSigma) {
    for (const std::string name : {"demo", "nvss", "nvss-15"}) {
        const Campaign c =
            read_campaign(std::string(FAINTWEB_SOURCE_DIR) + "/config/" + name + ".yaml", {});
        const double sigma = sky::noise_rms_jy_arcsec2(c.observation);
        EXPECT_NEAR(c.label.flux_threshold_jy_arcsec2 / sigma, name == "demo" ? 1.133 : 1.0, 2e-3)
            << name;
        EXPECT_LE(c.sky.size_px, 2000) << name;
    }
}

}  // namespace
}  // namespace faintweb::campaign
