"""`ganoscope report`: measures what is missing, then writes one self-contained HTML file about a run, alarms first."""

from pathlib import Path

from ganoscope.alarms import load_alarms, print_alarms, save_alarms
from ganoscope.classifiers.trained import open_classifier
from ganoscope.errors import UserError, describe
from ganoscope.evaluate import generated_measurements
from ganoscope.evaluate.fidelity import diversity
from ganoscope.evaluate.generated_folder import read_generated
from ganoscope.evaluate.generated_measurements import measure_generated
from ganoscope.evaluate.run_measurements import measure_run
from ganoscope.files import replacing
from ganoscope.locks import one_writer
from ganoscope.progress import timed
from ganoscope.reports.run.artefacts import ALARMS, DIVERSITY, Sources, find_sources
from ganoscope.reports.run.config import ReportConfig
from ganoscope.reports.run.page import render_page
from ganoscope.training.run_folder.trained_run import open_run

DEFAULTS = ReportConfig()


def report(run: Path, out: Path | None = None, config: ReportConfig = DEFAULTS) -> Path:
    """Writes the report of a run at its newest checkpoint, and returns the file's path.

    Args:
        run: Folder of the run.
        out: File to write; by default, RUN/report.html.
        config: What to put into the report.

    Raises:
        UserError: The run is missing or damaged, or a folder named in `config` is not what it should be.
    """
    out = choose_file(out or run / "report.html")
    with timed("report"):
        sources = find_sources(open_run(run), config)
        with one_writer(out), one_writer(sources.evaluation):
            keep_diversity(sources)
            keep_measurements(sources)
            keep_comparison(sources)
            page = render_page(sources)
            with replacing(out) as partial:
                partial.write_text(page, encoding="utf-8")
    show_own_alarms(sources.evaluation / ALARMS)
    return out


def show_own_alarms(path: Path) -> None:
    """Prints the alarms that the report itself raised; nothing where there are none: the page has those of others."""
    if path.exists() and load_alarms(path):
        print_alarms(path)


def choose_file(out: Path) -> Path:
    """Returns the file to write.

    Raises:
        UserError: It is a folder.
    """
    if out.is_dir():
        remedy = f"Name a file in it, such as {out / 'report.html'}."
        raise UserError(describe("--out is a folder", str(out), "a file", remedy))
    return out


def keep_diversity(sources: Sources) -> None:
    """Writes the run's within-set similarity and its alarms to RUN/evaluation.

    Results of an earlier report with the same weights and settings are kept. Nothing is measured for a translation, or
    where the store is gone.

    Raises:
        UserError: The number of images is too small.
    """
    run, config, store = sources.trained, sources.config, sources.store.value
    if sources.translates:
        return
    measured = sources.diversity.value
    if measured is None and store:
        with timed("measuring diversity"):
            measured = diversity.measure_diversity(run, store, config.number, config.seed)
        diversity.save(sources.evaluation / DIVERSITY, measured)
    if measured:
        save_alarms(sources.evaluation / ALARMS, diversity.find_alarms(measured))


def keep_measurements(sources: Sources) -> None:
    """Leaves every other measurement that needs nothing but images in RUN/evaluation, as `keep_diversity` does.

    Raises:
        UserError: A measurement refuses the images.
    """
    config = sources.config
    if sources.store.value and not sources.translates:
        measure_run(sources.trained, sources.store.value, sources.evaluation, config.number, config.seed)


def keep_comparison(sources: Sources) -> None:
    """Leaves the comparison of a folder of generated images with real ones in RUN/evaluation, as `keep_diversity` does.

    Raises:
        UserError: The folder or the classifier does not fit the run, or a set is too small.
    """
    config, store = sources.config, sources.store.value
    if config.generated is None or sources.translates or store is None:
        return
    folder = read_generated(config.generated, sources.trained.record, config.compared)
    classifier = open_classifier(config.classifier) if config.classifier else None
    path = sources.evaluation / generated_measurements.NAME
    measure_generated(path, folder, store, classifier, (config.compared, config.seed))
