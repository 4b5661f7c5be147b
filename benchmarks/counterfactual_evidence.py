"""Do counterfactuals change the disease and nothing else? Measured on X-ray phantoms, whose lesions are known exactly.

Two arms, the same networks from the same seed on the same batches: `cyclegan_counterfactual` with its counterfactual
loss, and with the weight of that loss at 0, which leaves a CycleGAN. Both are measured by `ganoscope counterfactual` on
the held-out phantoms of the two classes. The explained classifier learned from the train split that the generators
learn from; the judge from other phantoms, drawn from another seed, with other initial weights.

Interrupted, the same command goes on: stores, classifiers, runs and finished measurements are kept in --folder.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from label_agreement import open_phantoms, train_generator, train_judge

from ganoscope.counterfactuals.config import CounterfactualConfig
from ganoscope.data.phantoms.phantom_store import PhantomConfig
from ganoscope.errors import UserError
from ganoscope.files import load_json
from ganoscope.workflows.counterfactual import counterfactual

ARMS = {"on": 1.0, "off": 0.0}
SEEDS = {"store": 0, "judge_store": 1, "explained": 5, "judge": 11}
MEASURES = (
    *("flip", "judge_flip", "flip_after_blur", "attack_judge_flip", "attack_flip_after_blur"),
    *("change_in_lesion", "lesion_area", "ssim", "l1", "identity_l1", "cycle_l1", "flip_as_written"),
)


def measure_arm(arm, folder, store, options):
    """Returns what `ganoscope counterfactual` measures on the run of one arm, which is trained where it is missing."""
    path = folder / f"run_{arm}_{options.seed}_{options.images}"
    settings = {
        "generator": options.generator,
        "generator_channels": options.generator_channels,
        "discriminator_channels": options.discriminator_channels,
        "classifier": folder / "explained",
        "counterfactual_weight": ARMS[arm] * options.weight,
        "identity_weight": options.identity_weight,
    }
    training = {"images": options.images, "batch_size": options.batch_size, "seed": options.seed}
    domains = tuple(options.domains)
    train_generator("cyclegan_counterfactual", store, path, settings, **training, domains=domains)
    if not (path / "counterfactuals").exists():
        config = CounterfactualConfig(judge=folder / "judge", panels=12)
        counterfactual(path, options.held_out, path / "counterfactuals", config)
    return load_json(path / "counterfactuals" / "results.json")["measures"]["sets"]


def print_arms(found):
    """Prints every measure, a column for each arm."""
    print(f"{'':<50}" + "".join(f"{f'counterfactual loss {arm}':<36}" for arm in found))
    for part in next(iter(found.values())):
        for name in MEASURES:
            cells = [write(found[arm][part].get(name)) for arm in found]
            if any(cells):
                print(f"{f'{part}: {name}':<50}" + "".join(f"{cell:<36}" for cell in cells).rstrip())


def write(estimate):
    if estimate is None:
        return ""
    value, low, high = (estimate[name] for name in ("value", "low", "high"))
    return f"{value:.3f} ({low:.3f} to {high:.3f}, n = {estimate['n']:,})"


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--domains", nargs=2, default=["consolidation", "normal"])
    parser.add_argument("--size", type=int, default=64, help="side of the phantoms in pixels")
    parser.add_argument("--number", type=int, default=4000, help="phantoms, and as many others for the judge")
    parser.add_argument("--images", type=int, default=4000, help="to train the translation on")
    parser.add_argument("--batch-size", type=int, default=1)
    parser.add_argument("--generator", default="attention_resunet", choices=("resnet", "attention_resunet"))
    parser.add_argument("--generator-channels", type=int, default=16)
    parser.add_argument("--discriminator-channels", type=int, default=32)
    parser.add_argument("--weight", type=float, default=1.0, help="of the counterfactual loss, where it is on")
    parser.add_argument("--identity-weight", type=float, default=5.0)
    parser.add_argument("--arms", nargs="+", default=list(ARMS), choices=list(ARMS))
    parser.add_argument("--seed", type=int, default=0, help="of the trainings of the translation")
    parser.add_argument("--folder", type=Path, help="keeps everything; the same command goes on there")
    return parser.parse_args()


def main():
    options = parse_options()
    with tempfile.TemporaryDirectory() as name:
        folder = options.folder or Path(name)
        phantoms = "cxr", options.number, options.size
        store = open_phantoms(folder / "store", PhantomConfig(*phantoms, seed=SEEDS["store"]))
        others = open_phantoms(folder / "judge_store", PhantomConfig(*phantoms, seed=SEEDS["judge_store"]))
        options.held_out = store.path
        for classifier, source in (("explained", store), ("judge", others)):
            found = train_judge(source, folder / classifier, seed=SEEDS[classifier])
            accuracy = found.record.metrics["metrics"]["balanced_accuracy"]["value"]
            print(f"{classifier} classifier: balanced accuracy {accuracy:.3f} on its own test split", flush=True)
        print_arms({arm: measure_arm(arm, folder, store, options) for arm in options.arms})


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(f"error: {error}")
