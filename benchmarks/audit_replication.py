"""Does replication fall with the number of training images, and how?

For each number of images, a small DCGAN is trained on that many images of random patients, for as many steps. Its
images are compared with them by the search for copies; images of all other patients say what happens by chance. An
image counts as replicated where the p value of its resemblance is 0.01 or less: by chance, 1% are.

Two courses are fitted by maximum likelihood, share = 0.01 + 0.99 a f(n): exponential, f = exp(-n / k), and a power,
f = n^-k. Source: Feng et al. 2021, "When do GANs replicate?", https://arxiv.org/abs/2202.11765

Stores: radiograph phantoms, and those given. Interrupted, the same command goes on: results are kept in --folder.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from ganoscope.copies.copy_search import make_copy_search
from ganoscope.copies.significance import MIN_CORRELATION, compute_p
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

BATCH = 16
SIZES = 16, 32, 64, 128, 256, 512, 1024
FEWEST_HELD_OUT, MOST_HELD_OUT, LEVEL = 100, 400, 0.01


def choose(store, number, rng):
    """Returns positions of `number` images of random patients, and of up to MOST_HELD_OUT images of all others."""
    groups = store.column("group")
    order = rng.permutation(np.unique(groups))
    rank = {name: place for place, name in enumerate(order.tolist())}
    ordered = np.argsort([rank[name] for name in groups.tolist()], kind="stable")
    members = np.sort(ordered[:number])
    others = np.flatnonzero(~np.isin(groups, groups[members]))
    return members, np.sort(rng.permutation(others)[:MOST_HELD_OUT])


def replicate(store, folder, number, seed, given):
    """Returns how many images of a GAN trained on `number` images are replicated."""
    members, held_out = choose(store, number, np.random.default_rng([seed, number]))
    if len(members) < number or len(held_out) < FEWEST_HELD_OUT:
        return None
    start = time.perf_counter()
    place = folder / f"n{number}_seed{seed}"
    if not (place / "store").exists():
        splits = np.full(store.count, "", "<U5")
        splits[members] = "train"
        derive_store(store, splits, place / "store")
    if not (place / "run").exists():
        options = TrainConfig(
            images=given.images, batch_size=BATCH, seed=seed, tick_images=given.images, device="cpu", precision="fp32"
        )
        config = Config(generator_channels=given.channels, discriminator_channels=given.channels, latent_dim=32)
        train("dcgan", place / "store", place / "run", options, method_config=config)
    drawn = np.concatenate(list(draw_images(open_run(place / "run"), given.drawn, seed)))[:, 0]
    search = make_copy_search(RealImages(store, members), given.drawn)
    null = search.match(store.load_images(held_out)[:, 0])
    p = compute_p(search.match(drawn), null, True, LEVEL)
    replicated = int(((p.p <= LEVEL) & (p.correlation >= MIN_CORRELATION)).sum())
    return {
        "n": number,
        "seed": seed,
        "replicated": replicated,
        "drawn": given.drawn,
        "correlation": float(np.median(p.correlation)),
        "seconds": time.perf_counter() - start,
    }


COURSES = {"exponential": lambda n, k: np.exp(-n / k), "power": lambda n, k: n**-k}
STARTS = {"exponential": np.log(100.0), "power": np.log(0.5)}


def fit(rows, name):
    """Returns (a, k, deviance per degree of freedom) of one course, fitted by maximum likelihood."""
    n, found, drawn = (np.array([row[key] for row in rows], float) for key in ("n", "replicated", "drawn"))

    def predict(theta):
        height = 1 / (1 + np.exp(-theta[0])) if name == "exponential" else np.exp(theta[0])
        return np.clip(LEVEL + (1 - LEVEL) * height * COURSES[name](n, np.exp(theta[1])), 1e-9, 1 - 1e-9)

    def deviance(theta):
        share, seen = predict(theta), np.clip(found / drawn, 1e-9, 1 - 1e-9)
        return 2 * np.sum(found * np.log(seen / share) + (drawn - found) * np.log((1 - seen) / (1 - share)))

    best = minimize(deviance, (0.0, STARTS[name]), method="Nelder-Mead", options={"maxiter": 4000})
    height = 1 / (1 + np.exp(-best.x[0])) if name == "exponential" else np.exp(best.x[0])
    return height, float(np.exp(best.x[1])), best.fun / max(1, len(rows) - 2)


def write(name, rows):
    """Prints the table of one store and both fits."""
    print(
        f"\n{name}:\n\n| images learned from | replicated | 95% interval | median correlation |\n|---:|---:|---|---:|"
    )
    for row in rows:
        low, high = compute_clopper_pearson(row["replicated"], row["drawn"])
        print(
            f"| {row['n']:,} | {row['replicated']} of {row['drawn']} ({row['replicated'] / row['drawn']:.1%}) | "
            f"{low:.1%} to {high:.1%} | {row['correlation']:.2f} |"
        )
    for course in COURSES:
        height, k, deviance = fit(rows, course)
        print(f"\n{course}: a = {height:.3f}, k = {k:.3g}, deviance {deviance:.1f} per degree of freedom")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stores", nargs="*", type=Path, help="prepared stores, besides the phantoms")
    parser.add_argument("--folder", type=Path, default=Path("audit_replication"))
    parser.add_argument("--images", type=int, default=24_000, help="images that each GAN is trained with")
    parser.add_argument("--channels", type=int, default=16, help="width of the networks")
    parser.add_argument("--drawn", type=int, default=400, help="images drawn from each GAN")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    if not (given.folder / "phantoms").exists():
        phantom(given.folder / "phantoms", PhantomConfig("cxr", number=1600, size=64))
    for place in (given.folder / "phantoms", *given.stores):
        store, kept = Store.open(place), given.folder / f"{place.name}.json"
        rows = load_json(kept) if kept.exists() else []
        for seed in range(given.seeds):
            for number in given.sizes:
                if not any((row["n"], row["seed"]) == (number, seed) for row in rows):
                    row = replicate(store, given.folder / f"{place.name}_gans", number, seed, given)
                    rows += [row] if row else []
                    save_json(kept, rows)
        write(place.name, sorted(rows, key=lambda row: (row["n"], row["seed"])))


if __name__ == "__main__":
    main()
