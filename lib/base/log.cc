// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#include "lib/base/log.h"

#include <cstdio>

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

namespace faintweb::base {
namespace {

spdlog::logger& logger() {
    static const auto instance = [] {
        auto made = spdlog::stderr_color_mt("faintweb");
        made->set_pattern("%H:%M:%S %^%L%$ %v");
        return made;
    }();
    return *instance;
}

spdlog::level::level_enum to_spdlog(LogLevel level) {
    switch (level) {
        case LogLevel::info:
            return spdlog::level::info;
        case LogLevel::warning:
            return spdlog::level::warn;
        case LogLevel::error:
            return spdlog::level::err;
    }
    return spdlog::level::err;
}

}  // namespace

void configure_log(const std::string& prefix, LogLevel lowest) {
    logger().set_pattern(prefix.empty() ? "%H:%M:%S %^%L%$ %v"
                                        : "%H:%M:%S %^%L%$ " + prefix + ": %v");
    logger().set_level(to_spdlog(lowest));
}

void log(LogLevel level, const std::string& message) {
    logger().log(to_spdlog(level), spdlog::string_view_t(message));
}

void print(const std::string& line) {
    std::fwrite(line.data(), 1, line.size(), stdout);
    std::fputc('\n', stdout);
    std::fflush(stdout);
}

}  // namespace faintweb::base
