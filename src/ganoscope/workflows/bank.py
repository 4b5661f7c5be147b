"""`ganoscope bank`: many small GANs, each trained on a random half of the patients; who is in which is written down."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from ganoscope.banks.bank_plan import FILE, Plan, freeze, load_plan, make_plan
from ganoscope.banks.bank_tasks import ModelLimit, estimate_cost, list_tasks
from ganoscope.banks.config import BankConfig
from ganoscope.banks.model_table import Bank, save_models
from ganoscope.banks.sample_sheet import save_samples
from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.generators.timing import COSTS, Cost, keep_costs, recall_costs
from ganoscope.locks import is_vacant, one_writer
from ganoscope.tasks.engines import EngineOptions, refuse_missing
from ganoscope.tasks.running import run_tasks

DEFAULTS = BankConfig()
ENGINE = EngineOptions()
TASKS = "tasks"
"""Folder of the results of tasks, in that of the bank."""


def bank(
    store: Path,
    out: Path,
    config: BankConfig = DEFAULTS,
    engine: EngineOptions = ENGINE,
    announce: Callable[[Plan, list[Cost]], None] = lambda plan, costs: None,
) -> Bank:
    """Trains a bank of models on random halves of the patients, and returns it; repeat the call to resume.

    Args:
        store: Folder of the store; all of its images take part, whatever their split.
        out: Folder of the bank.
        config: Which models, and what they generate.
        engine: Where its tasks run.
        announce: Called with the frozen plan and its estimated cost before anything is trained.

    Raises:
        UserError: The engine is not there, the store does not fit, the plan differs from the frozen one, or tasks
            failed.
    """
    refuse_missing(engine)
    images = Store.open(store)
    images.verify()
    with one_writer(out):
        refuse_strange(out)
        plan, patients = make_plan(images, config, load_plan(out) if (out / FILE).exists() else None)
        freeze(out, plan, images, patients)
        costs = recall_costs(out, partial(estimate_cost, plan, images))
        keep_costs(out, costs)
        announce(plan, costs)
        tasks = list_tasks(plan, store.resolve())
        results = run_tasks(tasks, out / TASKS, engine, "bank", ModelLimit(costs).find)
        folders = [results[task.key] for task in tasks]
        save_samples(out, folders, images, config.seed)
        return save_models(out, folders, plan, patients)


def refuse_strange(out: Path) -> None:
    """Refuses a folder that holds something else than a bank, or a bank whose plan is gone.

    Args:
        out: Folder of the bank.

    Raises:
        UserError: It holds something else, or lacks its plan.
    """
    if (out / FILE).exists():
        return
    if (out / COSTS).exists() and (out / TASKS).exists() and not (out / "design.json").exists():
        raise UserError(
            f"{out / FILE} is missing, and with it what this bank was frozen to. Restore it, or begin a new bank in "
            "another folder."
        )
    if not is_vacant(out):
        raise UserError(f"{out} is not empty and holds no bank; allowed: a new folder, or that of a bank.")
