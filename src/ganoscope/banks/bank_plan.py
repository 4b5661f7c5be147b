"""The plan of a bank: everything that decides its models, frozen with a hash before anything is trained."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganoscope.banks.config import BankConfig
from ganoscope.banks.halves import Patients, draw_halves, find_patients
from ganoscope.data.store import Store
from ganoscope.data.store.classes import refuse_test_only
from ganoscope.errors import UserError, describe, gather, refuse, write_count
from ganoscope.files import compute_sha256, partial_name, save_json
from ganoscope.files.records import load_record
from ganoscope.files.tables import save_csv
from ganoscope.generators.fitting import build_generator, make_spec
from ganoscope.methods import load
from ganoscope.presets import find_preset
from ganoscope.tasks.own_modules import hash_modules
from ganoscope.tasks.task import compute_key
from ganoscope.training.preflight import refuse_unfit

FILE, MEMBERSHIP = "bank.json", "membership.csv"
SCHEMA_VERSION = 1
RESTORE_BANK = "Restore it, or begin a new bank in another folder."
FEWEST_GROUPS = 4
"""With fewer, both models of a pair could differ by a single patient."""


@dataclass(frozen=True)
class Plan:
    """A frozen plan.

    Attributes:
        config: All options.
        store: Name of the store.
        fingerprint: Its fingerprint.
        size: Side of its images in pixels.
        store_images: Number of its images, whatever their split.
        groups: Patients, or groups of near-duplicates where patients are unknown.
        patients_known: Whether every image has a patient.
        classes: Images of each class that the method is conditioned on; empty where it is not.
        hashes: Hash of a method of the user's own, as from `hash_modules`.
    """

    config: BankConfig
    store: str
    fingerprint: str
    size: int
    store_images: int
    groups: int
    patients_known: bool
    classes: dict[str, int]
    hashes: dict[str, str]

    def describe(self) -> dict[str, Any]:
        """Returns the plan as JSON values."""
        facts = asdict(self)
        if not self.hashes:
            facts.pop("hashes")
        return {**facts.pop("config"), **facts}


@dataclass(frozen=True)
class FrozenPlan:
    """The content of `bank.json`.

    Attributes:
        sha256: Hash of plan and table of members.
        frozen: Date and time (UTC).
        plan: The plan, as JSON values.
        membership_sha256: SHA-256 of `membership.csv`.
    """

    sha256: str
    frozen: str
    plan: dict[str, Any]
    membership_sha256: str

    def compute_sha256(self) -> str:
        """Returns the hash of what it says."""
        return compute_key({"plan": self.plan, "membership_sha256": self.membership_sha256})


def make_plan(store: Store, config: BankConfig, frozen: FrozenPlan | None = None) -> tuple[Plan, Patients]:
    """Returns (the plan of a bank, the patients of its store).

    Args:
        store: The store, verified.
        config: All options.
        frozen: The plan that the bank began with, if it did: a method that fitted its store is not tried again.

    Raises:
        UserError: The method does not fit the store, or there are too few patients; all faults that can be seen
            together are reported.
    """
    patients, labels = find_patients(store), store.column("label")
    gather(
        lambda: refuse_test_only(store, "bank"),
        lambda: refuse_few_groups(patients),
        lambda: None if fits(frozen, store, config) else refuse(list_method_faults(config.method, store)),
    )
    known = frozen.plan["classes"] if frozen and fits(frozen, store, config) else None
    classes = count_conditioned(config.method, store, labels) if known is None else known
    refuse(list_absent_classes(patients, config, labels, tuple(classes)))
    plan = Plan(
        config=config,
        store=store.name,
        fingerprint=store.fingerprint,
        size=store.size,
        store_images=store.count,
        groups=patients.count,
        patients_known=bool(np.all(store.column("patient") != "")),
        classes=classes,
        hashes=hash_modules([config.method]),
    )
    return plan, patients


def fits(frozen: FrozenPlan | None, store: Store, config: BankConfig) -> bool:
    """Tells whether a method is known to fit a store, from a plan that was frozen for both.

    Args:
        frozen: The frozen plan, if there is one.
        store: The store.
        config: All options.
    """
    wanted = {"method": config.method, "fingerprint": store.fingerprint}
    return frozen is not None and all(frozen.plan.get(name) == value for name, value in wanted.items())


def refuse_few_groups(patients: Patients) -> None:
    """Refuses a store of too few patients.

    Raises:
        UserError: There are too few.
    """
    if patients.count < FEWEST_GROUPS:
        fault, allowed = "too few patients, or groups of near-duplicates, for halves", f"{FEWEST_GROUPS} or more"
        raise UserError(describe(fault, patients.count, allowed, "Prepare a store of more patients."))


def list_method_faults(name: str, store: Store) -> list[str]:
    """Returns why a method can't make the models of a bank.

    Args:
        name: Method or preset.
        store: Store of the bank.

    Raises:
        UserError: It can't learn from the store.
    """
    preset = find_preset(name)
    if load(preset.method).TRAITS.translates:
        allowed, remedy = "methods that generate images from noise, such as r3gan", "Choose one."
        return [describe("--method translates images", name, allowed, remedy)]
    labels = store.column("label")
    refuse_unfit(preset.method, preset.method_config, make_spec(store, name_classes(labels)), store)
    missing = int(np.sum(labels == ""))
    if not missing or not build_generator(name, store, name_classes(labels)).classes:
        return []
    fault = f"method {name} is conditioned on classes, and some images have none"
    remedy = "Prepare a store in which every image has a class, or none."
    return [describe(fault, f"{missing:,} of {store.count:,}", "none of them, or all", remedy)]


def name_classes(labels: NDArray[np.str_]) -> tuple[str, ...]:
    """Returns the names of classes that a method can be conditioned on, given the label of every image, shape (N,).

    Example:
        >>> name_classes(np.array(["b", "a", "b"])), name_classes(np.array(["a", "a"]))
        (('a', 'b'), ())
    """
    names = sorted({*labels.tolist()} - {""})
    return tuple(names) if len(names) > 1 else ()


def count_conditioned(name: str, store: Store, labels: NDArray[np.str_]) -> dict[str, int]:
    """Returns the images of each class that a method is conditioned on; empty where it is not.

    Args:
        name: Method or preset.
        store: Store of the bank.
        labels: Class of each of its images, shape (N,).
    """
    classes = name_classes(labels)
    if not build_generator(name, store, classes).classes:
        return {}
    return {one: int(np.sum(labels == one)) for one in classes}


def list_absent_classes(
    patients: Patients, config: BankConfig, labels: NDArray[np.str_], classes: Sequence[str]
) -> list[str]:
    """Returns a fault for every class that a model would not see, although its method is conditioned on it.

    Args:
        patients: The patients.
        config: All options.
        labels: Class of each image, shape (N,).
        classes: Classes that the method is conditioned on.
    """
    absent: dict[str, int] = {}
    for chosen in draw_halves(patients, config.seed, config.models if classes else 0):
        present = set(np.unique(labels[chosen]).tolist())
        for name in classes:
            absent[name] = absent.get(name, 0) + (name not in present)
    return [
        describe(
            f"class {name} is missing from a half",
            write_count(count, "model without it", "models without it"),
            "every class in every half, as 2 or more patients of each class give it",
            "Prepare a store with more patients of that class, or without it; or choose a method without classes.",
        )
        for name, count in absent.items()
        if count
    ]


def name_column(model: int) -> str:
    """Returns the name of a model in tables and pictures.

    Example:
        >>> name_column(7)
        'model_0007'
    """
    return f"model_{model:04d}"


def freeze(folder: Path, plan: Plan, store: Store, patients: Patients) -> None:
    """Writes `membership.csv` and `bank.json`, or compares the plan with the one that the bank began with.

    Args:
        folder: Folder of the bank.
        plan: The plan.
        store: Its store.
        patients: The patients of the store.

    Raises:
        UserError: The bank was begun with another plan, or its files were changed.
    """
    described, table = plan.describe(), folder / MEMBERSHIP
    if (folder / FILE).exists():
        refuse_changes(described, load_plan(folder), folder)
        if not table.exists():  # a process was killed before it had its name
            save_membership(table, plan, store, patients)
        load_frozen(folder)
        return
    hidden = partial_name(table)
    save_membership(hidden, plan, store, patients)
    frozen = FrozenPlan("", datetime.now(UTC).isoformat(timespec="seconds"), described, compute_sha256(hidden))
    content = {**asdict(frozen), "sha256": frozen.compute_sha256()}
    save_json(folder / FILE, {"schema_version": SCHEMA_VERSION, **content})
    hidden.replace(table)


def save_membership(path: Path, plan: Plan, store: Store, patients: Patients) -> None:
    """Writes which image is in which model: a row per image of the store, a column per model.

    Args:
        path: File to write.
        plan: The plan.
        store: Its store.
        patients: The patients of the store.
    """
    models = [name_column(model) for model in range(plan.config.models)]
    inside = np.stack(list(draw_halves(patients, plan.config.seed, plan.config.models)), axis=1)
    ids, groups = (store.column(name).tolist() for name in ("sample_id", "group"))
    rows = (
        {"sample_id": sample, "group": group, **dict(zip(models, chosen.tolist(), strict=True))}
        for sample, group, chosen in zip(ids, groups, inside, strict=True)
    )
    save_csv(path, ("sample_id", "group", *models), rows)


def load_plan(folder: Path) -> FrozenPlan:
    """Returns the frozen plan of a bank, whatever its table of members says.

    Raises:
        UserError: There is no bank in the folder, or its plan was edited.
    """
    path = folder / FILE
    if not path.exists():
        raise UserError(f"no bank at {folder}: {FILE} is missing. Make one with `ganoscope bank STORE {folder}`.")
    frozen = load_record(path, FrozenPlan, SCHEMA_VERSION)
    if frozen.compute_sha256() != frozen.sha256:
        raise UserError(f"{path} was changed after it was frozen. {RESTORE_BANK}")
    return frozen


def load_frozen(folder: Path) -> FrozenPlan:
    """Returns the frozen plan of a bank, whose table of members is as it was.

    Raises:
        UserError: There is no bank in the folder, or its plan or its table was edited.
    """
    frozen, table = load_plan(folder), folder / MEMBERSHIP
    if not table.is_file() or compute_sha256(table) != frozen.membership_sha256:
        raise UserError(f"{table} was changed after it was frozen, or is gone. {RESTORE_BANK}")
    return frozen


def refuse_changes(described: Mapping[str, Any], frozen: FrozenPlan, folder: Path) -> None:
    """Refuses a plan that differs from the frozen one; reports all differences.

    Args:
        described: The new plan.
        frozen: The frozen one.
        folder: Folder of the bank.

    Raises:
        UserError: They differ.
    """
    refuse(
        [
            f"the bank in {folder} was frozen with {name} {frozen.plan.get(name)}; got {value}. Use the former, or "
            "name a new folder: another plan is another bank."
            for name, value in described.items()
            if frozen.plan.get(name) != value
        ]
    )
