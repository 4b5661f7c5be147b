"""Are the distances and shares those of torch-fidelity and of prdc on the same features, and how long do they take?

Needs an environment of its own: `pip install torch torchvision torch-fidelity prdc`, and this project.

Each function gets the same features in double precision, groups of one image. Both run in turn on one thread, and the
median processor time of several runs is given: it does not depend on the machine's other work, but for its cache.
Bootstrap and floors, which the others do not compute, are left out of the times.
"""

import argparse
import time

import numpy as np
import torch
from prdc import compute_prdc
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
from torch_fidelity.metric_kid import kid_features_to_metric
from torch_fidelity.metric_prc import prc_features_to_metric

from ganoscope.evaluate.features import Features
from ganoscope.evaluate.fidelity import frechet_distance, kernel_distance
from ganoscope.evaluate.neighbourhoods import NEIGHBOURS, compare_sets, find_reference


def draw(count, dimension, seed, shift):
    """Skewed, correlated features, as those of networks are."""
    rng = np.random.default_rng(seed)
    mix = np.random.default_rng(99).normal(size=(dimension, dimension)) / np.sqrt(dimension)
    return np.maximum(rng.normal(shift, 1, (count, dimension)) @ mix, 0)


def time_pair(computes, runs):
    """Returns the results of two functions, and their median processor times in seconds."""
    taken = np.zeros((runs, 2))
    for run in range(runs):
        results = []
        for place, compute in enumerate(computes):
            started = time.process_time()
            results.append(compute())
            taken[run, place] = time.process_time() - started
    return results, np.median(taken, axis=0)


def list_pairs(first, second):
    """Yields (name, ours, theirs); each computes one number or several by name."""
    own = [Features(one, np.arange(len(one)), "drawn", "none") for one in (first, second)]
    tensors = [torch.from_numpy(one) for one in (first, second)]

    def measure_shares():
        found = compare_sets(own[0], find_reference(own[1]))
        return {
            "precision": (found.held > 0).mean(),
            "recall": found.reached.mean(),
            "density": found.held.mean() / NEIGHBOURS,
            "coverage": (found.met > 0).mean(),
        }

    def compute_fidelity_shares():
        found = prc_features_to_metric(*tensors, prc_neighborhood=NEIGHBOURS, verbose=False)
        return {name: found[name] for name in ("precision", "recall")}

    yield (
        "Frechet, torch-fidelity",
        lambda: {"value": frechet_distance.compute_set_distance(*own)},
        lambda: {
            "value": fid_statistics_to_metric(*(fid_features_to_statistics(one) for one in tensors), verbose=False)[
                "frechet_inception_distance"
            ]
        },
    )
    yield (
        "kernel, torch-fidelity",
        lambda: {"value": kernel_distance.compute_set_distance(*own)},
        lambda: {
            "value": kid_features_to_metric(*tensors, kid_subsets=1, kid_subset_size=len(first), verbose=False)[
                "kernel_inception_distance_mean"
            ]
        },
    )
    yield "precision, recall, torch-fidelity", measure_shares, compute_fidelity_shares
    yield (
        "precision, recall, density, coverage, prdc",
        measure_shares,
        lambda: compute_prdc(second, first, nearest_k=NEIGHBOURS),
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--dimensions", type=int, nargs="+", default=[112, 512])
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    print("| functions | features | largest difference | ours, s | theirs, s | ours / theirs |")
    print("|---|---:|---:|---:|---:|---:|")
    for dimension in options.dimensions:
        first, second = draw(options.images, dimension, 0, 0.1), draw(options.images, dimension, 1, 0.0)
        for name, ours, theirs in list_pairs(first, second):
            (own, other), (own_s, other_s) = time_pair((ours, theirs), options.runs)
            gap = max(abs(own[key] - other[key]) for key in other)
            print(f"| {name} | {dimension} | {gap:.1e} | {own_s:.3f} | {other_s:.3f} | {own_s / other_s:.2f} |")


if __name__ == "__main__":
    main()
