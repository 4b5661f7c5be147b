"""`ganoscope counterfactual`: translates images to another class, and evaluates these counterfactuals."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ganoscope.alarms import Alarm
from ganoscope.counterfactuals.cases.image_sources import Source, open_source, save_key
from ganoscope.counterfactuals.cases.store_cases import find_run_store
from ganoscope.counterfactuals.config import CounterfactualConfig
from ganoscope.counterfactuals.results.conclusion import conclude, save_conclusion
from ganoscope.counterfactuals.results.folder import open_folder, save_figures
from ganoscope.counterfactuals.results.gathered import Gathered
from ganoscope.counterfactuals.results.set_measures import SetMeasures
from ganoscope.counterfactuals.translation.batches import Setting, choose_batch, make_setting, translate_batch
from ganoscope.counterfactuals.translation.classifiers import (
    open_explained,
    open_independent_classifier,
    refuse_dependent,
)
from ganoscope.counterfactuals.translation.translator import open_translator, refuse_target
from ganoscope.errors import gather
from ganoscope.evaluate.counterfactual.set_findings import Findings
from ganoscope.files import new_folder, refuse_existing
from ganoscope.locks import one_writer
from ganoscope.progress import ProgressBar
from ganoscope.training.processes import choose_device
from ganoscope.training.run_folder.trained_run import open_run

DEFAULTS = CounterfactualConfig()


@dataclass(frozen=True)
class Counterfactuals:
    """What `counterfactual` found.

    Attributes:
        images: Number of images that were translated.
        refused: Number of files that were not translated.
        findings: The statistics.
        alarms: What to know before relying on them.
        summary: The findings in plain sentences.
    """

    images: int
    refused: int
    findings: Findings
    alarms: list[Alarm]
    summary: str


def counterfactual(run: Path, images: Path, out: Path, config: CounterfactualConfig = DEFAULTS) -> Counterfactuals:
    """Translates images to their target class, measures the counterfactuals, and writes all results to a new folder.

    Args:
        run: Run of a method that translates.
        images: A store, an image file of any supported format, or a folder of such files.
        out: Folder to create.
        config: What to translate, and how to evaluate it.

    Raises:
        UserError: Run, classifiers and images don't fit together, no image can be translated, or `out` is not empty.
    """
    refuse_existing(out)
    device = choose_device(config.device)
    translator = open_translator(open_run(run, device, config.checkpoint), device)
    _, explained, judge, store = gather(
        partial(refuse_target, translator, config.target),
        partial(open_explained, translator, config, device),
        partial(open_independent_classifier, translator, config, device),
        partial(find_run_store, translator.run, config),
    )
    refuse_dependent(explained, judge, store)
    with open_source(images, out, translator.run, judge, store, config) as source:
        setting = make_setting(translator, explained, judge, source.geometry, config)
        sets = SetMeasures(setting, translator.run.open_domains(store), judge, config.seed)
        with one_writer(out), new_folder(out) as folder:
            gathered = translate_all(folder, setting, source, sets, config)
            found = conclude(setting, gathered, sets, config.seed)
            save_conclusion(folder, setting, gathered, found, config)
            save_figures(folder / "figures", setting, gathered, found.findings, config.seed)
        save_key(source)
    return Counterfactuals(len(gathered.directions), len(gathered.refused), found.findings, found.alarms, found.summary)


def translate_all(
    folder: Path, setting: Setting, source: Source, sets: SetMeasures, config: CounterfactualConfig
) -> Gathered:
    """Translates, measures and writes every image, batch by batch; returns the measures.

    Args:
        folder: Where to write.
        setting: What all batches share.
        source: The images.
        sets: Takes features and histograms of all images.
        config: Batch size and number of panels.

    Raises:
        UserError: No image can be translated.
    """
    gathered = Gathered(left_out=source.left_out)
    size = config.batch_size or choose_batch(setting.translator.run.record.size, setting.translator.device)
    with open_folder(folder, setting, config) as writer, ProgressBar("translating", source.total) as bar:
        for cases in source.read(size, gathered.refused.append):
            for batch in translate_batch(setting, cases):
                writer.add(batch)
                sets.add(batch)
                gathered.add(batch)
                bar.advance(len(batch.cases))
        gathered.refuse_empty()
        writer.finish()
    return gathered
