"""`ganoscope demo`: prepare, train, generate, explain, audit and report in one call; completed stages are kept."""

from dataclasses import asdict, dataclass
from pathlib import Path

from ganoscope.audits.config import AuditConfig
from ganoscope.data.phantoms.phantom_store import PhantomConfig
from ganoscope.data.prepare.config import PrepareConfig
from ganoscope.data.store import Store
from ganoscope.errors import Range, UserError, list_range_faults, refuse
from ganoscope.explanation.config import ExplainConfig
from ganoscope.figures.contact_sheet import save_contact_sheet
from ganoscope.files import load_json, remove, remove_leftovers, save_json
from ganoscope.files.field_types import fit_fields
from ganoscope.generation.config import GenerateConfig
from ganoscope.locks import one_writer
from ganoscope.presets import make_train_config
from ganoscope.reports.audit.scorecard_text import show_answer, show_scorecard
from ganoscope.reports.run.config import ReportConfig
from ganoscope.reports.terminal import say, show_alarms, show_store
from ganoscope.workflows.audit import audit
from ganoscope.workflows.explain import explain
from ganoscope.workflows.generate import generate
from ganoscope.workflows.phantom import phantom
from ganoscope.workflows.prepare import prepare
from ganoscope.workflows.report import report
from ganoscope.workflows.train import train

PHANTOMS = 2000
"""Number of phantoms drawn where the user gives no images."""
AUDITED = 256
"""Generated images that are audited: more take longer than a minute."""
STAGES = ("store", "run", "generated", "explanations", "audit")
"""Folders of the stages."""
RANGES = {"images": Range(32), "number": Range(32)}


@dataclass(frozen=True)
class DemoConfig:
    """Data, size and length of the demo."""

    data: Path | None = None
    """Folder of images, as `ganoscope prepare` reads them; by default, brain-MRI phantoms are drawn."""
    images: int = 40_000
    """Images shown to the networks in training: 40,000 take about five minutes on two cores."""
    size: int = 64
    """Side length of the images in pixels."""
    seed: int = 0
    """Random seed."""
    number: int = 64
    """Number of real and number of generated images to explain."""

    def __post_init__(self) -> None:
        """Checks the counts.

        Raises:
            UserError: A count is too small.
        """
        fit_fields(self)
        refuse(list_range_faults(self, RANGES))


DEFAULTS = DemoConfig()


def demo(out: Path, config: DemoConfig = DEFAULTS) -> Path:
    """Runs every stage that is not completed yet, and returns the path of the report.

    Args:
        out: Folder for all results.
        config: Data, size and length of the demo.

    Raises:
        UserError: `out` holds something else, or a stage refuses its input.
    """
    with one_writer(out):
        claim_folder(out, config)
        store, run, generated, explanations, audited = (out / name for name in STAGES)
        if not (store / "store.json").exists():
            show_store(make_store(store, config))
            say(f"contact sheet: {save_contact_sheet(Store.open(store), out / 'contact_sheet.png')}")
        train("r3gan", store, run, make_train_config("r3gan", images=config.images, seed=config.seed))
        remove_outdated(run, generated, explanations, audited)
        if not generated.exists():
            generate(run, generated, GenerateConfig(seed=config.seed))
        if not explanations.exists():
            explain(run, store, explanations, ExplainConfig(number=config.number, seed=config.seed))
        say((explanations / "summary.txt").read_text(encoding="utf-8"))
        show_alarms(explanations / "alarms.json")
        show_scorecard(audit(run, store, audited, AuditConfig(number=AUDITED, seed=config.seed), show_answer), audited)
        pages = ReportConfig(explanations=explanations, generated=generated, audit=audited)
        return report(run, out / "report.html", pages)


def make_store(store: Path, config: DemoConfig) -> Store:
    """Prepares the user's images, or draws phantoms where there are none."""
    if config.data:
        return prepare(config.data, store, PrepareConfig(size=config.size, seed=config.seed))
    return phantom(store, PhantomConfig(number=PHANTOMS, size=config.size, seed=config.seed))


def claim_folder(out: Path, config: DemoConfig) -> None:
    """Records the configuration in the folder, so that a later call with other settings is refused.

    Only the number of images to train on may change: a longer demo continues the training.

    Raises:
        UserError: The folder holds a demo with other settings, or something other than a demo.
    """
    note = out / "demo.json"
    settings = {name: str(value) for name, value in asdict(config).items() if name != "images"}
    if config.data:
        settings["data"] = str(config.data.resolve())
    if note.exists():
        if load_json(note) != settings:
            raise UserError(f"{out} holds a demo with other settings ({note}). Choose another --out.")
    elif out.exists() and any(out.iterdir()):
        raise UserError(f"{out} is not empty and does not hold a demo. Choose another --out.")
    out.mkdir(parents=True, exist_ok=True)
    remove_leftovers(out)
    save_json(note, settings)


def remove_outdated(run: Path, *folders: Path) -> None:
    """Removes folders of results that were written before the run's newest checkpoint."""
    newest = max(path.stat().st_mtime for path in (run / "checkpoints").iterdir())
    for folder in folders:
        if folder.exists() and folder.stat().st_mtime < newest:
            remove(folder)
