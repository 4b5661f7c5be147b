"""Re-identification: how well patients are recognised, and how often generators with and without a leak are called.

`recognise STORE`: patients are dealt out to folds; a metric network is trained on the others, and tells apart pairs of
images of the fold's patients. Beside it, the correlation of the pixels, as they are and smoothed. Each patient counts
once; the interval resamples patients.

`calls STORE`: a network is trained on a third of the patients. The others are divided at random into training,
held-out and new patients, again and again. "Synthetic" images are those of new patients, of which a share is replaced
by altered copies of training images, or by other films of training patients.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter

from ganoscope.data.real_images import RealImages
from ganoscope.data.store import Store
from ganoscope.evaluate.reidentification.alteration import PLANTED, alter
from ganoscope.evaluate.reidentification.embedded_sets import embed_real, load_shrunk
from ganoscope.evaluate.reidentification.identification import identify
from ganoscope.evaluate.reidentification.metric_training import MetricConfig, train_metric
from ganoscope.evaluate.reidentification.nearest_patient import Embedded
from ganoscope.evaluate.reidentification.same_patient import Pairs, estimate_pair_auroc, make_pairs
from ganoscope.statistics.proportion import compute_wilson_interval


def deal(patients, folds, seed):
    """Fold of each image: patients with the most images first, so that folds are about equally large."""
    names, member, counts = np.unique(patients, return_inverse=True, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(names))
    order = order[np.argsort(-counts[order], kind="stable")]
    fold = np.empty(len(names), int)
    fold[order] = np.arange(len(names)) % folds
    return fold[member]


def correlate(images, smoothing):
    flat = gaussian_filter(images[:, 0], (0, smoothing, smoothing)).reshape(len(images), -1).astype(np.float64)
    flat -= flat.mean(1, keepdims=True)
    return flat / np.linalg.norm(flat, axis=1, keepdims=True)


def pool(found):
    """Pairs of all folds as one, with the patients of each numbered apart, and likeness as its rank in the fold."""
    starts = np.cumsum([0] + [max(each.first.max(), each.second.max()) + 1 for each in found])
    ranks = [np.argsort(np.argsort(each.likeness)) / len(each.likeness) for each in found]
    numbers = [(each.first + start, each.second + start) for each, start in zip(found, starts, strict=False)]
    first, second = (np.concatenate(part) for part in zip(*numbers, strict=True))
    same, weights = (np.concatenate([getattr(each, name) for each in found]) for name in ("same", "weights"))
    return Pairs(np.concatenate(ranks), same, first, second, weights)


def recognise(args):
    store = Store.open(args.store)
    every = np.arange(store.count)
    images, patients = load_shrunk(store.load_images, every), store.column("patient")
    fold = deal(patients, args.folds, args.seed)
    rows = {"pixels": [], "pixels, smoothed by 2 px": [], "metric network": []}
    for number in range(args.folds):
        test, start = fold == number, time.process_time()
        metric = train_metric(images[~test], patients[~test], args.seed, "cpu", MetricConfig(steps=args.steps))
        embeddings = (correlate(images[test], 0), correlate(images[test], 2), metric.embed(images[test]))
        for name, values in zip(rows, embeddings, strict=True):
            rows[name].append(make_pairs(values, patients[test], args.seed))
        value = estimate_pair_auroc(rows["metric network"][-1], args.seed)
        seconds = time.process_time() - start
        print(f"fold {number}: {value.value:.3f} ({value.low:.3f} to {value.high:.3f}), {value.groups} patients,")
        print(f"  step {metric.steps}, validation {metric.validation_auroc:.3f}, {seconds:.0f} s of CPU", flush=True)
    print("| likeness | AUROC of pairs, each patient counts once | patients with pairs |\n|---|---|---|")
    for name, found in rows.items():
        value = estimate_pair_auroc(pool(found), args.seed)
        print(f"| {name} | {value.value:.3f} ({value.low:.3f} to {value.high:.3f}) | {value.groups} |")


COLUMNS = ("embeddings", "groups", "classes", "views", "named")


def take(embedded, chosen):
    return Embedded(*(getattr(embedded, name)[chosen] for name in COLUMNS))


def calls(args):
    store = Store.open(args.store)
    patients, random = store.column("patient"), np.random.default_rng(args.seed)
    names = np.unique(patients)
    learned = np.isin(patients, random.permutation(names)[: len(names) // 3])
    images = load_shrunk(store.load_images, np.flatnonzero(learned))
    metric = train_metric(images, patients[learned], args.seed, "cpu", MetricConfig(steps=args.steps))
    rest = np.flatnonzero(~learned)
    everything = embed_real(metric, RealImages(store, rest))
    altered = metric.embed(alter(load_shrunk(store.load_images, rest), PLANTED, random, hole=False).numpy())
    tables = {(kind, share): 0 for kind in ("altered copies", "other films") for share in args.shares}
    tables["new patients", 0.0] = 0
    for repetition in range(args.repetitions):
        part = dict(zip(names, random.permutation(np.arange(len(names)) % 4), strict=True))  # two of four are members
        role = np.array([part[name] for name in patients[rest]])
        first = np.zeros(len(rest), bool)
        first[np.unique(patients[rest], return_index=True)[1]] = True
        member, stranger, new = (role < 2), (role == 2), (role == 3)
        film = member & ~first  # films that the generator has not seen, where their patients' first one is a member
        known = np.flatnonzero(member & first) if film.any() else np.flatnonzero(member)
        held_out = np.flatnonzero(stranger & first) if film.any() else np.flatnonzero(stranger)
        sets = take(everything, known), take(everything, held_out)
        planted = {"altered copies": altered[known], "other films": everything.embeddings[film]}
        for kind, share in tables:
            values = everything.embeddings[new].copy()
            count = round(share * len(values))
            if count:
                source = planted[kind]
                values[:count] = source[random.choice(len(source), count, replace=len(source) < count)]
            found = identify(values, None, *sets, repetition)
            tables[kind, share] += found.calls.leaks
    print(f"{len(values)} images, {len(known)} training images, {len(held_out)} held-out images")
    print("| images of training patients | share | called | 95% interval |\n|---|---|---|---|")
    for (kind, share), number in sorted(tables.items()):
        low, high = compute_wilson_interval(number / args.repetitions, args.repetitions)
        print(f"| {kind} | {share:.0%} | {number} of {args.repetitions} | {low:.1%} to {high:.1%} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("recognise", "calls"))
    parser.add_argument("store", type=Path)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--repetitions", type=int, default=100)
    parser.add_argument("--shares", type=float, nargs="+", default=(0.05, 0.2))
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    {"recognise": recognise, "calls": calls}[args.what](args)


if __name__ == "__main__":
    main()
