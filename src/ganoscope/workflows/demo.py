"""`ganoscope demo`: prepare, train, generate, explain and report in one call. Completed stages are kept."""

import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from ganoscope.data.phantoms.phantom_store import PhantomConfig
from ganoscope.data.prepare.config import PrepareConfig
from ganoscope.data.store import Store
from ganoscope.errors import UserError, describe, refuse
from ganoscope.explanation.config import ExplainConfig
from ganoscope.figures.contact_sheet import save_contact_sheet
from ganoscope.files import load_json, remove_leftovers, save_json
from ganoscope.generation.config import GenerateConfig
from ganoscope.presets import make_train_config
from ganoscope.reports.run.page import ReportConfig
from ganoscope.reports.terminal import say, show_alarms, show_store
from ganoscope.workflows.explain import explain
from ganoscope.workflows.generate import generate
from ganoscope.workflows.phantom import phantom
from ganoscope.workflows.prepare import prepare
from ganoscope.workflows.report import report
from ganoscope.workflows.train import train

PHANTOMS = 2000


@dataclass(frozen=True)
class DemoConfig:
    """What the demo runs on, and how long."""

    data: Path | None = None
    """Folder of PNG or JPEG images; brain-MRI phantoms where it is not given."""
    images: int = 40_000
    """Images to show to the networks: 40,000 take some five minutes on two cores."""
    size: int = 64
    """Side of the images in pixels."""
    seed: int = 0
    """Of everything random."""
    number: int = 64
    """Real and generated images to explain."""

    def __post_init__(self) -> None:
        """Checks the counts."""
        values = {"images": self.images, "number": self.number}
        refuse(
            [
                describe(f"--{name} is too small", value, "32 or more", "")
                for name, value in values.items()
                if value < 32
            ]
        )


DEFAULTS = DemoConfig()


def demo(out: Path, config: DemoConfig = DEFAULTS) -> Path:
    """Runs every stage that is not done yet, and returns the report's path.

    Args:
        out: Folder for everything that comes out.
        config: What the demo runs on, and how long.

    Raises:
        UserError: `out` holds something else, or a stage refuses its input.
    """
    claim_folder(out, config)
    store, run, generated, explanations = (out / name for name in ("store", "run", "generated", "explanations"))
    if not (store / "store.json").exists():
        show_store(make_store(store, config))
        say(f"contact sheet: {save_contact_sheet(Store.open(store), out / 'contact_sheet.png')}")
    train("r3gan", store, run, make_train_config("r3gan", images=config.images, seed=config.seed))
    for folder in (generated, explanations):
        if is_older(folder, run):
            shutil.rmtree(folder)
    if not generated.exists():
        generate(run, generated, GenerateConfig(seed=config.seed))
    if not explanations.exists():
        explain(run, store, explanations, ExplainConfig(number=config.number, seed=config.seed))
    say((explanations / "summary.txt").read_text(encoding="utf-8"))
    show_alarms(explanations / "alarms.json")
    return report(run, out / "report.html", ReportConfig(explanations=explanations, generated=generated))


def make_store(store: Path, config: DemoConfig) -> Store:
    """Prepares the user's images, or draws phantoms where there are none."""
    if config.data:
        return prepare(config.data, store, PrepareConfig(size=config.size, seed=config.seed))
    return phantom(store, PhantomConfig(number=PHANTOMS, size=config.size, seed=config.seed))


def claim_folder(out: Path, config: DemoConfig) -> None:
    """Notes the configuration in the folder, so that a later call with another one does not mix the two.

    Raises:
        UserError: The folder holds a demo of another configuration, or something that is no demo.
    """
    note = out / "demo.json"
    settings = {name: str(value) for name, value in asdict(config).items() if name != "images"}
    if config.data:
        settings["data"] = str(config.data.resolve())
    if note.exists():
        if load_json(note) != settings:
            raise UserError(f"{out} holds a demo with other settings ({note}). Name another --out.")
    elif out.exists() and any(out.iterdir()):
        raise UserError(f"{out} is not empty and holds no demo. Name another --out.")
    out.mkdir(parents=True, exist_ok=True)
    remove_leftovers(out)
    save_json(note, settings)


def is_older(folder: Path, run: Path) -> bool:
    """Tells whether a folder was made before the run's newest checkpoint."""
    newest = max(path.stat().st_mtime for path in (run / "checkpoints").iterdir())
    return folder.exists() and folder.stat().st_mtime < newest
