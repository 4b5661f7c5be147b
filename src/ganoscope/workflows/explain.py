"""`ganoscope explain`: what the frozen discriminator looks at, and how far its heat maps can be trusted."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ganoscope.alarms import Alarm
from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.explanation import feature_attribution
from ganoscope.explanation.config import ExplainConfig
from ganoscope.explanation.drawing.cam_panels import save_cam_panels
from ganoscope.explanation.evidence import collect
from ganoscope.explanation.findings import Findings, find_alarms, summarise
from ganoscope.explanation.layers import list_map_sides
from ganoscope.explanation.results import compose_results, describe_origin, save_data, save_figures
from ganoscope.explanation.subjects import Subjects, check_store, choose_real, describe_source, draw_generated
from ganoscope.explanation.summary import write_summary
from ganoscope.explanation.targets import why_real
from ganoscope.files import new_folder, save_json
from ganoscope.nets.evaluation_mode import evaluating, find_device
from ganoscope.progress import timed
from ganoscope.training.processes import choose_device
from ganoscope.training.run_folder.trained_run import TrainedRun, open_run, refuse_translation

DEFAULTS = ExplainConfig()


@dataclass(frozen=True)
class Explained:
    """What `explain` found.

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


def explain(run: Path, store: Path, out: Path, config: ExplainConfig = DEFAULTS) -> Explained:
    """Explains a run's discriminator on held-out real and on generated images, into a new folder.

    Args:
        run: Folder of the run.
        store: Store with held-out images, usually the run's own.
        out: Folder to make.
        config: What to explain, and how.

    Raises:
        UserError: Run or store are missing, damaged, of two modalities or don't fit; there is no held-out image; `out`
            is not empty.
    """
    trained = open_run(run, choose_device(config.device), config.checkpoint)
    refuse_translation(trained)
    images = Store.open(store)
    images.verify()
    discriminator = find_discriminator(trained)
    module = feature_attribution.load(config.explainer)
    with new_folder(out) as folder:
        real = choose_real(trained, images, config.number, config.seed)
        subjects = (real, draw_generated(trained, config.number, config.seed))
        answer = collect(discriminator, subjects, module, configure(module, config.layer), config.seed)
        findings = summarise(answer, config.seed)
        alarms = [*check_store(trained, images), *find_alarms(answer, findings)]
        cell_px = find_cell(discriminator, subjects[0], answer.real.layer)
        source = describe_source(trained, images)
        summary = write_summary(findings, source, images.size, cell_px, config.explainer, answer.real.layer)
        save_data(folder, answer, alarms, summary)
        with timed("drawing figures"):
            save_figures(folder, answer, findings)
            save_cam_panels(folder, trained, subjects, config.seed)
        origin = describe_origin(trained, images, config)
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
