#!/usr/bin/env bash
# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

# installed_tree.sh BUILD SOURCES: what `cmake --install` puts into an empty folder runs after it has moved, from another
# folder, with nothing in the environment.
set -euo pipefail
build=$1 sources=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --install "$build" --prefix "$work/first" --strip >"$work/install.log" || { cat "$work/install.log"; exit 1; }
mv "$work/first" "$work/moved"
bash "$sources/test/install/judge.sh" "$work/moved" "$sources"
