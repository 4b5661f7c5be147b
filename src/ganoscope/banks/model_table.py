"""The models of a finished bank: `models.csv`, and how it is read."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np

from ganoscope.alarms import load_alarms
from ganoscope.banks.bank_plan import FrozenPlan, Plan, load_frozen, name_column
from ganoscope.banks.halves import Patients, draw_half
from ganoscope.banks.model_task import RUN
from ganoscope.errors import UserError
from ganoscope.files.records import load_record, read_records
from ganoscope.files.tables import save_csv
from ganoscope.tasks.kept_results import RECORD, SCHEMA_VERSION, Record
from ganoscope.training.run_folder.checkpoint import FILES, load_state, newest_checkpoint

MODELS = "models.csv"


@dataclass(frozen=True)
class BankModel:
    """One model of a bank.

    Attributes:
        model: Its name, that of its column in `membership.csv`.
        folder: Folder of its result below that of the bank: `run`, and `images`, a store.
        weights_sha256: SHA-256 of the file with the generator's moving average.
        images: Images that it learned from.
        patients: Their patients, or groups of near-duplicates where patients are unknown.
        seconds: Time of the last attempt at it.
        alarms: Codes of the alarms that its training raised, separated by blanks.
    """

    model: str
    folder: str
    weights_sha256: str
    images: int
    patients: int
    seconds: float
    alarms: str = ""


COLUMNS = tuple(field.name for field in fields(BankModel))


@dataclass(frozen=True)
class Bank:
    """A finished bank.

    Attributes:
        path: Its folder.
        frozen: Its plan.
        models: Its models, in the order of their numbers.
    """

    path: Path
    frozen: FrozenPlan
    models: list[BankModel]


def save_models(out: Path, results: Sequence[Path], plan: Plan, patients: Patients) -> Bank:
    """Writes `models.csv`, and returns the bank.

    Args:
        out: Folder of the bank.
        results: Folder of the result of every model.
        plan: The plan.
        patients: The patients of its store.
    """
    models = list(describe_models(out, results, plan, patients))
    save_csv(out / MODELS, COLUMNS, map(asdict, models))
    return Bank(out, load_frozen(out), models)


def describe_models(out: Path, results: Sequence[Path], plan: Plan, patients: Patients) -> Iterator[BankModel]:
    """Yields the models of a bank.

    Args:
        out: Folder of the bank.
        results: Folder of the result of every model.
        plan: The plan.
        patients: The patients of its store.
    """
    for model, folder in enumerate(results):
        chosen = draw_half(patients, plan.config.seed, model)
        yield BankModel(
            model=name_column(model),
            folder=folder.relative_to(out).as_posix(),
            weights_sha256=load_state(newest_checkpoint(folder / RUN)).sha256[FILES[1]],
            images=int(chosen.sum()),
            patients=len(np.unique(patients.groups[chosen])),
            seconds=round(load_record(folder / RECORD, Record, SCHEMA_VERSION).seconds, 1),
            alarms=" ".join(alarm.code for alarm in load_alarms(folder / RUN / "alarms.json")),
        )


def load_bank(path: Path) -> Bank:
    """Returns the bank in a folder.

    Raises:
        UserError: There is none, it is not finished, or its files were changed.
    """
    frozen = load_frozen(path)
    if not (path / MODELS).exists():
        raise UserError(f"the bank in {path} is not finished: {MODELS} is missing. Repeat `ganoscope bank` to go on.")
    return Bank(path, frozen, list(read_records(path / MODELS, BankModel)))
