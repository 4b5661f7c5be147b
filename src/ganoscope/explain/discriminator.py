"""Explains a GAN's frozen discriminator: what speaks for real, what for generated, and how far that can be trusted."""

from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import nn

from ganoscope.alarms import Alarm, save_alarms
from ganoscope.data.store import Store
from ganoscope.errors import UserError, describe, refuse
from ganoscope.explain import feature_attribution
from ganoscope.explain.cam_panels import save_cam_panels
from ganoscope.explain.charts import chart_curves, chart_randomisation, chart_regions
from ganoscope.explain.evidence import Answer, collect
from ganoscope.explain.findings import Findings, find_alarms, make_rows, summarise, to_plain
from ganoscope.explain.layers import list_map_sides
from ganoscope.explain.pictures import make_panel, make_strip, save_overlays
from ganoscope.explain.subjects import Subjects, check_store, choose_real, describe_source, draw_generated
from ganoscope.explain.targets import TARGETS, why_real
from ganoscope.explain.untouched import evaluating, find_device
from ganoscope.explain.wording import write_summary
from ganoscope.files import compute_sha256, new_folder, save_csv, save_json
from ganoscope.progress import timed
from ganoscope.training.checkpoint import FILES
from ganoscope.training.processes import choose_device
from ganoscope.training.record import list_versions
from ganoscope.training.restore import TrainedRun, find_checkpoint, open_run, refuse_translation

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class ExplainConfig:
    """What to explain, and how."""

    number: int = 64
    """How many held-out real, and how many generated images."""
    seed: int = 0
    """Of the choice of real images, of the generated ones, and of every check."""
    explainer: str = "grad_cam"
    """Name of the explainer, or the dotted name of a module of your own."""
    layer: str | None = None
    """Layer to look at, such as levels.2; the explainer's own choice where it is not given."""
    checkpoint: int | None = None
    """Images seen at the checkpoint to use; the newest where it is not given."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where to compute."""

    def __post_init__(self) -> None:
        """Checks every value."""
        faults = []
        if self.number < 1:
            faults.append(describe("--number is too small", self.number, "1 or more", "64 is usual."))
        if self.seed < 0:
            faults.append(describe("--seed is negative", self.seed, "0 or more", ""))
        if "." not in self.explainer and self.explainer not in feature_attribution.available():
            names = ", ".join(feature_attribution.available())
            faults.append(describe("--explainer is unknown", self.explainer, f"{names}, or a dotted name", ""))
        refuse(faults)


@dataclass(frozen=True)
class Explained:
    """What `explain_run` found.

    Attributes:
        out: Folder with all files.
        findings: The statistics.
        alarms: What to know before believing them.
        summary: The findings in plain sentences.
    """

    out: Path
    findings: Findings
    alarms: list[Alarm]
    summary: str


def explain_run(run_path: Path, store_path: Path, out: Path, config: ExplainConfig) -> Explained:
    """Explains a run's discriminator on held-out real and on generated images, into a new folder.

    Raises:
        UserError: Run or store are missing, damaged, of two modalities or don't fit; there is no held-out image; `out`
            is not empty.
    """
    run = open_run(run_path, choose_device(config.device), config.checkpoint)
    refuse_translation(run)
    store = Store.open(store_path)
    store.verify()
    discriminator = find_discriminator(run)
    module = feature_attribution.load(config.explainer)
    with new_folder(out) as folder:
        real = choose_real(run, store, config.number, config.seed)
        subjects = (real, draw_generated(run, config.number, config.seed))
        answer = collect(discriminator, subjects, module, configure(module, config.layer), config.seed)
        findings = summarise(answer, config.seed)
        alarms = [*check_store(run, store), *find_alarms(answer, findings)]
        cell_px = find_cell(discriminator, subjects[0], answer.real.layer)
        source = describe_source(run, store)
        summary = write_summary(findings, source, store.size, cell_px, config.explainer, answer.real.layer)
        save_data(folder, answer, alarms, summary)
        with timed("drawing figures"):
            save_figures(folder, answer, findings)
            save_cam_panels(folder, run, subjects, config.seed)
        origin = describe_origin(run, store, config)
        save_json(folder / "results.json", compose_results(origin, answer, findings, alarms, cell_px))
    return Explained(out, findings, alarms, summary)


def find_discriminator(run: TrainedRun) -> nn.Module:
    """Returns the run's discriminator; raises UserError where its method has none called `D`."""
    if "D" not in run.networks:
        names = ", ".join(run.networks)
        raise UserError(f"run {run.path} has no discriminator: method {run.record.method} has {names}; needed: D.")
    return run.networks["D"]


def configure(module: feature_attribution.ExplainerModule, layer: str | None) -> Any:
    """Returns an explainer's configuration; raises UserError where a layer is named and it knows no layers."""
    if layer is None:
        return module.Config()
    if "layer" not in {field.name for field in fields(module.Config)}:
        raise UserError(f"--layer {layer}: this explainer looks at no layer of its own. Leave --layer out.")
    return module.Config(layer=layer)


def find_cell(network: nn.Module, subjects: Subjects, layer: str) -> float:
    """Returns the side of one cell of a layer's map, in pixels of the image; 0 where the layer gives no map."""
    image = torch.from_numpy(subjects.images[:1]).to(find_device(network))
    with evaluating(network):
        side = list_map_sides(network, image, why_real(network)).get(layer, 0)
    return image.shape[-1] / side if side else 0.0


def save_data(folder: Path, answer: Answer, alarms: list[Alarm], summary: str) -> None:
    """Writes the raw maps, the table of images, the alarms and the summary."""
    arrays = {f"{one.subjects.name}_{target}": one.maps[target] for one in answer.sets for target in TARGETS}
    names = {f"{one.subjects.name}_ids": np.array(one.subjects.ids) for one in answer.sets}
    np.savez_compressed(folder / "maps.npz", **arrays, **names)  # type: ignore[arg-type]
    rows = [row for one in answer.sets for row in make_rows(one)]
    save_csv(folder / "explanations.csv", rows[0], rows)
    save_alarms(folder / "alarms.json", alarms)
    (folder / "summary.txt").write_text(summary, encoding="utf-8")


def save_figures(folder: Path, answer: Answer, findings: Findings) -> None:
    """Writes all figures and overlays as PNG."""
    save_overlays(folder / "overlays", answer)
    figures = {
        "real_and_generated": make_panel(answer),
        "randomisation": chart_randomisation(findings),
        "regions": chart_regions(findings),
        "deletion_insertion": chart_curves(answer, findings),
        **{f"randomisation_{target}": make_strip(answer, target) for target in TARGETS},
    }
    (folder / "figures").mkdir()
    for name, figure in figures.items():
        figure.savefig(folder / "figures" / f"{name}.png", metadata={"Software": "ganoscope"})


def describe_origin(run: TrainedRun, store: Store, config: ExplainConfig) -> dict[str, Any]:
    """Returns what was explained, by what, on what: the part of the results that makes them repeatable."""
    checkpoint = find_checkpoint(run.path, run.images_seen)
    return {
        "run": str(run.path.resolve()),
        "method": run.record.method,
        "images_seen": run.images_seen,
        "discriminator_sha256": compute_sha256(checkpoint / FILES[0]),
        "generator_sha256": run.weights_sha256,
        "store": str(store.path.resolve()),
        "store_name": store.name,
        "store_fingerprint": store.fingerprint,
        "store_is_the_runs_own": store.fingerprint == run.record.store_fingerprint,
        "config": asdict(config),
        "versions": list_versions(),
    }


def compose_results(
    origin: dict[str, Any], answer: Answer, findings: Findings, alarms: list[Alarm], cell_px: float
) -> dict[str, Any]:
    """Returns the content of `results.json`."""
    real, generated = answer.sets
    return {
        "schema_version": SCHEMA_VERSION,
        **origin,
        "explainer": origin["config"]["explainer"],
        "layer": real.layer,
        "cell_px": cell_px,
        "targets": {"why_real": "+logit", "why_generated": "-logit"},
        "images": {
            "real": len(real.logits),
            "real_by_split": {split: real.subjects.splits.count(split) for split in sorted(set(real.subjects.splits))},
            "generated": len(generated.logits),
            "checked_per_set": {one.subjects.name: one.checked for one in answer.sets},
        },
        "interval": "95 % percentile bootstrap, 2,000 resamples; over the manifest's groups for real images",
        "findings": to_plain(findings),
        "alarms": [alarm.code for alarm in alarms],
    }
