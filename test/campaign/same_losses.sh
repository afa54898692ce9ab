#!/usr/bin/env bash
# One, two and four ranks with the same batches and seed see the same losses: within 1e-4 over 100
# steps, on tiles of skies. CAMPAIGN and SETTINGS name others than the tiny skies.
# shellcheck source=test/campaign/expectations.sh
source "$(dirname "${BASH_SOURCE[0]}")/expectations.sh"
campaign=${CAMPAIGN:-$source_dir/test/campaign/tiny.yaml}
# An epoch is one step: its mean loss is the loss of a step.
read -ra settings <<<"${SETTINGS:---set simulate.n_train=2 --set train.max_tiles=60 --set train.batch_size=60}"
settings+=(--set train.epochs=100 --set train.learning_rate=7e-5 --set parallel.threads=1)
if [[ -z ${CAMPAIGN:-} ]]; then
    expect_code 0 log "$FAINTWEB" simulate "$campaign" "${settings[@]}" --set output=skies
    settings+=(--set simulate.folder=skies/skies)
fi
for network in cosmodeep cosmodeep_spp; do
    for ranks in 1 2 4; do
        expect_code 0 log on_ranks $ranks "$FAINTWEB" train "$campaign" "${settings[@]}" \
            --set train.network=$network --set output=${network}_$ranks
        paste -d, ${network}_1/history.csv ${network}_$ranks/history.csv | awk -F, -v what="$network, $ranks ranks" '
            NR == 1 { half = NF / 2; for (i = 1; i <= half; ++i) at[$i] = at[$i] ? at[$i] : i }
            NR > 1 {
                a = $at["loss"]; b = $(at["loss"] + half); n += 1
                d = b / a - 1; if (d < 0) d = -d; if (d > worst) worst = d
                steps = $at["steps"]; last = a
            }
            END {
                printf "%s: %d steps, last loss %g, farthest from one rank %.1e\n", what, steps, last, worst
                exit !(n == 100 && steps == 100 && worst < 1e-4)
            }' || fail "the losses of $network on $ranks ranks"
    done
done
