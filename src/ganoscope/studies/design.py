"""The design of a study: everything that decides its result, frozen with a hash before anything is trained."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.store import Store
from ganoscope.data.store.classes import refuse_test_only, refuse_unlabelled
from ganoscope.errors import UserError, describe, gather, refuse
from ganoscope.files import partial_name, save_json
from ganoscope.files.records import load_mapping
from ganoscope.files.tables import read_csv, save_csv
from ganoscope.statistics.planning.feasibility import Feasibility, check_feasibility
from ganoscope.statistics.planning.patient_feasibility import (
    HeldOutPatients,
    PatientFeasibility,
    check_patient_feasibility,
)
from ganoscope.studies.arms import ARMS
from ganoscope.studies.config import StudyConfig
from ganoscope.studies.families import RANDOM_FEATURES
from ganoscope.studies.outer_splits import (
    Cohort,
    KeptSplits,
    SplitPlan,
    count_held_out,
    find_cohort,
    make_outer_splits,
    measure_ratio,
    reduce_training,
    refuse_few_groups,
    refuse_unusable,
)
from ganoscope.studies.refusals.chosen_generator import list_generator_faults
from ganoscope.studies.refusals.declared_patients import find_seen
from ganoscope.studies.refusals.given_places import (
    count_leaks,
    find_pretrained,
    find_run_images,
    hash_places,
    list_place_faults,
)
from ganoscope.studies.refusals.shared_images import list_copy_faults

FILE, SPLITS = "design.json", "splits.csv"
SCHEMA_VERSION = 1
PATHS = ("weights", "generator_run", "synthetic", "external")
"""Options that are paths: the design keeps a hash of what lies there, and its name."""
PLACE_OPTIONS = (*PATHS, "exploratory")
DERIVED = ("config", "held_out", "pretrained", "declared_groups")
"""Parts of a design that are described elsewhere, or follow from what is."""
SPLIT_COLUMNS = ("split", "sample_id", "part")


@dataclass(frozen=True)
class Design:
    """A frozen design.

    Attributes:
        config: All options.
        store: Name of the store.
        fingerprint: Its fingerprint.
        classes: Names of the classes.
        images: Images of the cohort.
        groups: Patients, or groups of near-duplicates where patients are unknown.
        patients_known: Whether every image of the cohort has a patient.
        ratio: Test images per training image, the mean over splits.
        splits_sha256: Hash of the patients of every split.
        hashes: Hash of the content of each path that was given.
        held_out: Who is held out; it follows from the splits.
        pretrained: Families that begin with the weights that were given; they follow from the file.
        leaky_groups: Largest number of held-out groups that a generator for all splits was trained on.
        declared_groups: The same for the tool of --synthetic, as declared; it follows from the file.
    """

    config: StudyConfig
    store: str
    fingerprint: str
    classes: tuple[str, ...]
    images: int
    groups: int
    patients_known: bool
    ratio: float
    splits_sha256: str
    hashes: dict[str, str]
    held_out: HeldOutPatients
    pretrained: tuple[str, ...] = ()
    leaky_groups: int = 0
    declared_groups: int = 0

    @property
    def plan(self) -> SplitPlan:
        """How outer splits are drawn."""
        return SplitPlan(self.config.scheme, self.config.repeats, self.config.folds, self.config.seed)

    @property
    def feasibility(self) -> Feasibility | PatientFeasibility:
        """What the design can decide: splits vary, or patients do."""
        config, arms = self.config, len(self.config.compared)
        if config.estimand == "models":
            return check_patient_feasibility(self.held_out, arms, config.margin, config.expected_sd)
        return check_feasibility(self.plan.count, self.ratio, arms, config.margin, config.expected_sd)

    @property
    def exploratory(self) -> bool:
        """Whether the design can't decide, and runs all the same."""
        return self.config.exploratory and not self.feasibility.can_decide

    def describe(self) -> dict[str, Any]:
        """Returns the design as JSON values, without places, which may change, and what follows from the splits."""
        options = {name: value for name, value in asdict(self.config).items() if name not in PLACE_OPTIONS}
        if self.config.declared:
            options["synthetic_patients"] = "declared"
        facts = {name: value for name, value in asdict(self).items() if name not in DERIVED}
        found: dict[str, Any] = json.loads(json.dumps({"options": options, **facts}))
        return found

    @property
    def sha256(self) -> str:
        """Hash of the design."""
        return hash_json(self.describe())


def make_design(
    store: Store, config: StudyConfig, frozen: bool = False
) -> tuple[Design, Cohort, Sequence[NDArray[np.str_]]]:
    """Returns (the design, its N images, and the part of each of them in every outer split, shape (N,)).

    Args:
        store: Store of the study, verified.
        config: All options.
        frozen: Whether it is going to be compared with a frozen one: then arms that fit are not tried again, nor is
            other stores' content, whose hashes that one holds, searched again.

    Raises:
        UserError: The store, the arms or the splits don't fit; all faults that can be seen together are reported.
    """
    gather(lambda: refuse_test_only(store, "study"), lambda: refuse_unlabelled(store, "a study"))
    cohort = find_cohort(store)
    classes = tuple(np.unique(store.column("label")[cohort.positions]).tolist())
    plan = SplitPlan(config.scheme, config.repeats, config.folds, config.seed)
    gather(
        lambda: None if frozen else refuse(list_arm_faults(config, store, classes)),
        lambda: refuse_few_groups(cohort, classes, plan),
    )
    splits = KeptSplits(make_outer_splits(cohort, plan))
    learned = list_learned(config, cohort, splits, classes)
    hashes = hash_places(config)
    refuse(list_place_faults(config, store, count_wanted(config, classes, cohort, learned)))
    refuse([] if frozen else list_copy_faults(config, store))
    design = Design(
        config=config,
        store=store.name,
        fingerprint=store.fingerprint,
        classes=classes,
        images=len(cohort.positions),
        groups=len(np.unique(cohort.groups)),
        patients_known=bool(np.all(store.column("patient")[cohort.positions] != "")),
        ratio=round(float(np.mean([measure_ratio(parts) for parts in splits])), 6),
        splits_sha256=hash_splits(splits),
        hashes=hashes,
        held_out=count_held_out(splits, cohort),
        pretrained=find_pretrained(config, classes),
    )
    places = ((config.generator_run, find_run_images), (config.declared, find_seen))
    leaky, declared = (count_leaks(find(config, store), cohort, splits) if given else 0 for given, find in places)
    return replace(design, leaky_groups=leaky, declared_groups=declared), cohort, splits


def list_learned(
    config: StudyConfig, cohort: Cohort, splits: Sequence[NDArray[np.str_]], classes: tuple[str, ...]
) -> KeptSplits:
    """Returns the splits without the training and validation images that --real-fraction leaves out.

    Args:
        config: All options.
        cohort: Images of the study.
        splits: Part of each of them in every split, shape (N,) each.
        classes: Names of the classes.

    Raises:
        UserError: There, or at a fraction of --low-data, a split lacks a class.
    """

    def reduce(name: str, fraction: float) -> KeptSplits:
        found = KeptSplits(
            reduce_training(parts, cohort, fraction, config.seed, number) for number, parts in enumerate(splits)
        )
        refuse_unusable(found, cohort, classes, f"{name} {fraction:g}")
        return found

    further = [partial(reduce, "--low-data", fraction) for fraction in config.low_data]
    first: KeptSplits = gather(partial(reduce, "--real-fraction", config.real_fraction), *further)[0]
    return first


def hash_splits(splits: Iterable[NDArray[np.str_]]) -> str:
    """Returns the hash of the parts of all splits, each of shape (N,)."""
    digest = hashlib.sha256()
    for number, parts in enumerate(splits):
        digest.update(("\n" if number else "").encode() + ",".join(parts.tolist()).encode())
    return digest.hexdigest()


def list_arm_faults(config: StudyConfig, store: Store, classes: tuple[str, ...]) -> list[str]:
    """Returns why the arms can't be made.

    Args:
        config: All options.
        store: Store of the study.
        classes: Names of its classes.

    Raises:
        UserError: There is no such generator, or it does not fit the store.
    """
    faults = []
    if config.generates and config.generator_run is None:
        faults += list_generator_faults(config.generator, store, classes)
    if "filtered" in {ARMS[arm].source for arm in config.arms} and config.families[0] == RANDOM_FEATURES:
        remedy = "Name a network first: its baseline screens the images."
        faults.append(
            describe("arm filtered needs a network as first of --families", config.families[0], "a network", remedy)
        )
    return faults


def count_wanted(
    config: StudyConfig, classes: tuple[str, ...], cohort: Cohort, splits: Sequence[NDArray[np.str_]]
) -> dict[str, int]:
    """Returns the largest number of added images of each class in any split, by its name.

    Args:
        config: All options.
        classes: Names of the classes.
        cohort: Images of the study.
        splits: Part of each of them in every split, shape (N,) each.
    """
    wanted = dict.fromkeys(classes, 1)
    for parts in splits:
        counts = np.bincount(cohort.codes[parts == "train"], minlength=len(classes))
        ratio = config.number / counts.sum() if config.number else max(1.0, *config.ratios)
        for name, count in zip(classes, counts.tolist(), strict=True):
            wanted[name] = max(wanted[name], round(ratio * count))
    return wanted


def freeze(folder: Path, design: Design, store: Store, cohort: Cohort, splits: Sequence[NDArray[np.str_]]) -> None:
    """Writes `design.json` and `splits.csv`, or compares the design with the one that a study began with.

    Args:
        folder: Folder of the study.
        design: The design.
        store: Its store.
        cohort: Images that it is about.
        splits: Part of each of them in every split, shape (N,) each.

    Raises:
        UserError: The study was begun with another design, or its files were changed.
    """
    path, table, described = folder / FILE, folder / SPLITS, design.describe()
    ids = store.column("sample_id")[cohort.positions].tolist()
    rows = (
        {"split": number, "sample_id": sample, "part": part}
        for number, parts in enumerate(splits)
        for sample, part in zip(ids, parts.tolist(), strict=True)
    )
    if path.exists():
        refuse_changes(path, described, design.sha256)
        if table.exists():
            refuse_other_splits(table, rows)
        else:  # a process was killed before it had its name; the design fixes what is in it
            save_csv(table, SPLIT_COLUMNS, rows)
        return
    hidden = partial_name(table)
    save_csv(hidden, SPLIT_COLUMNS, rows)
    frozen = datetime.now(UTC).isoformat(timespec="seconds")
    exploratory = design.config.exploratory
    save_json(
        path,
        {
            "schema_version": SCHEMA_VERSION,
            "sha256": design.sha256,
            "frozen": frozen,
            "exploratory": exploratory,
            "design": described,
        },
    )
    hidden.replace(table)


def refuse_changes(path: Path, described: Mapping[str, Any], sha256: str) -> None:
    """Refuses a design that differs from the frozen one; reports all differences.

    Args:
        path: The frozen design.
        described: The new one.
        sha256: Its hash.

    Raises:
        UserError: They differ, or the frozen one was edited.
    """
    frozen = load_mapping(path)
    before = frozen.get("design")
    if not isinstance(before, dict) or hash_json(before) != frozen.get("sha256"):
        raise UserError(f"{path} was changed after it was frozen. Restore it, or begin a new study in another folder.")
    if frozen["sha256"] == sha256:
        return
    old, new = {**before, **before.get("options", {})}, {**described, **described["options"]}
    names = [name for name in new if name != "options" and old.get(name) != new[name]]
    refuse(
        [
            f"the study in {path.parent} was frozen with {name} {old.get(name)}; got {new[name]}. Use the former, or "
            f"name a new folder: a changed design is a new study."
            for name in names
        ]
    )


def refuse_other_splits(path: Path, rows: Iterable[Mapping[str, object]]) -> None:
    """Refuses a table of splits that is not the one that was frozen with the design.

    Args:
        path: The table.
        rows: Its rows as they must be.

    Raises:
        UserError: It is missing, damaged, or was edited.
    """
    for found, row in zip_longest(read_csv(path, SPLIT_COLUMNS), rows):
        if found is None or row is None or found != {name: str(value) for name, value in row.items()}:
            raise UserError(
                f"{path} was changed after it was frozen. Restore it, or begin a new study in another folder; tasks "
                "draw their splits from the design alone."
            )


def hash_json(content: Mapping[str, Any]) -> str:
    """Returns the hash of JSON values."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
