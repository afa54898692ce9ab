// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

// snapshot_example FILE   reads a snapshot and prints "n box_mpc z", then cell (1, 2, 3) of
// density, temperature, velocity and magnetic field; or the error, with its exit code
#include <fmt/core.h>

#include "lib/base/error.h"
#include "lib/base/log.h"
#include "mpi/io/snapshot_file.h"

int main(int argc, char** argv) {
    using namespace faintweb;
    if (argc != 2) {
        base::log_error("usage: snapshot_example FILE");
        return 2;
    }
    try {
        const sky::GasMesh gas = io::read_snapshot(argv[1], {}, {});
        const auto cell = [](const sky::Mesh& mesh) { return mesh.at(1, 2, 3); };
        base::print(fmt::format("{} {:g} {:g}", gas.density.n, gas.box_mpc, gas.z));
        base::print(fmt::format("{:g} {:g} {:g} {:g} {:g} {:g}", cell(gas.density),
                                cell(gas.temperature_k), cell(gas.velocity_km_s[0]),
                                cell(gas.velocity_km_s[1]), cell(gas.velocity_km_s[2]),
                                gas.field_ug ? cell(*gas.field_ug) : -1));
        return 0;
    } catch (const base::Error& error) {
        base::log_error(error.what());
        return static_cast<int>(error.code());
    }
}
