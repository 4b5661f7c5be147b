"""`ganoscope explain`: what the frozen discriminator looks at, and how far its heat maps can be trusted."""

from dataclasses import dataclass
from pathlib import Path

from ganoscope.alarms import Alarm, run_checks
from ganoscope.data.store import Store
from ganoscope.explanation import feature_attribution
from ganoscope.explanation.cam_maps import collect_cam_panels, save_cam_maps
from ganoscope.explanation.checks import CHECKS
from ganoscope.explanation.config import ExplainConfig
from ganoscope.explanation.drawing.cam_panels import chart_cam_panels
from ganoscope.explanation.evidence import collect
from ganoscope.explanation.findings import Examination, Findings, average_curves, summarise
from ganoscope.explanation.results import compose_results, describe_origin, save_data, save_figures
from ganoscope.explanation.subjects import choose_real, draw_generated, find_source
from ganoscope.explanation.summary import write_summary
from ganoscope.explanation.targets import find_discriminator
from ganoscope.files import new_folder, save_json
from ganoscope.locks import one_writer
from ganoscope.methods import load as load_method
from ganoscope.progress import timed
from ganoscope.training.processes import choose_device
from ganoscope.training.run_folder.trained_run import open_run, refuse_translation

DEFAULTS = ExplainConfig()


@dataclass(frozen=True)
class Explained:
    """What `explain` found.

    Attributes:
        out: Folder with all files.
        findings: The statistics.
        alarms: What to know before trusting them.
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
        out: Folder to create.
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
    explainer = feature_attribution.load(config.explainer)
    options = feature_attribution.configure(explainer, config.layer)
    relative = load_method(trained.record.method).TRAITS.relative_scores
    with one_writer(out), new_folder(out) as folder:
        # Explain, on held-out real and on generated images.
        real = choose_real(trained, images, config.number, config.seed)
        subjects = (real, draw_generated(trained, config.number, config.seed))
        answer = collect(discriminator, subjects, explainer, options, relative, config.seed)
        panels = collect_cam_panels(trained, subjects, config.seed)
        # Summarise, and check.
        findings, curves = summarise(answer, config.seed), average_curves(answer)
        source = find_source(trained, images)
        alarms = run_checks(CHECKS, Examination(answer, findings, source))
        layer = answer.real.layer
        summary = write_summary(findings, source.description, images.size, answer.cell_px, config.explainer, layer)
        # Write, and draw.
        save_data(folder, answer, curves, alarms, summary)
        if panels:
            save_cam_maps(folder / "cam_maps.npz", panels)
        with timed("drawing figures"):
            save_figures(folder, answer, findings, curves, chart_cam_panels(panels, trained.record.intensity))
        origin = describe_origin(trained, images, config)
        save_json(folder / "results.json", compose_results(origin, answer, findings, alarms))
    return Explained(out, findings, alarms, summary)
