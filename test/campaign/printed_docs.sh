#!/usr/bin/env bash
# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

# The pages of the documentation that the program prints are those that lie under docs/user, and every
# help text of an option makes sense without the one before it.
# shellcheck source=test/campaign/expectations.sh
source "$(dirname "${BASH_SOURCE[0]}")/expectations.sh"

for page in keys:docs/user/keys.md catalogue:docs/user/catalogue-columns.md; do
    file=${page#*:}
    expect_code 0 printed "$FAINTWEB" --print-docs "${page%:*}"
    cmp -s printed "$source_dir/$file" ||
        { diff "$source_dir/$file" printed | head -20; fail "$file is not what the program prints, renew it: faintweb --print-docs ${page%:*} >$file"; }
done
expect_code 2 log "$FAINTWEB" --print-docs nothing

# Descriptions begin in column 31, beside the option or below it.
for command in run simulate train evaluate sweep detect export picture info; do
    expect_code 0 log "$FAINTWEB" "$command" --help
    if cut -c31- log | grep -niE '^(of|the same|its|these|this|those|it|they)\b'; then
        cat log
        fail "a help text of $command needs the one before it"
    fi
done
echo "printed as committed"
