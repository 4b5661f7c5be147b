"""How often does a judge see the class that a conditional generator was asked for? Measured on phantoms.

Nothing is doubtful about a phantom's class, so that the judge can be good: a classifier that learned from other
phantoms, drawn from another seed, and has seen no image that a generator learned from. Its agreement with the requested
class of generated images, equally many of each, stands beside its agreement with the true class of the generators'
held-out phantoms. Intervals are Wilson's at 95%, for as many images as there are patients; generated images are all
independent.

Training is `ganoscope train METHOD` with its defaults. Interrupted, the same command goes on: stores, judge, runs and
finished measurements are kept in --folder; more --images train the same runs for longer.
"""

import argparse
import sys
import tempfile
from dataclasses import asdict
from itertools import product
from pathlib import Path

import numpy as np

from ganoscope.classifiers.trained import open_classifier
from ganoscope.data.phantoms.phantom_store import PhantomConfig
from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.evaluate.labels.label_agreement import measure_label_agreement
from ganoscope.files import load_json, save_json
from ganoscope.generation import draw_images
from ganoscope.methods import load
from ganoscope.training.classifier.config import ClassifyConfig
from ganoscope.training.config import TrainConfig
from ganoscope.training.run_folder.trained_run import open_run
from ganoscope.workflows.classify import classify
from ganoscope.workflows.phantom import phantom
from ganoscope.workflows.train import train

STORE_SEED, JUDGE_SEED = 0, 1
"""Of the phantoms that the generators, and the judge, learn from."""
BATCH = 64
NAME_WIDTH, CELL_WIDTH = 40, 24


def open_phantoms(path, config):
    """Returns the store at `path`, made where it is not there yet."""
    return Store.open(path) if path.exists() else phantom(path, config)


def train_judge(store, path, **settings):
    """Returns the classifier at `path`; trains it, or goes on training it, where it is not complete."""
    classify(store.path, path, ClassifyConfig(**settings))
    return open_classifier(path)


def train_generator(name, store, path, hyper_parameters=None, **settings):
    """Returns the run at `path` of a method with its defaults but for what is given, trained as far as that says."""
    module = load(name)
    config = TrainConfig(**{**module.TRAITS.defaults, **settings})
    train(name, store.path, path, config, method_config=module.Config(**hyper_parameters or {}))
    return open_run(path)


def measure_run(run, judge, store, per_class, seed=0):
    """Returns the judge's agreement on so many generated images per class, and on the store's test split."""
    codes = np.repeat(np.arange(len(run.classes)), per_class)
    images = draw_images(run, len(codes), seed, BATCH, codes)
    return measure_label_agreement(judge, images, np.array(run.classes)[codes], store)


def measure_all(folder, options):
    """Trains and measures what is missing; yields the name of each run with its agreement, as JSON holds it."""
    settings = options.modality, options.number, options.size
    store = open_phantoms(folder / "store", PhantomConfig(*settings, seed=STORE_SEED))
    others = open_phantoms(folder / "judge_store", PhantomConfig(*settings, seed=JUDGE_SEED))
    judge = train_judge(others, folder / "judge", epochs=options.epochs, device=options.device)
    for name, seed, images in product(options.methods, options.seeds, sorted(options.images)):
        file = folder / "agreement" / f"{name}_{seed}_{images}_{options.per_class}.json"
        if not file.exists():
            path = folder / f"{name}_{seed}"
            run = train_generator(name, store, path, images=images, seed=seed, device=options.device)
            save_json(file, asdict(measure_run(run, judge, store, options.per_class)))
        yield f"{name}, seed {seed}, {images:,} images", load_json(file)


def print_row(name, by_class, every):
    """Prints the agreements of each class, and of all images."""
    cells = [f"{part['share']:.3f} ({part['low']:.3f} to {part['high']:.3f})" for part in (*by_class.values(), every)]
    print_cells(f"{name}; n = {every['images']:,}", *cells)


def print_cells(name, *cells):
    print(f"{name:<{NAME_WIDTH}}" + "".join(f"{cell:<{CELL_WIDTH}}" for cell in cells).rstrip(), flush=True)


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--methods", nargs="+", default=["cgan", "r3gan"])
    parser.add_argument("--modality", choices=("ct", "cxr", "mri"), default="cxr")
    parser.add_argument("--size", type=int, default=32, help="side of the phantoms in pixels")
    parser.add_argument("--number", type=int, default=12_000, help="phantoms, and as many others for the judge")
    parser.add_argument("--images", type=int, nargs="+", default=[200_000], help="to train on; several for a curve")
    parser.add_argument("--per-class", type=int, default=1000, help="generated images of each class")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="of the trainings")
    parser.add_argument("--epochs", type=int, default=ClassifyConfig().epochs, help="of the judge, at most")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--folder", type=Path, help="keeps everything; the same command goes on there")
    return parser.parse_args()


def main():
    options = parse_options()
    with tempfile.TemporaryDirectory() as name:
        folder = (options.folder or Path(name)) / f"{options.modality}_{options.size}px_{options.number}"
        for row, (run, found) in enumerate(measure_all(folder, options)):
            if row == 0:
                print(f"{folder.name}; judge: {found['classifier']}")
                print_cells("", *found["generated_by_class"], "all")
                print_row("real, held out", found["real_by_class"], found["real"])
            print_row(run, found["generated_by_class"], found["generated"])


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(f"error: {error}")
