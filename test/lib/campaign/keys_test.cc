// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/campaign/keys.h"

#include <cctype>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "test/lib/campaign/campaign_text.h"

namespace faintweb::campaign {
namespace {

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

TEST(Campaign, DocumentationHasEveryKeyOnce) {
    const std::string docs = key_docs();
    std::size_t n_rows = 0;
    for (std::size_t at = docs.find("\n| `"); at != std::string::npos;
         at = docs.find("\n| `", at + 1)) {
        ++n_rows;
    }
    EXPECT_EQ(n_rows, Keys::all().list().size());
    EXPECT_NE(docs.find("\n## sky\n\nThe mock radio sky without noise.\n"), std::string::npos);
    EXPECT_NE(docs.find("\n| `pixel_arcsec` | number | [0.1, 600] | arcsec | `9.6` | Edge of a "
                        "pixel. |\n"),
              std::string::npos);
    EXPECT_NE(docs.find("\n| `name` | text |  |  | required | "), std::string::npos);
}

/// What is wrong with a help text as such; empty if nothing is.
std::string fault_of_help(const std::string& help) {
    // Each would need the text before it to make sense.
    for (const char* word :
         {"Of ", "The same", "Its ", "These ", "This ", "Those ", "It ", "They "}) {
        if (help.starts_with(word)) {
            return fmt::format("begins with '{}'", word);
        }
    }
    if (help.empty() || std::isupper(static_cast<unsigned char>(help.front())) == 0) {
        return "begins with no word in capitals";
    }
    return help.back() == '.' ? "" : "ends without a full stop";
}

TEST(Campaign, EveryHelpTextStandsAlone) {
    for (const Key& key : Keys::all().list()) {
        EXPECT_EQ(fault_of_help(key.help), "") << key.name;
    }
    for (const SectionHelp& section : Keys::all().sections()) {
        EXPECT_EQ(fault_of_help(section.name.empty() ? "None." : section.help), "") << section.name;
    }
    EXPECT_NE(fault_of_help("Of it, baryons."), "");
    EXPECT_NE(fault_of_help("The same for test skies."), "");
    EXPECT_NE(fault_of_help("rank 0 only hands out fields."), "");
    EXPECT_NE(fault_of_help("Edge of a pixel"), "");
    EXPECT_NE(fault_of_help(""), "");
    EXPECT_EQ(fault_of_help("Offset of a pixel."), "");
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
            "label.rules=[{min_pixels: 9, flux_threshold_jy_arcsec2: 1e-8}]",
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
    const std::set<std::string> not_of_fits = {"sky.snapshots",     "sky.test_snapshots",
                                               "simulate.layers",   "simulate.slabs",
                                               "train.keep_epochs", "sweep.epochs"};
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
                                           "label.rules",
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
    const std::set<std::string> inputs = {"sky.snapshots", "sky.test_snapshots", "sky.maps",
                                          "sky.test_maps", "detect.maps",        "detect.truth",
                                          "detect.model",  "evaluate.models"};
    std::set<std::string> seen = {settings_text(default_campaign())};
    for (const std::string& change : another_value_of_every_key()) {
        const std::string key = change.substr(0, change.find('='));
        // Files of skies are named where their source is chosen.
        Texts overrides;
        for (const auto& [source, list] :
             {std::pair{"hdf5", "snapshots"}, std::pair{"fits", "maps"}}) {
            if (key == fmt::format("sky.{}", list) || key == fmt::format("sky.test_{}", list)) {
                overrides = {fmt::format("sky.source={}", source),
                             fmt::format("sky.{}=[first]", list), "simulate.n_test=0",
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
                  fmt::format("--set: {}, give a value in that range", fault));
    }
}

}  // namespace
}  // namespace faintweb::campaign
