"""Does a study say "helps" where synthetic images must help, and never where their labels are wrong?

Real images are a few phantoms; the generator is the phantom sampler itself, so its images are as good as real ones of
new patients. They enter by the arm `external`, as those of a tool that has seen no image of the store.

- `helpful`: with their labels, beside a quarter of the real patients. They are worth as much as real ones: "helps".
- `shuffled`: the same, with labels shuffled among the images. "helps" is wrong; the baseline is little better than
  chance, so there is little to harm.
- `shuffled_all`: shuffled labels beside all real patients, from whom the baseline learns more: "helps" is wrong, and
  "harms" right where the learner is misled.

Each study has 25 random splits and several families of classifiers; the first one decides. A seed draws patients,
synthetic images, splits and classifiers anew. Interrupted, the same command goes on.
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from ganoscope.data.phantoms.phantom_store import PhantomConfig
from ganoscope.data.store import Store
from ganoscope.files import load_json
from ganoscope.studies.analysis.config import AnalysisConfig
from ganoscope.studies.config import StudyConfig
from ganoscope.studies.judgement import load_judgement
from ganoscope.studies.result_files import HELD_OUT
from ganoscope.studies.steps.added_images import save_images
from ganoscope.tasks.engines import EngineOptions
from ganoscope.workflows.phantom import phantom
from ganoscope.workflows.study import study

CONTROLS = {"helpful": ("right", 0.25, 8.0), "shuffled": ("wrong", 0.25, 8.0), "shuffled_all": ("wrong", 1.0, 4.0)}
"""Labels of the synthetic images, fraction of real patients, and synthetic images per real one."""
IMAGES, SYNTHETIC, EPOCHS = 360, 2400, 40
PLAIN = AnalysisConfig(skip_plots=True, skip_ssim=True, skip_gradcam=True)


def make_stores(folder, seed, size):
    """Draws the real phantoms, and those of other patients as synthetic images with right and with shuffled labels."""
    drawn = PhantomConfig(modality="cxr", number=IMAGES, size=size, seed=1000 + seed)
    for name, config in (("real", drawn), ("drawn", replace(drawn, number=SYNTHETIC, seed=2000 + seed))):
        if not (folder / name).exists():
            phantom(folder / name, config)
    source = Store.open(folder / "drawn")
    labels = source.column("label")
    orders = {"right": np.arange(source.count), "wrong": np.random.default_rng(seed).permutation(source.count)}
    for name, order in orders.items():
        if not (folder / name / "store").exists():
            save_images(folder / name, Store.open(folder / "real"), np.asarray(source.images), labels[order].tolist())


def run_study(folder, control, options, seed):
    """Makes or resumes one study, and returns a row of the table for each of its families."""
    labels, fraction, ratio = CONTROLS[control]
    config = StudyConfig(
        arms=("baseline", "external"),
        families=tuple(options.families),
        real_fraction=fraction,
        ratios=(ratio,),
        epochs=EPOCHS,
        synthetic=folder / labels / "store",
        synthetic_patients="none",
        seed=seed,
    )
    out = folder / f"study_{control}"
    if not (out / "verdict.json").exists():
        study(folder / "real", out, config, EngineOptions(cores=options.cores), PLAIN)
    return [[control, str(seed), *describe(one, out)] for one in load_judgement(out).comparisons]


def describe(one, out):
    """Returns what a comparison says, as cells of a table."""
    tested = [level for level in load_judgement(out).levels if (level.part, level.family) == (HELD_OUT, one.family)]
    levels = {level.arm: level.mean for level in tested}
    found, verdict = one.difference, one.verdict
    interval = f"{found.value:+.3f} ({verdict.low:+.3f} to {verdict.high:+.3f})"
    return [
        one.family,
        f"{levels['baseline']:.3f}",
        f"{levels['external']:.3f}",
        interval,
        f"**{verdict.word}**" if one.decides else verdict.word,
    ]


def add_seconds(out):
    """Returns the seconds of all tasks of a study."""
    return sum(load_json(path)["seconds"] for path in out.glob("tasks/*/task.json"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path("study_controls"), help="where everything is kept")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--families", nargs="+", default=["random_features", "small_cnn"])
    parser.add_argument("--controls", nargs="+", default=CONTROLS, choices=CONTROLS)
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--cores", type=int, default=0)
    options = parser.parse_args()
    rows = []
    for seed in options.seeds:
        folder = options.folder / str(seed)
        make_stores(folder, seed, options.size)
        for control in options.controls:
            start = time.perf_counter()
            rows += run_study(folder, control, options, seed)
            spent = add_seconds(folder / f"study_{control}")
            print(
                f"{control}, seed {seed}: {spent:.0f} s in tasks, {time.perf_counter() - start:.0f} s now", flush=True
            )
    header = ["control", "seed", "classifier", "baseline", "with images", "difference of AUROC (interval)", "verdict"]
    print("\n".join(["", *(f"| {' | '.join(row)} |" for row in [header, ["---"] * len(header), *rows])]))


if __name__ == "__main__":
    main()
