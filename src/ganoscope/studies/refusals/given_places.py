"""What a study is given by path: weights, a trained run, other stores. Each is identified by a hash, and must fit.

A run or store that does not fit the study's own store is refused before anything is trained: other classes, other
sizes or intensities than those of the real images, images of the study itself, or a test set with one class.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from ganoscope.classifiers.trained import describe_range
from ganoscope.data.store import Store
from ganoscope.data.store.splits import SPLITS
from ganoscope.errors import UserError, describe
from ganoscope.files import compute_sha256
from ganoscope.nets.pretrained import load_pretrained
from ganoscope.nets.pretrained.published import PUBLISHED
from ganoscope.studies.config import StudyConfig
from ganoscope.studies.outer_splits import Cohort
from ganoscope.tasks.own_modules import hash_modules
from ganoscope.training.classifier.config import ClassifyConfig
from ganoscope.training.run_folder.trained_run import TrainedRun, open_run


def hash_places(config: StudyConfig) -> dict[str, str]:
    """Returns the hash of the content of each path that was given, and of each module of the user's own.

    Raises:
        UserError: Something is missing or damaged.
    """
    methods = [config.generator] if config.generates and not config.generator_run else []
    found = {}
    if config.weights:
        if not config.weights.is_file():
            raise UserError(f"--weights {config.weights}: there is no such file.")
        found["weights"] = compute_sha256(config.weights)
    if config.declared:
        found["synthetic_patients"] = compute_sha256(config.declared)
    if config.generator_run:
        run = open_run(config.generator_run, "cpu")
        found["generator_run"] = run.weights_sha256
        methods.append(run.record.method)
    for name, path in (("synthetic", config.synthetic), ("external", config.external)):
        if path:
            store = Store.open(path)
            store.verify()
            found[name] = store.fingerprint
    return found | hash_modules([*methods, *config.families])


def find_pretrained(config: StudyConfig, classes: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the families that begin with the file of --weights: those that it fits, loaded as their training does.

    Args:
        config: All options.
        classes: Names of the classes.

    Raises:
        UserError: It fits none of them.
    """
    if config.weights is None:
        return ()
    found, faults = [], []
    for family in config.families:
        if family not in PUBLISHED:
            continue
        try:
            with torch.random.fork_rng(devices=[]):
                load_pretrained(family, len(classes), config.weights, ClassifyConfig.weights_source)
        except UserError as error:
            faults.append(str(error))
        else:
            found.append(family)
    if not found:
        fault, given = f"--weights {config.weights} fits none of --families", ", ".join(config.families)
        remedy = "Name a network that it was published for, or leave it out."
        raise UserError("\n".join([describe(fault, given, ", ".join(PUBLISHED), remedy), *faults]))
    return tuple(found)


def list_place_faults(config: StudyConfig, store: Store, wanted: Mapping[str, int]) -> list[str]:
    """Returns why what was given does not fit the store of the study.

    Args:
        config: All options.
        store: Store of the study.
        wanted: Largest number of added images of each class in a split, by its name.

    Raises:
        UserError: Something is missing or damaged.
    """
    faults = []
    if config.generator_run:
        faults += list_run_faults(open_run(config.generator_run, "cpu"), store, tuple(wanted))
    if config.synthetic:
        given, option = Store.open(config.synthetic), f"--synthetic {config.synthetic}"
        faults += [*list_unlike(given, store, option), *list_shared(given, store, option)]
        faults += list_too_few(given, option, wanted)
    if config.external:
        given, option = Store.open(config.external), f"--external {config.external}"
        faults += [*list_unlike(given, store, option), *list_class_faults(given, store, option, tuple(wanted))]
        if given.fingerprint != store.fingerprint:
            faults += list_shared(given, store, option)
    return faults


def list_run_faults(run: TrainedRun, store: Store, classes: tuple[str, ...]) -> list[str]:
    """Returns why a run can't serve as the generator of all splits.

    Args:
        run: The run.
        store: Store of the study.
        classes: Names of its classes.
    """
    record = run.record
    if record.store_fingerprint != store.fingerprint:
        given, allowed = (
            f"{name} ({fingerprint[:12]})"
            for name, fingerprint in ((record.store_name, record.store_fingerprint), (store.name, store.fingerprint))
        )
        remedy = "What it has seen can't be counted. Draw images from it, prepare them, and give them as --synthetic."
        return [describe(f"--generator-run {run.path} was trained on another store", given, allowed, remedy)]
    if set(run.classes) != set(classes):
        remedy = "Train one that is conditioned on them: without it, labels would be made up."
        given = ", ".join(run.classes) or f"none, as of every {record.method}"
        return [describe(f"--generator-run {run.path} has other classes", given, ", ".join(classes), remedy)]
    return []


def list_unlike(given: Store, store: Store, option: str) -> list[str]:
    """Returns in what images of another store are unlike those of the study: both are fed alike, and must be.

    Args:
        given: The other store.
        store: Store of the study.
        option: What messages call the other store.
    """
    pairs = (
        ("size", f"{given.size} px", f"{store.size} px", f"--size {store.size}"),
        ("intensity range", describe_range(given.intensity), describe_range(store.intensity), "that range"),
    )
    return [
        describe(f"{option} has images of another {name}", found, allowed, f"Prepare it with {remedy}.")
        for name, found, allowed, remedy in pairs
        if found != allowed
    ]


def list_shared(given: Store, store: Store, option: str) -> list[str]:
    """Returns that another store holds images of the study, by the hashes of their source files.

    Args:
        given: The other store.
        store: Store of the study.
        option: What messages call the other store.
    """
    sources = store.column("source_sha256")
    shared = int(np.isin(given.column("source_sha256"), sources[sources != ""]).sum())
    if not shared:
        return []
    fault, remedy = f"{option} holds images of the study's own store", "Leave them out, and prepare it again."
    return [describe(fault, f"{shared:,} of {given.count:,}", "none", remedy)]


def list_too_few(given: Store, option: str, wanted: Mapping[str, int]) -> list[str]:
    """Returns the classes of which there are too few images to add.

    Args:
        given: The other tool's images.
        option: What messages call them.
        wanted: Number of images of each class, by its name.
    """
    labels, remedy = given.column("label"), "Add images, or lower --ratios or --number."
    return [
        describe(
            f"{option} has too few images of class {name}", int((labels == name).sum()), f"{least} or more", remedy
        )
        for name, least in wanted.items()
        if (labels == name).sum() < least
    ]


def list_class_faults(given: Store, store: Store, option: str, classes: tuple[str, ...]) -> list[str]:
    """Returns why the classes of a test set can't be told apart, or are not those that classifiers know.

    Args:
        given: Store of the test set.
        store: Store of the study.
        option: What messages call the test set.
        classes: Names of the classes that classifiers know.
    """
    own = list_tested_splits(given.fingerprint, store.fingerprint)
    found = sorted(set(given.column("label")[given.indices(*own)].tolist()) - {""})
    if len(found) == 1:
        remedy = "With one class, precision is 1 and recall equals accuracy, whatever a classifier answers."
        return [describe(f"{option} has one class", found[0], ", ".join(classes), remedy)]
    if set(found) != set(classes):
        remedy = "Give its classes the same names with `ganoscope prepare`, or name another store."
        fault = f"{option} has other classes{' in its test split' if own == ['test'] else ''}"
        return [describe(fault, ", ".join(found) or "none", ", ".join(classes), remedy)]
    return []


def list_tested_splits(fingerprint: str, study: str) -> list[str]:
    """Returns the splits of an external store to test on: all, but of the study's own store the test split alone.

    Args:
        fingerprint: Fingerprint of the external store.
        study: That of the study's own store.
    """
    return ["test"] if fingerprint == study else list(SPLITS)


def find_run_images(config: StudyConfig, store: Store) -> NDArray[np.bool_]:
    """Returns which images of a store the one generator for all splits has learned from, shape (N,).

    Args:
        config: All options; --generator-run is given.
        store: Store of the study.
    """
    samples = open_run(config.generator_run, "cpu").record.sample_ids if config.generator_run else ()
    return np.isin(store.column("sample_id"), samples)


def count_leaks(seen: NDArray[np.bool_], cohort: Cohort, splits: Sequence[NDArray[np.str_]]) -> int:
    """Returns the largest number of a split's held-out groups that have images which were seen before.

    Args:
        seen: Whether each image of the store was seen, shape (N,).
        cohort: Images of the study.
        splits: Part of each of them in every split, shape (N,) each.
    """
    known = np.isin(cohort.groups, cohort.groups[seen[cohort.positions]])
    return max(len(np.unique(cohort.groups[known & (parts == "test")])) for parts in splits)
