// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/base/output.h"

#include <filesystem>
#include <fstream>

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/error.h"

namespace faintweb::base {
namespace {

namespace fs = std::filesystem;

class OutputTest : public testing::Test {
  protected:
    OutputTest() : folder_(fmt::format("{}faintweb_output_{}", testing::TempDir(), getpid())) {
        fs::create_directories(folder_ + "/sub");
        put("map.fits", "pixels");
        put("notes.txt", "of the user");
        put("ours.csv", "ours");
    }
    ~OutputTest() override { fs::remove_all(folder_); }

    std::string path(const std::string& name) const { return folder_ + "/" + name; }
    void put(const std::string& name, const std::string& words) const {
        std::ofstream(path(name)) << words;
    }

    static std::string objection(const std::string& there) {
        std::string word;
        std::ifstream(there) >> word;
        return word == "ours" ? "" : "is not ours";
    }
    Output file(const std::string& name) const {
        return {.path = path(name), .objection = objection};
    }

    /// What the check says of these outputs; "" if they may be written.
    std::string refusal(const std::vector<Output>& outputs,
                        Overwrite overwrite = Overwrite::no) const {
        const std::vector<std::string> inputs{path("map.fits"), path("missing.fits")};
        try {
            check_outputs(outputs, inputs, overwrite);
        } catch (const UsageError& error) {
            EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
            return error.what();
        }
        return "";
    }

    void expect_refused(const std::vector<Output>& outputs,
                        const std::string& because,
                        Overwrite overwrite = Overwrite::no) const {
        const std::string said = refusal(outputs, overwrite);
        EXPECT_NE(said.find(because), std::string::npos) << said;
    }

    std::string folder_;
};

TEST_F(OutputTest, AnInputIsNeverWritten) {
    fs::create_symlink("map.fits", path("link.fits"));
    fs::create_symlink("link.fits", path("link_to_link.fits"));
    fs::create_symlink("missing.fits", path("dangling.fits"));
    fs::create_hard_link(path("map.fits"), path("hard.fits"));
    fs::create_directory_symlink(folder_, path("sub/up"));
    for (const char* name :
         {"map.fits", "./map.fits", "sub/../map.fits", "sub/up/map.fits", "link.fits",
          "link_to_link.fits", "hard.fits", "missing.fits", "dangling.fits"}) {
        for (const Overwrite overwrite : {Overwrite::no, Overwrite::yes}) {
            const std::string said = refusal({file(name)}, overwrite);
            EXPECT_NE(said.find(path(name) + " (it is the input " + folder_), std::string::npos)
                << said;
        }
    }
    EXPECT_EQ(refusal({file("other.fits")}), "");
}

TEST_F(OutputTest, NorIsAnInputThatLiesWhereAnOutputIsMade) {
    const std::vector<std::string> inputs{path("cat.h5.partial"), path("cat.run/map.fits")};
    const std::vector<Output> outputs{
        file("cat.h5"), {.path = path("cat.run"), .kind = Output::Kind::whole_folder}};
    for (const Output& output : outputs) {
        EXPECT_THROW(check_apart(std::span(&output, 1), inputs), UsageError) << output.path;
    }
    const Output beside{.path = path("cat"), .kind = Output::Kind::whole_folder};
    EXPECT_NO_THROW(check_apart(std::span(&beside, 1), inputs));
    const Output around{.path = path("cat.run"), .kind = Output::Kind::folder};
    EXPECT_NO_THROW(check_apart(std::span(&around, 1), inputs));
}

TEST_F(OutputTest, EachOutputIsAFileOfItsOwn) {
    fs::create_symlink("new.csv", path("link.csv"));
    expect_refused({file("new.csv"), file("./new.csv")}, "same file");
    expect_refused({file("new.csv"), file("link.csv")}, "same file", Overwrite::yes);
    expect_refused({file("ours.csv"), file("sub/../ours.csv")}, "same file");
    expect_refused({file("new"), {.path = path("new/"), .kind = Output::Kind::folder}},
                   "same file");
    EXPECT_EQ(refusal({file("new.csv"), file("sub/new.csv")}), "");
}

TEST_F(OutputTest, OnlyOurFilesAreReplaced) {
    fs::create_symlink("notes.txt", path("link.csv"));
    for (const char* name : {"notes.txt", "link.csv"}) {
        expect_refused({file(name)}, "is not ours (it would be lost), choose another");
        EXPECT_EQ(refusal({file(name)}, Overwrite::yes), "");
    }
    EXPECT_EQ(refusal({file("ours.csv"), file("new.csv")}), "");
    expect_refused({{.path = path("ours.csv")}}, "is not known to be ours");
    EXPECT_EQ(refusal({{.path = path("new.csv")}}), "");
}

TEST_F(OutputTest, WhatIsNoFileOrFolderStays) {
    ASSERT_EQ(mkfifo(path("pipe").c_str(), 0600), 0);
    fs::create_directory(path("made.partial"));
    for (const Overwrite overwrite : {Overwrite::no, Overwrite::yes}) {
        expect_refused({file("sub")}, "is a folder", overwrite);
        expect_refused({file("made")}, "made.partial is a folder", overwrite);
        expect_refused({file("pipe")}, "is no regular file", overwrite);
        expect_refused({{.path = "/dev/null"}}, "is no regular file", overwrite);
        expect_refused({{.path = path("notes.txt"), .kind = Output::Kind::folder}}, "is no folder",
                       overwrite);
        expect_refused({{.path = path("sub"),
                         .kind = Output::Kind::whole_folder,
                         .objection = [](const std::string&) { return "holds a letter"; }}},
                       "holds a letter", overwrite);
    }
    EXPECT_EQ(refusal({{.path = path("sub"), .kind = Output::Kind::folder}}), "");
}

}  // namespace
}  // namespace faintweb::base
