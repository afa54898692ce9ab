// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "mpi/io/catalogue_file.h"

#include <filesystem>
#include <fstream>

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "lib/base/error.h"
#include "lib/catalogue/accounting.h"
#include "test/mpi/io/synthetic_catalogue.h"
#include "test/mpi/mpi_test_main.h"

namespace faintweb::io {
namespace {

class CatalogueFile : public testing::Test {
  protected:
    CatalogueFile() : world_(test::world()), folder_(testing::TempDir()) {
        std::string name = fmt::format("faintweb_catalogue_{}", getpid());
        world_.broadcast(name);
        folder_ += name;
        if (world_.is_root()) {
            std::filesystem::create_directories(folder_);
        }
        world_.barrier();
    }
    ~CatalogueFile() override {
        world_.barrier();
        if (world_.is_root()) {
            std::filesystem::remove_all(folder_);
        }
    }

    std::string path() const { return folder_ + "/cat.h5"; }

    std::string write(const SyntheticCatalogue& synthetic) const {
        return write(synthetic, synthetic.source());
    }

    std::string write(const SyntheticCatalogue& synthetic, const FieldSource& source) const {
        catalogue::Provenance provenance = synthetic.provenance;
        provenance.run.back().second = fmt::format("{}", world_.size());
        const WrittenCatalogue written =
            write_catalogue(world_, path(), synthetic.maps, source, provenance);
        if (world_.is_root()) {
            EXPECT_EQ(written.accounting.n_fields, synthetic.n_fields());
        }
        return written.digest;
    }

    void expect_as_written(const SyntheticCatalogue& synthetic) const {
        const catalogue::Catalogue expected = synthetic.expected();
        const catalogue::Catalogue read = read_catalogue(path());
        EXPECT_EQ(read.tiles, expected.tiles);
        EXPECT_EQ(read.fields, expected.fields);
        EXPECT_EQ(read.maps, expected.maps);
        EXPECT_EQ(read.scores, expected.scores);
        EXPECT_EQ(read.local_rms, expected.local_rms);
        EXPECT_EQ(read.digest, expected.digest);
        EXPECT_FALSE(std::filesystem::exists(path() + ".partial"));
    }

    comm::Communicator world_;
    std::string folder_;
};

TEST_F(CatalogueFile, IsTheSameForAnyNumberOfRanks) {
    const SyntheticCatalogue synthetic;
    EXPECT_EQ(write(synthetic), synthetic.expected().digest);
    expect_as_written(synthetic);
}

TEST_F(CatalogueFile, ProvenanceComesBack) {
    const SyntheticCatalogue synthetic;
    write(synthetic);
    const catalogue::Provenance read = read_catalogue(path()).provenance;
    EXPECT_EQ(read.campaign_text, synthetic.provenance.campaign_text);
    EXPECT_EQ(read.model_sha256, synthetic.provenance.model_sha256);
    EXPECT_EQ(read.device, "cpu");
    EXPECT_EQ(read.precision, "fp32");
    EXPECT_EQ(read.settings, synthetic.provenance.settings);
    EXPECT_EQ(read.versions, synthetic.provenance.versions);
    EXPECT_EQ(read.run, (catalogue::Entries{{"start", "2024-01-01T00:00:00Z"},
                                            {"host", "node1"},
                                            {"ranks", fmt::format("{}", world_.size())}}));
    // Header cards without history still give the map's sky.
    ASSERT_EQ(read.map_headers.size(), 3U);
    const image::Wcs wcs(read.map_headers[0]);
    EXPECT_TRUE(wcs.sky(10, 10));
    EXPECT_EQ(read.map_headers[1], "");
}

TEST_F(CatalogueFile, ManyFieldsTakeSeveralBatches) {
    // 270 x 270 fields of 25 tiles: 57 MB of rows, so that a rank, and the reading back, take more
    // than one batch, and ranks different numbers of them.
    const SyntheticCatalogue synthetic(13500);
    EXPECT_EQ(write(synthetic), synthetic.expected().digest);
    expect_as_written(synthetic);
}

TEST_F(CatalogueFile, NothingDetectedIsACatalogueToo) {
    SyntheticCatalogue synthetic(120, 1.0);
    // Missed signal would still be rows.
    for (catalogue::FieldResult& result : synthetic.results) {
        result.tiles.clear();
        result.field.has_truth = 0;
        result.field.n_1f = result.field.n_0c = 0;
    }
    EXPECT_EQ(write(synthetic), synthetic.expected().digest);
    expect_as_written(synthetic);
    EXPECT_TRUE(read_catalogue(path()).tiles.empty());
}

TEST_F(CatalogueFile, NoFieldsAtAllIsACatalogueToo) {
    SyntheticCatalogue synthetic;
    synthetic.results.clear();
    for (catalogue::MapRecord& map : synthetic.maps) {
        map = catalogue::make_failed_map(catalogue::MapId(map.map), map.path.str(), "no such file");
    }
    synthetic.provenance.map_headers.clear();
    write(synthetic);
    const catalogue::Catalogue read = read_catalogue(path());
    EXPECT_EQ(read.maps, synthetic.maps);
    EXPECT_TRUE(read.fields.empty());
    EXPECT_TRUE(read.scores.empty());
}

TEST_F(CatalogueFile, ALossIsNeverPublished) {
    const SyntheticCatalogue synthetic;
    FieldSource source = synthetic.source();
    const auto expect_refused = [&](const SyntheticCatalogue& of, const FieldSource& from) {
        EXPECT_THROW(write(of, from), base::Error);
        // The root removes what was begun, which the others do not wait for.
        world_.barrier();
        EXPECT_FALSE(std::filesystem::exists(path()));
        EXPECT_FALSE(std::filesystem::exists(path() + ".partial"));
        world_.barrier();
    };
    // A field in the place of another, on one rank.
    source.load = [&](catalogue::FieldId field) {
        return synthetic.results[field == catalogue::FieldId(3) ? 4 : field.place()];
    };
    expect_refused(synthetic, source);
    // Fewer rows than were planned.
    source = synthetic.source();
    --source.sizes[2].n_rows;
    expect_refused(synthetic, source);
    // A field that can no longer be read.
    source = synthetic.source();
    source.load = [&](catalogue::FieldId field) {
        if (field == catalogue::FieldId(5)) {
            throw base::DiskError("damaged");
        }
        return synthetic.results[field.place()];
    };
    expect_refused(synthetic, source);
    // A plan with more fields in a map than there are: seen by the root, thrown by all.
    SyntheticCatalogue wrong;
    ++wrong.maps[0].n_fields;
    expect_refused(wrong, wrong.source());
}

TEST_F(CatalogueFile, AFolderThatIsNotThereIsSaidOnEveryRank) {
    const SyntheticCatalogue synthetic;
    const std::string nowhere = folder_ + "/no/cat.h5";
    try {
        write_catalogue(world_, nowhere, synthetic.maps, {}, {});
        ADD_FAILURE() << "wrote into a folder that is not there";
    } catch (const base::Error& error) {
        EXPECT_EQ(error.code(), base::ExitCode::usage);
        EXPECT_NE(std::string(error.what()).find("is no folder"), std::string::npos);
    }
}

TEST_F(CatalogueFile, AnOldCatalogueStaysUntilTheNewOneIsWhole) {
    const SyntheticCatalogue synthetic;
    write(synthetic);
    SyntheticCatalogue wrong;
    ++wrong.maps[0].n_fields;
    EXPECT_THROW(write(wrong), base::Error);
    EXPECT_EQ(read_catalogue(path()).digest, synthetic.expected().digest);
}

TEST_F(CatalogueFile, ForeignAndDamagedFilesAreRefusedInOneLine) {
    const SyntheticCatalogue synthetic;
    write(synthetic);
    if (!world_.is_root()) {
        return;
    }
    const auto refusal = [](const std::string& file) -> std::string {
        try {
            read_catalogue(file);
        } catch (const base::UsageError& error) {
            return error.what();
        }
        return "";
    };
    const auto expect_refusal = [&](const std::string& file, const std::string& part) {
        const std::string message = refusal(file);
        EXPECT_NE(message.find(part), std::string::npos) << file << ": " << message;
        EXPECT_EQ(message.find('\n'), std::string::npos);
    };
    expect_refusal(folder_ + "/none.h5", "No such file");
    expect_refusal(folder_, "no catalogue of faintweb");
    std::ofstream(folder_ + "/text.h5") << "not HDF5";
    expect_refusal(folder_ + "/text.h5", "no catalogue of faintweb");
    for (const double part : {0.1, 0.5, 0.9}) {
        const std::string cut = folder_ + "/cut.h5";
        std::filesystem::copy_file(path(), cut, std::filesystem::copy_options::overwrite_existing);
        const auto size = static_cast<double>(std::filesystem::file_size(path()));
        std::filesystem::resize_file(cut, static_cast<std::uintmax_t>(part * size));
        expect_refusal(cut, "damaged");
    }
}

TEST_F(CatalogueFile, SaysWhatItWasMadeOf) {
    const SyntheticCatalogue synthetic;
    write(synthetic);
    if (!world_.is_root()) {
        return;
    }
    const auto origin = origin_of_catalogue(path());
    ASSERT_TRUE(origin);
    ASSERT_EQ(origin->maps.size(), synthetic.maps.size());
    for (std::size_t i = 0; i < origin->maps.size(); ++i) {
        EXPECT_EQ(origin->maps[i], synthetic.maps[i].path.str());
    }
    EXPECT_EQ(origin->model_sha256, read_catalogue(path()).provenance.model_sha256);
    EXPECT_FALSE(origin_of_catalogue(folder_));
    EXPECT_FALSE(origin_of_catalogue(folder_ + "/none.h5"));
    std::ofstream(folder_ + "/text.h5") << "not HDF5";
    EXPECT_FALSE(origin_of_catalogue(folder_ + "/text.h5"));
    std::filesystem::resize_file(path(), std::filesystem::file_size(path()) / 2);
    EXPECT_FALSE(origin_of_catalogue(path()));
}

TEST_F(CatalogueFile, ALinkStaysALink) {
    const SyntheticCatalogue synthetic;
    const std::string real = folder_ + "/real.h5";
    if (world_.is_root()) {
        std::filesystem::create_symlink("real.h5", path());
        std::ofstream(folder_ + "/diary") << "of the user";
        std::filesystem::create_symlink("diary", real + ".partial");
    }
    world_.barrier();
    write(synthetic);
    if (world_.is_root()) {
        EXPECT_TRUE(std::filesystem::is_symlink(path()));
        EXPECT_FALSE(std::filesystem::is_symlink(real));
        EXPECT_EQ(read_catalogue(real).digest, synthetic.expected().digest);
        EXPECT_EQ(std::filesystem::file_size(folder_ + "/diary"), 11U);
    }
}

}  // namespace
}  // namespace faintweb::io
