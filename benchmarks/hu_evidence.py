"""Does DCLGAN's HU loss keep Hounsfield units right? Measured on CT phantoms whose right translation is known.

Domain B is drawn from another seed, so that nothing is paired, and its tissues have other Hounsfield units: a known,
strictly rising function of each pixel. The right translation of a phantom of domain A is that function of itself. Two
arms for every seed, the same networks on the same batches: `dclgan` with its HU loss as it is, and with its weight at
0. Both translate the test split of domain A; errors are means over slices. Statistic: for each seed, the mean over the
tissues of the absolute error (bias: of the absolute value of the mean error), off minus on; t interval over the seeds.

Interrupted, the same command goes on: stores, runs and finished measurements are kept in --folder.
"""

import argparse
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from label_agreement import open_phantoms, train_generator
from scipy import stats

from ganoscope.alarms import save_alarms
from ganoscope.data.phantoms.phantom_store import PhantomConfig
from ganoscope.data.store import Store, StoreWriter
from ganoscope.evaluate.units.hu_fidelity import compare_pairs
from ganoscope.figures.sheets import make_sheet, save_picture
from ganoscope.files import load_json, new_folder, save_json

HU_A = -1024, -950, -850, -500, -190, -100, -30, 40, 150, 1500
HU_B = -1024, -950, -790, -470, -190, -125, -10, 105, 240, 1500
"""What Hounsfield units of domain A are in domain B; straight lines between. Air and dense bone stay."""
ARMS = {"on": None, "off": 0.0}
MEASURES = {"error": "tissue_absolute_hu", "bias": "tissue_bias_hu"}
SHOWN = 8


def shift(pixels):
    """Returns pixels of domain A as they are in domain B, int16."""
    return np.rint(np.interp(pixels, HU_A, HU_B)).astype(np.int16)


def open_shifted(path, config):
    """Returns domain B: phantoms of another seed, shifted, under names of their own; made where it is missing."""
    if path.exists():
        return Store.open(path)
    with tempfile.TemporaryDirectory() as name, new_folder(path) as folder:
        plain = open_phantoms(Path(name) / "plain", config)
        writer = StoreWriter(folder, config.size, plain.intensity.dtype)
        for pixels, mask in zip(plain.images, plain.masks, strict=True):
            writer.append(shift(pixels), mask)
        shutil.copy(plain.path / "quarantine.csv", folder)
        manifest = (plain.path / "manifest.csv").read_text(encoding="utf-8")
        (folder / "manifest.csv").write_text(manifest.replace("phantom-", "shifted-"), encoding="utf-8")
        writer.finish("ct phantoms, shifted", plain.intensity, "CT", asdict(config))
        save_alarms(folder / "alarms.json", [])
    return Store.open(path)


def measure_run(run, store, sheet):
    """Returns errors of translated test images by tissue, and saves a sheet: given, translated, right."""
    test = store.indices("test")
    intensity, given = store.intensity, np.asarray(store.images[test])
    right, groups = shift(given), store.column("group")[test].tolist()
    with torch.inference_mode():
        images = torch.from_numpy(store.load_images(test)).split(32)
        fake = torch.cat([run.averages["G_ab"](image).float() for image in images])[:, 0].numpy()
    made = intensity.to_pixels(fake)
    cells = np.concatenate([images[:: len(test) // SHOWN][:SHOWN] for images in (given, made, right)])
    grey = np.rint((cells.clip(-200, 300) + 200) * 0.51).astype(np.uint8).repeat(2, 1).repeat(2, 2)
    save_picture(sheet, make_sheet(grey, SHOWN, ["given, -200 to 300 HU", "translated", "right"]))
    return {name: asdict(compare_pairs(images, right, groups)) for name, images in (("made", made), ("given", given))}


def measure_all(folder, options):
    """Trains and measures what is missing; yields arm, seed and errors, as JSON holds them."""
    settings = "ct", options.number, options.size
    store = open_phantoms(folder / "a", PhantomConfig(*settings, seed=0))
    target = open_shifted(folder / "b", PhantomConfig(*settings, seed=1))
    training = {"images": options.images, "batch_size": options.batch_size, "target_store": str(target.path)}
    for seed in options.seeds:
        for arm, weight in ARMS.items():
            file = folder / "errors" / f"{arm}_{seed}_{options.images}.json"
            if not file.exists():
                networks = {
                    "generator": options.generator,
                    "generator_channels": options.generator_channels,
                    "discriminator_channels": options.discriminator_channels,
                    "hu_weight": weight,
                }
                run = train_generator("dclgan", store, folder / f"{arm}_{seed}", networks, **training, seed=seed)
                save_json(file, measure_run(run, store, file.with_suffix(".png")))
            yield arm, seed, load_json(file)


def print_errors(name, found):
    """Prints errors of every tissue, with their intervals over patients."""
    for measure, key in MEASURES.items():
        cells = ", ".join(f"{tissue} {one['value']:.1f}" for tissue, one in found[key].items())
        print(f"{name}, {measure} in HU: {cells}; all pixels {found['absolute_hu']['value']:.1f}", flush=True)


def summarise(found, measure):
    """Returns the mean over the tissues of the absolute errors."""
    return np.mean([abs(one["value"]) for one in found[MEASURES[measure]].values()])


def compare(found, measure):
    """Prints the difference of the arms over the seeds."""
    seeds = sorted({seed for _, seed in found})
    differences = np.array([summarise(found["off", s], measure) - summarise(found["on", s], measure) for s in seeds])
    low, high = np.nan, np.nan
    if len(seeds) > 1:
        low, high = stats.t.interval(0.95, len(seeds) - 1, differences.mean(), stats.sem(differences))
    listed = ", ".join(f"{one:.1f}" for one in differences)
    mean = f"{differences.mean():.1f} HU ({low:.1f} to {high:.1f})"
    print(f"{measure}, off minus on, mean over tissues: {mean}; by seed {listed}")


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=64, help="side of the phantoms in pixels")
    parser.add_argument("--number", type=int, default=2000, help="phantoms of each domain")
    parser.add_argument("--images", type=int, default=1500, help="to train each run on")
    parser.add_argument("--batch-size", type=int, default=1)
    parser.add_argument("--generator", default="attention_resunet", choices=("resnet", "attention_resunet"))
    parser.add_argument("--generator-channels", type=int, default=8)
    parser.add_argument("--discriminator-channels", type=int, default=16)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--folder", type=Path, help="keeps everything; the same command goes on there")
    return parser.parse_args()


def main():
    options = parse_options()
    with tempfile.TemporaryDirectory() as name:
        found = {}
        for arm, seed, errors in measure_all(options.folder or Path(name), options):
            if not found:
                print_errors("not translated", errors["given"])
            found[arm, seed] = errors["made"]
            print_errors(f"HU loss {arm}, seed {seed}", errors["made"])
        for measure in MEASURES:
            compare(found, measure)


if __name__ == "__main__":
    main()
