#!/usr/bin/env bash
# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

# Builds the release and its Debian package, installs the package on this machine, judges the program in /usr and removes
# the package again. For root on a Debian without a faintweb of its own.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
if dpkg-query -W faintweb >/dev/null 2>&1 || [[ -e /usr/bin/faintweb ]]; then
    echo "test/long/package.sh: faintweb is installed on this machine already; remove it first" >&2
    exit 1
fi
# shellcheck source=jobs/setup.sh
source jobs/setup.sh
# dpkg-shlibdeps, which finds the packages that the program depends on.
install_packages dpkg-dev
cmake --preset release
cmake --build --preset release --target faintweb
rm -f build/release/*.deb
(cd build/release && time cpack)
packages=(build/release/*.deb)
dpkg-deb --info "${packages[0]}"
ls -l "${packages[0]}"
trap 'dpkg --remove faintweb' EXIT
DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "./${packages[0]}"
bash test/install/judge.sh /usr "$PWD"
echo "test/long/package.sh: the package works"
