"""What a report reads: the run, its store, and the folders that other commands have written about it."""

from dataclasses import dataclass
from pathlib import Path

from ganoscope.audits.scorecard import FILE as SCORECARD
from ganoscope.classifiers.fitness import list_dangers
from ganoscope.data.store import Store
from ganoscope.errors import UserError, describe
from ganoscope.evaluate.fidelity import diversity
from ganoscope.evaluate.fidelity.diversity import Diversity
from ganoscope.reports.kit.content import Part
from ganoscope.reports.run.config import ReportConfig
from ganoscope.training.run_folder.trained_run import TrainedRun, refuse_changed_store

EVALUATION = "evaluation"
"""Folder of a run with a JSON file per measurement."""
DIVERSITY, ALARMS = "diversity.json", "alarms.json"
"""Files in it: within-set similarity, and what its check found; `generated_measurements.NAME` is another."""

GONE = "The store is no longer where it was when the run was trained."
CHANGED = "The store was changed after the run was trained: its fingerprint is a different one."


@dataclass(frozen=True)
class Sources:
    """Everything that the sections of a report are made from.

    Attributes:
        trained: The run at its newest checkpoint.
        config: What to put into the report.
        store: The store that the run was trained on.
        explanations: Folder written by `ganoscope explain`.
        counterfactuals: Folder written by `ganoscope counterfactual`.
        audit: Folder written by `ganoscope audit`.
    """

    trained: TrainedRun
    config: ReportConfig
    store: Part[Store]
    explanations: Part[Path]
    counterfactuals: Part[Path]
    audit: Part[Path]

    @property
    def translates(self) -> bool:
        """Whether the run translates between two domains, instead of generating images from noise."""
        return bool(self.trained.record.domains)

    @property
    def evaluation(self) -> Path:
        """Folder with a JSON file per measurement."""
        return self.trained.path / EVALUATION

    @property
    def classifier_dangers(self) -> tuple[str, ...]:
        """What is gravely wrong, by their own evaluation, with the classifiers that run and report learned from."""
        return tuple(
            sentence for path in list_classifiers(self.trained, self.config) for sentence in list_dangers(path)
        )

    @property
    def diversity(self) -> Part[Diversity]:
        """Within-set similarity at the run's newest checkpoint."""
        return find_diversity(self.trained, self.store, self.config)


def find_sources(trained: TrainedRun, config: ReportConfig) -> Sources:
    """Returns what there is to report on a run.

    Raises:
        UserError: A folder named in `config` does not exist, or holds something else.
    """
    return Sources(
        trained=trained,
        config=config,
        store=open_store(trained, config.store),
        explanations=find_folder(config.explanations or trained.path / "explanations", config.explanations, "explain"),
        counterfactuals=find_folder(
            config.counterfactuals or trained.path / "counterfactuals", config.counterfactuals, "counterfactual"
        ),
        audit=find_folder(config.audit or trained.path / "audit", config.audit, "audit"),
    )


def list_classifiers(trained: TrainedRun, config: ReportConfig) -> list[Path]:
    """Returns the folders of the classifiers that the run learned from, where they still are, and the report's own."""
    of_run = [Path(str(trained.record.method_config.get(name))) for name in trained.record.classifiers]
    return list(dict.fromkeys([*of_run, *([config.classifier] if config.classifier else [])]))


def open_store(trained: TrainedRun, path: Path | None) -> Part[Store]:
    """Returns the store that the run was trained on, or why it can't be used any more.

    Args:
        trained: The run.
        path: Where the user says that it is; None for its place in the record.

    Raises:
        UserError: There is no store at the user's path, or another one.
    """
    try:
        found = trained.open_store(path)
        if found.store:
            found.store.verify()
    except UserError:  # damaged, or its content is another one than its description says
        if path:
            raise
        return Part(missing=CHANGED)
    if path and found.reason == "gone":
        raise UserError(describe("no store at --store", str(path), "the store that the run was trained on", ""))
    if path:
        refuse_changed_store(trained, found)
    return Part(found.store, {"": "", "gone": GONE, "changed": CHANGED}[found.reason])


def find_diversity(trained: TrainedRun, store: Part[Store], config: ReportConfig) -> Part[Diversity]:
    """Returns the run's within-set similarity, or why there is none.

    Args:
        trained: The run at its newest checkpoint.
        store: The store that the run was trained on.
        config: Number of images and seed of the measurement.
    """
    if trained.record.domains:
        return Part(missing="The images of a translation vary as much as its input: diversity is not measured.")
    kept = read_diversity(trained, config)
    if kept:
        return Part(kept)
    because = f", because it needs the real images. {store.missing}" if store.missing else "."
    return Part(missing=f"Diversity was not measured{because}")


def read_diversity(trained: TrainedRun, config: ReportConfig) -> Diversity | None:
    """Returns the within-set similarity kept in the run; None where there is none of these weights and settings."""
    try:
        kept = diversity.load(trained.path / EVALUATION / DIVERSITY)
    except UserError:  # missing, damaged, or of another version
        return None
    wanted = (trained.weights_sha256, trained.record.store_fingerprint, config.number, config.seed)
    return kept if (kept.weights_sha256, kept.store_fingerprint, kept.number, kept.seed) == wanted else None


def find_folder(folder: Path, wanted: Path | None, command: str) -> Part[Path]:
    """Returns a folder of results, or a sentence that there is none.

    Args:
        folder: Where to look.
        wanted: The folder that the user named; None where it is the run's own.
        command: Command that writes such folders.

    Raises:
        UserError: The folder that the user named does not exist, or holds no results of that command.
    """
    file = SCORECARD if command == "audit" else "results.json"
    if (folder / file).exists():
        return Part(folder)
    what = {"explain": "explanations", "counterfactual": "counterfactuals", "audit": "audits"}[command]
    if wanted:
        raise UserError(f"no {what} at {folder}: {file} is missing. Make them with `ganoscope {command}`.")
    return Part(missing=f"The run has no {what} yet; `ganoscope {command}` makes them.")
