"""`ganoscope counterfactual`: translates images to another class, and measures what that explains."""

from functools import partial
from pathlib import Path

import numpy as np

from ganoscope.counterfactuals.batches import translate_all
from ganoscope.counterfactuals.cases import find_run_store
from ganoscope.counterfactuals.classifiers import open_explained, open_judge, refuse_same
from ganoscope.counterfactuals.config import CounterfactualConfig
from ganoscope.counterfactuals.results import Outcome, conclude
from ganoscope.counterfactuals.set_measures import SetMeasures
from ganoscope.counterfactuals.sources import open_real, open_source, refuse_judge, save_key
from ganoscope.counterfactuals.translation import Setting
from ganoscope.counterfactuals.translator import open_translator, refuse_target
from ganoscope.errors import gather
from ganoscope.evaluate.counterfactual.measures import MeasuringPlan
from ganoscope.explanation.subjects import refuse_modality
from ganoscope.files import new_folder, refuse_existing
from ganoscope.training.processes import choose_device
from ganoscope.training.run_folder.trained_run import open_run

DEFAULTS = CounterfactualConfig()


def counterfactual(run: Path, images: Path, out: Path, config: CounterfactualConfig = DEFAULTS) -> Outcome:
    """Translates images to their target class, measures what that is worth, and writes all of it into a new folder.

    Args:
        run: Run of a method that translates.
        images: A store, an image file of any supported format, or a folder of such files.
        out: Folder to make.
        config: What to do.

    Raises:
        UserError: Run, classifiers and images don't fit together, no image can be taken, or `out` is not empty.
    """
    refuse_existing(out)
    device = choose_device(config.device)
    translator = open_translator(open_run(run, device, config.checkpoint), device)
    _, explained, judge, store = gather(
        partial(refuse_target, translator, config.target),
        partial(open_explained, translator, config, device),
        partial(open_judge, translator, config, device),
        partial(find_run_store, translator.run, config),
    )
    refuse_same(explained, judge)
    if judge:
        refuse_modality(f"judge {judge.path}", judge.record.modality, store)
    strengths = np.linspace(0, 1, config.steps)
    plan = MeasuringPlan(translator.run.record.intensity, strengths, explained, judge, config.attack_steps)
    with open_source(images, out, translator, judge, store, config) as source:
        refuse_judge(judge, source)
        setting = Setting(translator, plan, source.geometry, config.target)
        sets = SetMeasures(setting, open_real(translator.run, store), judge, config.seed)
        with new_folder(out) as folder:
            gathered = translate_all(folder, setting, source, sets, config)
            outcome = conclude(folder, setting, gathered, sets, config)
        if source.key:
            save_key(source.key, source)
    return outcome
