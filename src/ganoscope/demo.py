"""The whole story in one call: prepare, train, generate, explain, report. Every stage that is done stays done."""

import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from ganoscope.data.phantom_store import PhantomConfig, make_phantom_store
from ganoscope.data.prepare import PrepareConfig, prepare
from ganoscope.errors import UserError, describe, refuse
from ganoscope.explain.discriminator import ExplainConfig, explain_run
from ganoscope.files import load_json, remove_leftovers, save_json
from ganoscope.generation import GenerateConfig, generate
from ganoscope.methods.r3gan import DEFAULTS, Config
from ganoscope.report.contact_sheet import save_contact_sheet
from ganoscope.report.html import ReportConfig, make_report
from ganoscope.report.terminal import say, show_alarms, show_store
from ganoscope.training.record import TrainConfig
from ganoscope.training.run import train

PHANTOMS = 2000


@dataclass(frozen=True)
class DemoConfig:
    """What the demo runs on, and how long."""

    data: Path | None = None
    """Folder of PNG or JPEG images; brain-MRI phantoms where it is not given."""
    out: Path = Path("ganoscope-demo")
    """Folder for everything that comes out."""
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


def run_demo(config: DemoConfig) -> Path:
    """Runs every stage that is not done yet, and returns the report's path.

    Raises:
        UserError: `out` holds something else, or a stage refuses its input.
    """
    claim_folder(config)
    store, run = config.out / "store", config.out / "run"
    if not (store / "store.json").exists():
        if config.data:
            show_store(prepare(config.data, store, PrepareConfig(size=config.size, seed=config.seed)))
        else:
            phantoms = PhantomConfig(number=PHANTOMS, size=config.size, seed=config.seed)
            show_store(make_phantom_store(store, phantoms))
        say(f"contact sheet: {save_contact_sheet_of(store)}")
    train("r3gan", Config(), store, run, TrainConfig(**DEFAULTS, images=config.images, seed=config.seed))
    generated, explanations = config.out / "generated", config.out / "explanations"
    for folder in (generated, explanations):
        if is_older(folder, run):
            shutil.rmtree(folder)
    if not generated.exists():
        generate(run, generated, GenerateConfig(seed=config.seed))
    if not explanations.exists():
        explain_run(run, store, explanations, ExplainConfig(number=config.number, seed=config.seed))
    say((explanations / "summary.txt").read_text(encoding="utf-8"))
    show_alarms(explanations / "alarms.json")
    report = ReportConfig(explanations=explanations, generated=generated, out=config.out / "report.html")
    return make_report(run, report)


def save_contact_sheet_of(store: Path) -> Path:
    """Draws the store's contact sheet beside it."""
    from ganoscope.data.store import Store

    return save_contact_sheet(Store.open(store), store.parent / "contact_sheet.png")


def claim_folder(config: DemoConfig) -> None:
    """Notes the configuration in the folder, so that a later call with another one does not mix the two.

    Raises:
        UserError: The folder holds a demo of another configuration, or something that is no demo.
    """
    note = config.out / "demo.json"
    settings = {name: str(value) for name, value in asdict(config).items() if name not in ("out", "images")}
    if config.data:
        settings["data"] = str(config.data.resolve())
    if note.exists():
        if load_json(note) != settings:
            raise UserError(f"{config.out} holds a demo with other settings ({note}). Name another --out.")
    elif config.out.exists() and any(config.out.iterdir()):
        raise UserError(f"{config.out} is not empty and holds no demo. Name another --out.")
    config.out.mkdir(parents=True, exist_ok=True)
    remove_leftovers(config.out)
    save_json(note, settings)


def is_older(folder: Path, run: Path) -> bool:
    """Tells whether a folder was made before the run's newest checkpoint."""
    newest = max(path.stat().st_mtime for path in (run / "checkpoints").iterdir())
    return folder.exists() and folder.stat().st_mtime < newest
