"""Record of a run: configuration, data, versions; kept in `run.json` and read by everything that follows."""

import platform
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import torch

from ganoscope.classifiers.trained import TrainedClassifier, load_classifier_record, read_auroc
from ganoscope.contracts import ImageSpec
from ganoscope.data.feeding.augment import Policy
from ganoscope.data.store import Store
from ganoscope.data.store.classes import count_classes
from ganoscope.data.store.domains import Domain
from ganoscope.data.store.intensity import IntensityMap
from ganoscope.data.store.store import LARGEST_PX
from ganoscope.errors import Range, UserError, describe, refuse
from ganoscope.files import lengthen_path, records, save_json, shorten_path
from ganoscope.methods import load
from ganoscope.training.config import TrainConfig

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class RunRecord:
    """The content of `run.json`.

    Attributes:
        method: Name of the method.
        method_config: Its hyper-parameters.
        train: Resolved training configuration.
        store: Folder of the store.
        store_name: Name of the data set.
        store_fingerprint: SHA-256 of the store's content.
        size: Side of the images in pixels.
        intensity: Map between stored units and network range.
        sample_ids: Ids of the training images.
        versions: Versions of Python, ganoscope and the numerical libraries.
        git_commit: Commit of the ganoscope checkout, or "".
        started: Date and time (UTC).
        augmentation: Augmentation of real images; None for none.
        class_counts: Training images of each class, in the order of the label codes; empty where a label is missing,
            or there is one class only.
        domains: Names of domains A and B of a translation; empty for other methods.
        target_fingerprint: Fingerprint of the store that is domain B; "" without a second store.
        sessions: Every call that trained, with the time at which it `started` (UTC) and its `images_at_start`.
        classifiers: Classifiers that hyper-parameters refer to, by the hyper-parameter's name: `weights_sha256`,
            `network`, `store_name`, and `auroc` with its interval on the test split of their store.
    """

    method: str
    method_config: dict[str, Any]
    train: TrainConfig
    store: str
    store_name: str
    store_fingerprint: str
    size: Annotated[int, Range(1, LARGEST_PX)]
    intensity: IntensityMap
    sample_ids: list[str]
    versions: dict[str, str]
    git_commit: str
    started: str
    augmentation: Policy | None = None
    class_counts: dict[str, Annotated[int, Range(0)]] = field(default_factory=dict)
    domains: tuple[str, ...] = ()
    target_fingerprint: str = ""
    classifiers: dict[str, dict[str, Any]] = field(default_factory=dict)
    sessions: list[dict[str, Any]] = field(default_factory=list)

    @property
    def spec(self) -> ImageSpec:
        """Properties of the images, as given to the method."""
        hu_range = (self.intensity.low, self.intensity.high) if self.intensity.unit == "HU" else None
        return ImageSpec(self.size, tuple(self.class_counts), self.domains, hu_range)


def make_record(
    method: str,
    method_config: Any,
    train: TrainConfig,
    store: Store,
    augmentation: Policy | None = None,
    domains: tuple[Domain, Domain] | None = None,
) -> RunRecord:
    """Returns the record of a new run.

    Args:
        method: Name of the method.
        method_config: Its hyper-parameters.
        train: Resolved training options.
        store: Store to train on; domain A of a translation.
        augmentation: Augmentation of real images; None for none.
        domains: Domains A and B of a translation.
    """
    indices = [(domain.store, domain.indices("train")) for domain in domains or ()] or [(store, store.indices("train"))]
    return RunRecord(
        method=method,
        method_config=to_plain(asdict(method_config)),
        train=replace(train, target_store=str(Path(train.target_store).resolve())) if train.target_store else train,
        store=str(store.path.resolve()),
        store_name=store.name,
        store_fingerprint=store.fingerprint,
        size=store.size,
        intensity=store.intensity,
        sample_ids=[name for source, chosen in indices for name in source.column("sample_id")[chosen].tolist()],
        versions=list_versions(),
        git_commit=find_git_commit(),
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        augmentation=augmentation,
        class_counts=count_classes(store),
        domains=tuple(domain.name for domain in domains or ()),
        target_fingerprint=domains[1].store.fingerprint if domains and train.target_store else "",
    )


def to_plain(config: dict[str, Any]) -> dict[str, Any]:
    """Returns a configuration as JSON values; paths absolute, so that the run can be repeated from any folder."""
    paths = {name: str(value.resolve()) for name, value in config.items() if isinstance(value, Path)}
    return {**config, **paths, **{name: list(value) for name, value in config.items() if isinstance(value, tuple)}}


def describe_classifiers(method_config: Any) -> dict[str, dict[str, Any]]:
    """Returns the records of the classifiers that a method's hyper-parameters refer to: every path refers to one.

    Raises:
        UserError: There is no classifier at a path.
    """
    paths = {name: value for name, value in asdict(method_config).items() if isinstance(value, Path)}
    records = {name: load_classifier_record(path) for name, path in paths.items()}
    return {
        name: {
            "weights_sha256": record.weights_sha256,
            "network": record.network,
            "store_name": record.store_name,
            "auroc": read_auroc(record),
        }
        for name, record in records.items()
    }


def refuse_retrained(record: RunRecord, name: str, classifier: TrainedClassifier) -> None:
    """Refuses a classifier that was retrained in its folder after a run learned from it.

    Args:
        record: The run's record; records of earlier versions don't name the weights.
        name: Name of the hyper-parameter that refers to the classifier's folder.
        classifier: The classifier that is there now.

    Raises:
        UserError: Its weights differ from those that the run learned from.
    """
    then, now = record.classifiers.get(name, {}).get("weights_sha256"), classifier.record.weights_sha256
    if then not in (None, now):
        fault = f"{name} {classifier.path} was retrained after the run learned from it: its weights differ"
        raise UserError(describe(fault, now[:12], str(then)[:12], "Restore it, or train the run again."))


def begin_session(record: RunRecord, begun: RunRecord | None, images_seen: int) -> RunRecord:
    """Returns the record with this call among its sessions; the run's start is that of its first session.

    Args:
        record: Record of this call.
        begun: Record of the run so far; None for a new one.
        images_seen: Images seen at its newest checkpoint.
    """
    earlier = begun.sessions if begun else []
    if begun and not earlier:  # a record of an earlier version
        earlier = [{"started": begun.started, "images_at_start": 0}]
    now = {"started": record.started, "images_at_start": images_seen}
    sessions = [*earlier, now] if images_seen < (record.train.images or 0) else earlier
    return replace(record, started=begun.started if begun else record.started, sessions=sessions)


def save_record(run: Path, record: RunRecord) -> None:
    """Writes `run.json`; paths in it are relative to the run's folder, and so name no folder above both."""
    content = asdict(record)
    content["store"] = shorten_path(record.store, run)
    if record.train.target_store:
        content["train"]["target_store"] = shorten_path(record.train.target_store, run)
    for name in record.classifiers:
        if record.method_config.get(name):
            content["method_config"][name] = shorten_path(str(record.method_config[name]), run)
    save_json(run / "run.json", {"schema_version": SCHEMA_VERSION, **content})


def load_record(path: Path) -> RunRecord:
    """Returns the record in a run folder, or in a `run.json` itself; unknown and missing keys are errors.

    Fields added by later versions have defaults that reproduce the earlier behaviour.

    Raises:
        UserError: There is no record, or it is damaged.
    """
    file = path / "run.json" if path.is_dir() else path
    if not file.exists():
        missing = "the folder holds none" if path.is_dir() else "there is no such file or folder"
        raise UserError(
            f"no run at {path}: run.json is missing, {missing}. Name the folder of a run or its run.json, or train one "
            "with `ganoscope train`."
        )
    record = records.load_record(file, RunRecord, SCHEMA_VERSION)
    method, target = record.method_config, record.train.target_store
    named = {name: lengthen_path(str(method[name]), file.parent) for name in record.classifiers if method.get(name)}
    return replace(
        record,
        store=lengthen_path(record.store, file.parent),
        train=replace(record.train, target_store=lengthen_path(target, file.parent)) if target else record.train,
        method_config={**method, **named},
    )


def configure(path: Path, record: RunRecord) -> Any:
    """Returns the method's configuration in a run's record.

    Args:
        path: Folder of the run, or its `run.json`, for messages.
        record: The record.

    Raises:
        UserError: There is no such method, or a hyper-parameter is unknown or out of range.
    """
    file = path / "run.json" if path.is_dir() else path
    return records.fit(file, load(record.method).Config, record.method_config, "method_config")


def refuse_other_run(run: Path, record: RunRecord) -> None:
    """Refuses to resume a run with other data or options; all differences at once.

    Only the number of images may grow.

    Raises:
        UserError: The folder's run used another store, method or configuration.
    """
    old = load_record(run)
    faults = []
    if old.store_fingerprint != record.store_fingerprint:
        faults.append(
            f"run {run} belongs to another store, or its store was changed since: it was trained on {old.store_name} "
            f"(fingerprint {old.store_fingerprint[:12]}), this is {record.store_name} "
            f"({record.store_fingerprint[:12]}). Use the old store, or a new run folder."
        )
    differences = list_differences(old, record)
    for name, before, now in differences[:1] if old.method != record.method else differences:
        faults.append(f"run {run} was started with {name} {before}; got {now}. Use the former, or a new run folder.")
    before, now = old.train.images or 0, record.train.images or 0
    if now < before:
        faults.append(describe("run can't get shorter", say_images(record), f"{before:,} or more", "Raise --images."))
    if now > before and old.train.schedule != "constant":
        remedy = "Its learning rates were planned for that length: use a new run folder."
        faults.append(
            describe(
                f"run with a {old.train.schedule} schedule can't get longer", say_images(record), f"{before:,}", remedy
            )
        )
    refuse(faults)


def say_images(record: RunRecord) -> str:
    """Returns the number of images of a run in words: what was asked for is rounded up to whole batches."""
    return f"{record.train.images:,} images (in whole batches of {record.train.batch_size})"


def list_differences(old: RunRecord, new: RunRecord) -> list[tuple[str, object, object]]:
    """Returns (setting, before, now) for every setting that must not change and did."""
    pairs: list[tuple[str, object, object]] = [
        (name, getattr(old, name), getattr(new, name)) for name in ("method", "augmentation", "target_fingerprint")
    ]
    free = ("images", "tick_images", "track", "project", "run_name")
    pairs += [
        (field.name, getattr(old.train, field.name), getattr(new.train, field.name))
        for field in fields(TrainConfig)
        if field.name not in free
    ]
    pairs += [
        (f"{name} of weights", known["weights_sha256"][:12], new.classifiers[name]["weights_sha256"][:12])
        for name, known in old.classifiers.items()
        if name in new.classifiers
    ]
    names = sorted({*old.method_config, *new.method_config})
    pairs += [(name, old.method_config.get(name), new.method_config.get(name)) for name in names]
    return [pair for pair in pairs if pair[1] != pair[2]]


def list_versions() -> dict[str, str]:
    """Returns the versions of Python, ganoscope and the numerical libraries."""
    names = ("ganoscope", "numpy", "scipy", "pillow", "monai", "captum")
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "torch": torch.__version__,  # with its build, such as +cpu or +cu130, which the metadata may lack
        **{name: version(name) for name in names},
    }


def find_git_commit() -> str:
    """Returns the commit of the checkout that ganoscope runs from, or "" for an installed package.

    The files of git are read instead of running it: git runs what the configuration of a repository names.
    """
    checkout = Path(__file__).parents[4]
    try:
        return read_commit(checkout / ".git") if (checkout / "src" / "ganoscope").is_dir() else ""
    except (OSError, UnicodeDecodeError):
        return ""


def read_commit(git: Path) -> str:
    """Returns the commit that is checked out, or "".

    Args:
        git: Folder `.git`; in a linked worktree, a file that names one.

    Raises:
        OSError: A file is missing.
    """
    if git.is_file():
        git = git.parent / git.read_text(encoding="utf-8").removeprefix("gitdir:").strip()
    head = (git / "HEAD").read_text(encoding="utf-8").strip()
    reference = head.removeprefix("ref:").strip()
    if reference == head:
        return head
    shared = git / "commondir"
    folder = git / shared.read_text(encoding="utf-8").strip() if shared.exists() else git
    if (folder / reference).exists():
        return (folder / reference).read_text(encoding="utf-8").strip()
    packed = (folder / "packed-refs").read_text(encoding="utf-8").splitlines()
    return next((line.split()[0] for line in packed if line.endswith(f" {reference}")), "")
