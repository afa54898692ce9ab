#!/usr/bin/env bash
# SPDX-FileCopyrightText: The faintweb developers
# SPDX-License-Identifier: GPL-3.0-or-later

# One, two and four ranks with the same batches and seed see the same losses over 100 steps, on tiles of
# skies: FAINTWEB=build/release/apps/faintweb MPIRUN=$(command -v mpirun) bash test/long/same_losses.sh CAMPAIGN
# with a campaign whose training skies are there. With micro-batches that divide each rank's part of a batch
# they are the same, and so is the model; without, rounding makes other pixels the largest of a pool here and
# there, and the losses part, the faster the fewer tiles are learned by heart.
FAINTWEB=$(realpath "$FAINTWEB") campaign=$(realpath "$1")
# shellcheck source=test/campaign/expectations.sh
source "$(dirname "${BASH_SOURCE[0]}")/../campaign/expectations.sh"
# An epoch is one step: its mean loss is the loss of a step.
settings=(--set train.max_tiles=100 --set train.batch_size=100 --set train.scaling=paper --set train.epochs=100
    --set train.learning_rate=7e-5 --set train.micro_batch=25 --set parallel.threads=1)
for network in cosmodeep cosmodeep_spp; do
    limit=1e-9
    for ranks in 1 2 4; do
        expect_code 0 log on_ranks $ranks "$FAINTWEB" train "$campaign" "${settings[@]}" \
            --set train.network=$network --set output=${network}_$ranks
        paste -d, ${network}_1/history.csv ${network}_$ranks/history.csv | awk -F, -v what="$network, $ranks ranks" -v limit=$limit '
            NR == 1 { half = NF / 2; for (i = 1; i <= half; ++i) at[$i] = at[$i] ? at[$i] : i }
            NR > 1 {
                a = $at["loss"]; b = $(at["loss"] + half); n += 1
                d = b / a - 1; if (d < 0) d = -d; if (d > worst) worst = d
                steps = $at["steps"]; last = a
            }
            END {
                printf "%s: %d steps, last loss %g, farthest from one rank %.1e\n", what, steps, last, worst
                exit !(n == 100 && steps == 100 && worst < limit + 0)
            }' || fail "the losses of $network on $ranks ranks"
        cmp ${network}_1/model.safetensors ${network}_$ranks/model.safetensors || fail "another model of $network on $ranks ranks"
    done
done
