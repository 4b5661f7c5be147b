#!/usr/bin/env bash
# Shows that two commits compute the same: every verb, every method for 200 steps, on phantoms and on real chest X-rays.
# Stores, weights, generated images, heat maps and tables are compared byte by byte. Not run by CI: it takes an hour.
#
#     tests/equivalence.sh compute COMMIT WORK    # WORK/COMMIT: all artefacts of one commit
#     tests/equivalence.sh compare WORK OLD NEW   # lists the artefacts that differ; fails if there are any
#
# PYTHON names the interpreter (default: .venv/bin/python), CHEST_XRAY the images (default: ../shared/data/chest_xray).
set -euo pipefail
cd "$(dirname "$0")/.."
PYTHON="$(realpath -s "${PYTHON:-.venv/bin/python}")"
CHEST_XRAY="$(realpath "${CHEST_XRAY:-../shared/data/chest_xray}")"
STEPS=200
SPEED="--device cpu --precision fp32 --memory-format contiguous --compile no"

ganoscope() { "$PYTHON" -m ganoscope "$@" >>log.txt 2>&1 || { tail -20 log.txt; echo "failed: ganoscope $*"; exit 1; }; }

train() { # train METHOD STORE OPTIONS...: a run of 200 steps
    local method="$1" store="$2"; shift 2
    # shellcheck disable=SC2086
    ganoscope train "$method" "$store" "$store-$method" $SPEED --batch-size 4 --images $((4 * STEPS)) --seed 3 "$@"
}

tell_story() { # tell_story STORE A B: everything that is made of one store with classes A and B
    local store="$1" domains=("$2" "$3")
    ganoscope inspect "$store" --seed 3
    for seed in 3 4; do
        ganoscope classify "$store" "$store-classifier-$seed" --network fine_cnn --epochs 4 --seed "$seed" --device cpu --precision fp32
    done
    train r3gan "$store" --diff-augment adaptive --augment safe
    train dcgan "$store" --accumulate 2
    train cgan "$store" --balance
    train wgan_gp "$store" --schedule linear
    train cam_gan "$store" --teacher "$store-classifier-3" --min-teacher-auc 0.01 --generator-channels 64 --discriminator-channels 16
    for method in cyclegan cut dclgan; do
        train "$method" "$store" --domains "${domains[@]}" --generator-channels 8 --discriminator-channels 8 --schedule cosine
    done
    train cyclegan_counterfactual "$store" --domains "${domains[@]}" --classifier "$store-classifier-3" \
        --generator-channels 8 --discriminator-channels 8
    for method in r3gan dcgan cgan wgan_gp cam_gan; do
        ganoscope generate "$store-$method" "$store-$method-png" --number 24 --seed 5
        ganoscope explain "$store-$method" "$store" "$store-$method-explanations" --number 16 --seed 5
        ganoscope report "$store-$method" --explanations "$store-$method-explanations" --generated "$store-$method-png" --number 40
    done
    ganoscope generate "$store-cgan" "$store-cgan-npz" --number-per-class 8 --format npz --truncation 0.8
    ganoscope generate "$store-r3gan" "$store-r3gan-nifti" --number 16 --format nifti --interpolate 4 --reject-copies
    ganoscope generate "$store-r3gan" "$store-r3gan-screened" --number 12 --classifier "$store-classifier-3" --min-label-confidence 0.1
    ganoscope explain "$store-dcgan" "$store" "$store-dcgan-hires" --number 8 --explainer hires_cam
    for method in cyclegan cut dclgan cyclegan_counterfactual; do
        ganoscope counterfactual "$store-$method" "$store" "$store-$method-counterfactuals" --classifier "$store-classifier-3" \
            --judge "$store-classifier-4" --number 24 --steps 3 --panels 4 --attack-steps 4
        ganoscope report "$store-$method" --counterfactuals "$store-$method-counterfactuals"
    done
}

compute() { # compute COMMIT WORK
    local commit work here
    commit="$(git rev-parse --short "$1")"; mkdir -p "$2"; work="$(realpath "$2")"; here="$work/run"
    rm -rf "$here" "$work/$commit" && mkdir -p "$here"
    git archive "$commit" src | tar -x -C "$here"
    cd "$here"
    export PYTHONPATH="$here/src" OMP_NUM_THREADS=1 COLUMNS=120
    ganoscope phantom ct --modality ct --number 240 --size 32
    ganoscope phantom cxr --modality cxr --number 400 --size 32
    ganoscope phantom mri --modality mri --number 240 --size 32
    ganoscope prepare "$CHEST_XRAY" chest --size 32 --seed 3
    tell_story cxr normal consolidation
    tell_story chest NORMAL BACTERIA
    for file in "$CHEST_XRAY"/test/NORMAL/*; do mkdir -p files && cp "$file" files/; [ "$(ls files | wc -l)" -lt 6 ] || break; done
    ganoscope counterfactual chest-cyclegan files chest-files-counterfactuals --panels 2
    train dclgan ct --domains normal nodule --generator-channels 8 --discriminator-channels 8
    ganoscope counterfactual ct-dclgan ct ct-dclgan-counterfactuals --number 12 --panels 2
    ganoscope demo --out demo --images 960 --number 32 --size 32
    rm -rf src log.txt && cd "$work" && mv "$here" "$work/$commit"
    echo "artefacts of $commit: $work/$commit"
}

compare() { # compare WORK OLD NEW: times, paths' owners and pages' wording are left out
    "$PYTHON" tests/compare_artefacts.py "$1/$(git rev-parse --short "$2")" "$1/$(git rev-parse --short "$3")"
}

case "${1:-}" in
    compute) compute "$2" "$3" ;;
    compare) compare "$2" "$3" "$4" ;;
    *) sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
