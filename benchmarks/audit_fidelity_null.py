"""How often are real images of other patients called faulty, in fidelity or in diversity?

The patients of a store are split at random into three parts: images learned from, held-out ones, and those that pose as
synthetic images, as from a generator that is as good as reality (one image per patient: a generator's images are
independent). Each split is asked both questions; every fault is a false one.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from scipy.stats import beta

from ganoscope.audits.audit_evidence import AuditEvidence, SyntheticImages
from ganoscope.audits.questions import diversity, fidelity
from ganoscope.data.real_images import RealImages
from ganoscope.data.store import Store


def split(store, seed, labelled):
    """Returns evidence in which a third of the patients poses as synthetic images."""
    groups = store.column("group")
    names, member = np.unique(groups, return_inverse=True)
    rng = np.random.default_rng(seed)
    part = rng.choice(3, len(names), p=(0.5, 0.2, 0.3))[member]
    order = rng.permutation(len(groups))
    first = order[np.unique(member[order], return_index=True)[1]]
    posing = np.sort(first[part[first] == 2])
    synthetic = SyntheticImages(
        np.array([f"{number:05d}.png" for number in range(len(posing))]),
        lambda positions: store.load_images(posing[positions]),
        store.column("label")[posing] if labelled else None,
        "real images of other patients",
        "0" * 64,
    )
    members, held_out = (RealImages(store, np.flatnonzero(part == number)) for number in (0, 1))
    return AuditEvidence(synthetic, members, held_out, seed=seed)


def find_limit(faults, splits):
    """Returns the upper end of the two-sided 95% Clopper-Pearson interval."""
    return beta.ppf(0.975, faults + 1, splits - faults) if faults < splits else 1.0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("stores", type=Path, nargs="+")
    parser.add_argument("--splits", type=int, default=40)
    parser.add_argument("--first", type=int, default=0, help="seed of the first split")
    options = parser.parse_args()
    for path in options.stores:
        store, started = Store.open(path), time.perf_counter()
        faults = {"fidelity": 0, "diversity": 0}
        for seed in range(options.first, options.first + options.splits):
            evidence = split(store, seed, labelled=False)
            for question in (fidelity, diversity):
                answer = question.ask(evidence)
                name = question.__name__.rpartition(".")[2]
                faults[name] += answer.outcome == "fault"
                if answer.outcome == "fault":
                    print(path.name, seed, name, answer.details["worse_than_floor"], flush=True)
        for name, count in faults.items():
            limit = find_limit(count, options.splits)
            print(f"| {path.name} | {name} | {count} of {options.splits} | {limit:.1%} |", flush=True)
        print(f"{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
