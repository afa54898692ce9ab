#include "mpi/catalogue_file.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>

#include <gtest/gtest.h>
#include <unistd.h>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/catalogue/accounting.h"
#include "test/mpi/mpi_test_main.h"
#include "test/mpi/synthetic_catalogue.h"

namespace faintweb::mpi {
namespace {

using Owner = std::function<int(std::int64_t field)>;

class CatalogueFile : public testing::Test {
  protected:
    CatalogueFile() : world_(test::world()), folder_(testing::TempDir()) {
        std::string name = base::text("faintweb_catalogue_", getpid());
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

    /// Writes with each field on the rank that `owner` names.
    std::string write(const SyntheticCatalogue& synthetic, const Owner& owner) const {
        std::vector<catalogue::FieldResult> mine;
        for (std::int64_t field = 0; field < synthetic.n_fields(); ++field) {
            if (owner(field) == world_.rank()) {
                mine.push_back(synthetic.results[static_cast<std::size_t>(field)]);
            }
        }
        std::reverse(mine.begin(), mine.end());  // the order of a rank's fields must not matter
        catalogue::Provenance provenance = synthetic.provenance;
        provenance.run.back().second = base::text(world_.size());
        return write_catalogue(
            world_, path(), synthetic.maps, std::move(mine), synthetic.n_fields(), provenance);
    }

    void expect_as_written(const SyntheticCatalogue& synthetic) const {
        const catalogue::Catalogue expected = synthetic.expected();
        const catalogue::Catalogue read = read_catalogue(path());
        EXPECT_EQ(read.tiles, expected.tiles);
        EXPECT_EQ(read.fields, expected.fields);
        EXPECT_EQ(read.maps, expected.maps);
        EXPECT_EQ(read.scores, expected.scores);
        EXPECT_EQ(read.digest, expected.digest);
        EXPECT_FALSE(std::filesystem::exists(path() + ".partial"));
    }

    Communicator world_;
    std::string folder_;
};

TEST_F(CatalogueFile, IsTheSameHoweverTheFieldsAreDealt) {
    const SyntheticCatalogue synthetic;
    const int n = world_.size();
    const std::string digest = synthetic.expected().digest;
    const std::vector<std::pair<const char*, Owner>> deals{
        {"round robin", [n](std::int64_t field) { return static_cast<int>(field % n); }},
        {"blocks",
         [&](std::int64_t field) { return static_cast<int>(field * n / synthetic.n_fields()); }},
        {"all on the first", [](std::int64_t) { return 0; }},
        {"all on the last", [n](std::int64_t) { return n - 1; }},
        {"mixed", [n](std::int64_t field) { return static_cast<int>(field * field % 7 % n); }},
    };
    for (const auto& [name, owner] : deals) {
        SCOPED_TRACE(name);
        EXPECT_EQ(write(synthetic, owner), digest);
        expect_as_written(synthetic);
        world_.barrier();
    }
}

TEST_F(CatalogueFile, ProvenanceComesBack) {
    const SyntheticCatalogue synthetic;
    write(synthetic, [](std::int64_t) { return 0; });
    const catalogue::Provenance read = read_catalogue(path()).provenance;
    EXPECT_EQ(read.campaign_text, synthetic.provenance.campaign_text);
    EXPECT_EQ(read.model_sha256, synthetic.provenance.model_sha256);
    EXPECT_EQ(read.device, "cpu");
    EXPECT_EQ(read.precision, "fp32");
    EXPECT_EQ(read.settings, synthetic.provenance.settings);
    EXPECT_EQ(read.versions, synthetic.provenance.versions);
    EXPECT_EQ(read.run,
              (catalogue::Entries{{"start", "2024-01-01T00:00:00Z"},
                                  {"host", "node1"},
                                  {"ranks", base::text(world_.size())}}));
    // Header cards without history still give the map's sky.
    ASSERT_EQ(read.map_headers.size(), 3U);
    const image::Wcs wcs(read.map_headers[0]);
    EXPECT_TRUE(wcs.sky(10, 10));
    EXPECT_EQ(read.map_headers[1], "");
}

TEST_F(CatalogueFile, ManySmallFieldsTakeSeveralBatches) {
    // 60 x 60 fields, dealt so that no two neighbours lie on one rank: more runs than one batch
    // takes.
    const SyntheticCatalogue synthetic(3000);
    const int n = world_.size();
    EXPECT_EQ(write(synthetic, [n](std::int64_t field) { return static_cast<int>(field % n); }),
              synthetic.expected().digest);
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
    const int n = world_.size();
    EXPECT_EQ(write(synthetic, [n](std::int64_t field) { return static_cast<int>(field % n); }),
              synthetic.expected().digest);
    expect_as_written(synthetic);
    EXPECT_TRUE(read_catalogue(path()).tiles.empty());
}

TEST_F(CatalogueFile, NoFieldsAtAllIsACatalogueToo) {
    SyntheticCatalogue synthetic;
    synthetic.results.clear();
    for (catalogue::MapRecord& map : synthetic.maps) {
        map = catalogue::make_failed_map(map.map, map.path.str(), "no such file");
    }
    synthetic.provenance.map_headers.clear();
    write(synthetic, [](std::int64_t) { return 0; });
    const catalogue::Catalogue read = read_catalogue(path());
    EXPECT_EQ(read.maps, synthetic.maps);
    EXPECT_TRUE(read.fields.empty());
    EXPECT_TRUE(read.scores.empty());
}

TEST_F(CatalogueFile, ALostFieldIsNeverPublished) {
    const SyntheticCatalogue synthetic;
    const auto all_but_one = [](std::int64_t field) { return field == 3 ? -1 : 0; };
    EXPECT_THROW(write(synthetic, all_but_one), base::Error);
    EXPECT_FALSE(std::filesystem::exists(path()));

    // A field on two ranks.
    std::vector<catalogue::FieldResult> mine = synthetic.results;
    if (world_.size() > 1) {
        EXPECT_THROW(
            write_catalogue(
                world_, path(), synthetic.maps, mine, synthetic.n_fields(), synthetic.provenance),
            base::Error);
    }
    // A plan with more fields in a map than there are: seen by the root, thrown by all.
    SyntheticCatalogue wrong;
    ++wrong.maps[0].n_fields;
    EXPECT_THROW(write(wrong, [](std::int64_t) { return 0; }), base::Error);
    EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(CatalogueFile, AFolderThatIsNotThereIsSaidOnEveryRank) {
    const SyntheticCatalogue synthetic;
    const std::string nowhere = folder_ + "/no/cat.h5";
    try {
        write_catalogue(world_, nowhere, synthetic.maps, {}, 0, {});
        ADD_FAILURE() << "wrote into a folder that is not there";
    } catch (const base::Error& error) {
        EXPECT_EQ(error.code(), base::ExitCode::usage);
        EXPECT_NE(std::string(error.what()).find("is no folder"), std::string::npos);
    }
}

TEST_F(CatalogueFile, AnOldCatalogueStaysUntilTheNewOneIsWhole) {
    const SyntheticCatalogue synthetic;
    const auto root = [](std::int64_t) { return 0; };
    write(synthetic, root);
    SyntheticCatalogue wrong;
    ++wrong.maps[0].n_fields;
    EXPECT_THROW(write(wrong, root), base::Error);
    EXPECT_EQ(read_catalogue(path()).digest, synthetic.expected().digest);
}

TEST_F(CatalogueFile, ForeignAndDamagedFilesAreRefusedInOneLine) {
    const SyntheticCatalogue synthetic;
    write(synthetic, [](std::int64_t) { return 0; });
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

}  // namespace
}  // namespace faintweb::mpi
