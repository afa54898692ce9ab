// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <string>
#include <vector>

#include "apps/commands.h"

namespace faintweb::apps {

/// What the command line asks for.
struct Request {
    std::string command;   ///< run, simulate, train, evaluate, detect, sweep, export, ...
    std::string campaign;  ///< file; may be empty for detect
    std::vector<std::string> overrides;
    bool is_check = false;
    bool is_dry_run = false;
    std::string input;  ///< of export, info
    std::vector<catalogue::Export> exports;
    base::Overwrite overwrite = base::Overwrite::no;  ///< of every command
    pipeline::PictureOptions picture;
    std::string answer;  ///< text to print instead of doing anything: help, version, defaults
};

/// @throws base::UsageError  one line that says what is wrong and what to do.
Request parse_command_line(int argc, char** argv);

}  // namespace faintweb::apps
