// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/base/file.h"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "lib/base/error.h"

namespace faintweb::base {
namespace {

std::string read(const std::string& path) {
    std::ifstream stream(path);
    return (std::ostringstream() << stream.rdbuf()).str();
}

TEST(File, IsWholeAndLeavesNothingBeside) {
    const std::string folder = testing::TempDir() + "file_test/a/b";
    std::filesystem::remove_all(testing::TempDir() + "file_test");
    make_folder(folder);
    make_folder(folder);
    write_file(folder + "/x", "first");
    write_file(folder + "/x", "second");
    EXPECT_EQ(read(folder + "/x"), "second");
    EXPECT_FALSE(std::filesystem::exists(folder + "/x.partial"));
}

TEST(File, ALinkStaysALink) {
    namespace fs = std::filesystem;
    const std::string folder = testing::TempDir() + "file_test_links/";
    fs::remove_all(folder);
    fs::create_directories(folder + "sub");
    fs::create_symlink("sub/second", folder + "first");
    fs::create_symlink("../real", folder + "sub/second");  // to nothing yet
    EXPECT_EQ(fs::weakly_canonical(link_target(folder + "first")), fs::canonical(folder) / "real");
    EXPECT_EQ(link_target(folder + "none"), folder + "none");
    fs::create_symlink("round", folder + "round");
    EXPECT_THROW(write_file(folder + "round/x", "text"), InputError);
    for (const char* const words : {"one", "two"}) {
        write_file(folder + "first", words);
        EXPECT_TRUE(fs::is_symlink(folder + "first") && fs::is_symlink(folder + "sub/second"));
        EXPECT_FALSE(fs::is_symlink(folder + "real"));
        EXPECT_EQ(read(folder + "real"), words);
    }
    EXPECT_EQ(first_bytes(folder + "first", 2), "tw");
    EXPECT_EQ(first_bytes(folder + "first", 9), "two");
    EXPECT_EQ(first_bytes(folder + "none", 9), "");
    fs::remove_all(folder);
}

TEST(File, NothingIsWrittenThroughALinkWhereAFileIsMade) {
    const std::string folder = testing::TempDir() + "file_test_partial/";
    std::filesystem::remove_all(folder);
    make_folder(folder);
    write_file(folder + "diary", "of the user");
    std::filesystem::create_symlink("diary", folder + "x.partial");
    write_file(folder + "x", "text");
    EXPECT_EQ(read(folder + "diary"), "of the user");
    EXPECT_EQ(read(folder + "x"), "text");
    std::filesystem::remove_all(folder);
}

TEST(File, NamesThePathThatCannotBeOpened) {
    try {
        write_file("/nowhere/at/all", "text");
        FAIL();
    } catch (const InputError& error) {
        EXPECT_STREQ(error.what(),
                     "cannot open /nowhere/at/all.partial: No such file or directory");
    }
}

TEST(File, FullDiskIsADiskError) {
    // Every write to /dev/full fails with ENOSPC; the error must be resumable (74), not an input's.
    EXPECT_THROW(throw_errno("cannot write x", ENOSPC), DiskError);
    EXPECT_THROW(throw_errno("cannot write x", ENOENT), InputError);
}

TEST(File, FolderThatIsAFileIsRefused) {
    const std::string path = testing::TempDir() + "file_test_plain";
    write_file(path, "");
    EXPECT_THROW(make_folder(path + "/below"), UsageError);
}

}  // namespace
}  // namespace faintweb::base
