"""What `ganoscope bank` prints: the frozen plan with its cost, and what was made."""

from collections.abc import Sequence

from rich.table import Table

from ganoscope.banks.bank_plan import MEMBERSHIP, Plan
from ganoscope.banks.model_table import MODELS, Bank
from ganoscope.banks.sample_sheet import SAMPLES
from ganoscope.errors import write_count
from ganoscope.generators.timing import Cost, describe_costs
from ganoscope.reports.terminal import CONSOLE, say

UNKNOWN_PATIENTS = (
    "note: patients are not known for all images. Halves divide groups of near-duplicates, so images of one patient "
    "may be in both: nothing that is measured with this bank can be claimed about patients."
)


def show_plan(plan: Plan, costs: Sequence[Cost]) -> None:
    """Prints a frozen plan, and what it will cost.

    Args:
        plan: The plan.
        costs: Estimated costs of its trainings.
    """
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, text in list_plan(plan).items():
        table.add_row(name, text)
    CONSOLE.print(table)
    if not plan.patients_known:
        say(UNKNOWN_PATIENTS)
    say(describe_costs(costs))


def list_plan(plan: Plan) -> dict[str, str]:
    """Returns what a bank consists of, in words, by name."""
    config, count = plan.config, len(plan.classes)
    groups = write_count(plan.groups, "patient") if plan.patients_known else write_count(plan.groups, "group")
    classes = f"conditioned on {count} classes" if count else "not conditioned on classes"
    return {
        "images": f"{plan.store_images:,} of {groups} of {plan.store}, whatever their split",
        "models": f"{config.models:,}, each of a random half of the patients; each patient is in half of the models",
        "method": f"{config.method}, {config.images:,} images per training, {classes}",
        "samples": f"{write_count(config.number, 'image')} of each model, of the same noise",
    }


def show_bank(bank: Bank) -> None:
    """Prints where a finished bank is, and how many of its trainings raised alarms."""
    alarmed = sum(bool(one.alarms) for one in bank.models)
    noted = f"; {write_count(alarmed, 'training')} raised alarms, see {MODELS}" if alarmed else ""
    say(f"bank of {write_count(len(bank.models), 'model')} in {bank.path}{noted}")
    say(f"who is in which model: {bank.path / MEMBERSHIP}; samples of all models: {bank.path / SAMPLES}")
