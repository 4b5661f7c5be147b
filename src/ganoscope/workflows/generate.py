"""`ganoscope generate`: images from a trained generator, in stored units, marked as synthetic."""

from functools import partial
from pathlib import Path

from ganoscope.audits.over_training import find_checkpoint_below
from ganoscope.audits.scorecard import load_scorecard
from ganoscope.errors import UserError, gather
from ganoscope.files import new_folder, refuse_existing, save_json
from ganoscope.generation.class_sheet import save_contact_sheet
from ganoscope.generation.config import GenerateConfig
from ganoscope.generation.labels import make_request
from ganoscope.generation.origin import describe_run
from ganoscope.generation.screening import make_screening
from ganoscope.generation.screening_inputs import find_store, open_independent_classifier
from ganoscope.generation.strips import save_strips
from ganoscope.generation.writing import Generated, describe_screening, summarise, write_images
from ganoscope.locks import one_writer
from ganoscope.reports.terminal import say
from ganoscope.training.processes import choose_device
from ganoscope.training.run_folder.trained_run import TrainedRun, open_run, refuse_translation

DEFAULTS = GenerateConfig()


def generate(run: Path, out: Path, config: GenerateConfig = DEFAULTS) -> Generated:
    """Writes generated images in stored units, their table, `provenance.json` and a contact sheet into a new folder.

    Args:
        run: Folder of the run.
        out: Folder to create.
        config: What to generate.

    Raises:
        UserError: The run is missing or damaged, `out` is not empty, the run does not know a requested class, a
        screening lacks what it needs, or too many images are rejected.
    """
    refuse_existing(out)
    device = choose_device(config.device)
    trained = open_run(run, device, config.checkpoint)
    if config.audit and config.max_leak is not None:
        trained = open_checkpoint_below(run, device, config.audit, config.max_leak)
    refuse_translation(trained)
    request, store, classifier = gather(
        partial(make_request, trained, config),
        partial(find_store, trained, config),
        partial(open_independent_classifier, config, device),
    )
    screening = make_screening(trained, store, classifier, config)
    with one_writer(out), new_folder(out) as folder:
        tally, gallery = write_images(folder, request, screening, store, config)
        save_contact_sheet(folder, request, gallery, config)
        if config.interpolate:
            save_strips(folder, request, config.interpolate, config.truncation)
        done = summarise(tally)
        counts = {"number": done.number, **describe_screening(screening, tally)}
        save_json(folder / "provenance.json", {**describe_run(trained, config), **counts})
    return done


def open_checkpoint_below(run: Path, device: str, audit: Path, most: float) -> TrainedRun:
    """Returns the run at the checkpoint that an audit recommends for a largest leak.

    Args:
        run: Folder of the run.
        device: Device of the networks.
        audit: Folder of the audit.
        most: Largest AUC of telling members.

    Raises:
        UserError: The audit has no such checkpoint, or is about other weights.
    """
    point = find_checkpoint_below(load_scorecard(audit), most)
    trained = open_run(run, device, point.images_seen)
    if trained.weights_sha256 != point.weights_sha256:
        raise UserError(f"audit {audit} is about other weights than run {run} has. Audit the run anew.")
    say(f"checkpoint at {point.images_seen:,} images: AUC {point.auc:.3f}, no copies, by the audit in {audit}")
    return trained
