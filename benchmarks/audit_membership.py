"""Is a generator that leaks called leaking, and one that does not left alone?

Each repetition deals the patients of a store out anew: members, held-out patients, and others.

- `replay`: images of other patients, and 5% of the members' images, slightly noisy: must be called leaking.
- `overfitted`: a DCGAN trained on 64 members, 32 px phantoms: must be called leaking. `release` alone is judged too.
- `oracle`: images of other patients, as a perfect generator makes them: must not be called leaking.
- `members`: the generator of `replay`, and halves of the members against each other: must not be called leaking.

Stores: radiograph phantoms, and those given. Interrupted, the same command goes on: results are kept in --folder.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ganoscope.audits.audit_evidence import AuditEvidence, SyntheticImages
from ganoscope.audits.questions.membership import ask
from ganoscope.data.phantoms.phantom_store import PhantomConfig
from ganoscope.data.real_images import RealImages
from ganoscope.data.store import Store
from ganoscope.data.store.derived import derive_store
from ganoscope.files import load_json, save_json
from ganoscope.generation import draw_images
from ganoscope.methods.dcgan import Config
from ganoscope.statistics.proportion import compute_clopper_pearson
from ganoscope.training.config import TrainConfig
from ganoscope.training.run_folder.trained_run import open_run
from ganoscope.workflows.phantom import phantom
from ganoscope.workflows.train import train

SYNTHETIC, REPLAYED, NOISE = 600, 0.05, 0.05
SHARES = 0.4, 0.8
"""Cumulated shares of patients that are members, and held out."""
CASES = {"replay": 20, "overfitted": 20, "oracle": 200, "members": 200}
LEAKING = {"replay", "overfitted"}
GAN_MEMBERS, GAN_IMAGES, GAN_PX, GAN_CHANNELS = 64, 24_000, 32, 16


def deal(store, rng):
    """Returns positions of members, held-out images and others; patients are on one side."""
    names, places = np.unique(store.column("group"), return_inverse=True)
    order = rng.permutation(len(names))[places] / len(names)
    return [
        np.flatnonzero((order >= low) & (order < high)) for low, high in zip((0, *SHARES), (*SHARES, 1), strict=True)
    ]


def imitate(store, others, rng):
    """Returns images of other patients, with noise so that none is there twice."""
    drawn = store.load_images(rng.choice(others, SYNTHETIC))
    return drawn + NOISE * rng.standard_normal(drawn.shape).astype(np.float32)


def replay(store, members, others, rng):
    """Returns images of other patients, and among them noisy ones of 5% of the members."""
    images, count = imitate(store, others, rng), round(REPLAYED * len(members))
    copied = store.load_images(rng.choice(members, count, replace=False))
    images[:count] = copied + NOISE * rng.standard_normal(copied.shape).astype(np.float32)
    return images


def judge(store, images, sides, seed, run=None):
    """Returns the audit's answer."""
    images = images.clip(-1, 1).astype(np.float32)
    names = np.arange(len(images)).astype(str)
    synthetic = SyntheticImages(names, lambda positions: images[positions], None, "benchmark", "")
    members, held_out = (RealImages(store, np.sort(side)) for side in sides)
    return ask(AuditEvidence(synthetic, members, held_out, run=run, seed=seed))


def describe(answer):
    """Returns what is kept of an answer."""
    attacks = answer.details["attacks"]
    return {
        "leaks": answer.outcome == "fault",
        "split_bias": answer.details["split_bias"]["shown"],
        "auc": {name: one["auc"]["value"] for name, one in attacks.items()},
        "p": {name: one["p_adjusted"] for name, one in attacks.items()},
        "epsilon": {name: one["epsilon_lower_bound"] for name, one in attacks.items()},
    }


def repeat(store, case, number):
    """Returns the result of one repetition without a GAN."""
    rng = np.random.default_rng([number, sorted(CASES).index(case)])
    members, held_out, others = deal(store, rng)
    if case == "members":
        held_out, half = deal_halves(store, members, rng)
        return describe(judge(store, replay(store, members, others, rng), (half, held_out), number))
    images = imitate(store, others, rng) if case == "oracle" else replay(store, members, others, rng)
    return describe(judge(store, images, (members, held_out), number))


def deal_halves(store, members, rng):
    """Returns positions of two random halves of the members, by patient."""
    names, places = np.unique(store.column("group")[members], return_inverse=True)
    first = (rng.permutation(len(names)) < len(names) // 2)[places]
    return members[first], members[~first]


def overfit(store, folder, number):
    """Returns the result of one repetition with a GAN of 64 members' images."""
    rng = np.random.default_rng([number, len(CASES)])
    members, held_out, _ = deal(store, rng)
    members = rng.choice(members, GAN_MEMBERS, replace=False)
    shared = np.isin(store.column("group"), store.column("group")[members])
    place = folder / f"gan_{number}"
    if not (place / "store").exists():
        splits = np.full(store.count, "", "<U5")
        splits[members] = "train"
        derive_store(store, splits, place / "store")
    options = TrainConfig(images=GAN_IMAGES, seed=number, tick_images=GAN_IMAGES, device="cpu", precision="fp32")
    config = Config(generator_channels=GAN_CHANNELS, discriminator_channels=GAN_CHANNELS, latent_dim=32)
    if not (place / "run").exists():
        train("dcgan", place / "store", place / "run", options, method_config=config)
    run = open_run(place / "run")
    images = np.concatenate(list(draw_images(run, SYNTHETIC, number)))
    sides = members, held_out[~shared[held_out]]
    release = judge(store, images, sides, number)
    return {**describe(judge(store, images, sides, number, run)), "release": release.outcome == "fault"}


def collect(path: Path, repetitions: int, compute: Callable[[int], dict[str, object]]):
    """Returns the results of all repetitions; those that are kept are not computed again."""
    rows = load_json(path) if path.exists() else []
    while len(rows) < repetitions:
        start = time.perf_counter()
        row = compute(len(rows))
        rows.append({**row, "seconds": time.perf_counter() - start})
        save_json(path, rows)
    return rows[:repetitions]


def write_row(data, case, rows):
    """Prints a line of the table."""
    leaks = sum(row["leaks"] for row in rows)
    low, high = compute_clopper_pearson(leaks, len(rows))
    strongest = [max(value for name, value in row["auc"].items() if name != "nearest_distance") for row in rows]
    first, median, last = np.quantile(strongest, [0.05, 0.5, 0.95])
    alone = f", release alone {sum(row['release'] for row in rows)}" if "release" in rows[0] else ""
    biased = sum(row["split_bias"] for row in rows)
    seconds = np.median([row["seconds"] for row in rows])
    print(
        f"| {data} | {case} | {'leak' if case in LEAKING else 'none'} | {leaks} of {len(rows)}{alone} | "
        f"{100 * low:.1f} to {100 * high:.1f}% | {median:.3f} ({first:.3f} to {last:.3f}) | {biased} | "
        f"{seconds:.1f} |",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stores", nargs="*", type=Path, help="prepared stores, besides the phantoms")
    parser.add_argument("--folder", type=Path, default=Path("audit_membership"))
    parser.add_argument(
        "--share", type=float, default=1.0, help="share of the repetitions, such as 0.1 for a first look"
    )
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    stores = {"phantoms, 64 px": arguments.folder / "phantoms", **{path.name: path for path in arguments.stores}}
    for name, size in (("phantoms", 64), ("small", GAN_PX)):
        if not (arguments.folder / name).exists():
            phantom(arguments.folder / name, PhantomConfig("cxr", number=2000, size=size))
    columns = "images", "case", "truth", "called leaking", "95% interval", "median AUC (5 to 95%)", "split bias", "s"
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    for case in arguments.cases:
        repetitions = max(1, round(arguments.share * CASES[case]))
        if case == "overfitted":
            small = Store.open(arguments.folder / "small")
            path = arguments.folder / "overfitted.json"
            rows = collect(path, repetitions, lambda number, store=small: overfit(store, arguments.folder, number))
            write_row(f"phantoms, {GAN_PX} px", case, rows)
            continue
        for data, place in stores.items():
            store = Store.open(place)
            path = arguments.folder / f"{place.name}_{case}.json"
            rows = collect(path, repetitions, lambda number, store=store, case=case: repeat(store, case, number))
            write_row(data, case, rows)


if __name__ == "__main__":
    main()
