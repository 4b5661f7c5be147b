"""`ganoscope study` where patients vary: the trained models, on held-out patients and on those of another store."""

import csv
import json

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from ganoscope.cli import execute
from ganoscope.data.phantoms.phantom_store import PhantomConfig
from ganoscope.data.store import Store
from ganoscope.studies.judgement import load_judgement
from ganoscope.workflows.phantom import phantom

OPTIONS = ["--families", "random_features", "--arms", "baseline", "duplicated", "--real-fraction", "0.3"]
OPTIONS += ["--repeats", "1", "--folds", "5", "--scheme", "kfold"]


@pytest.fixture(scope="module")
def crowd(tmp_path_factory):
    """A store with some dozens of patients of each class, and another one of other patients."""
    folder = tmp_path_factory.mktemp("crowds")
    for name, number, seed in (("own", 240, 1), ("other", 220, 7)):
        phantom(folder / name, PhantomConfig(modality="mri", number=number, size=32, seed=seed))
    return folder / "own", folder / "other"


def read_answers(out, part):
    """(labels, patients, probabilities by arm) of every split, from its predictions."""
    found = []
    for split in range(5):
        for path in out.glob("tasks/*/predictions.npz"):
            record = json.loads((path.parent / "task.json").read_text())
            if record["name"] == f"split {split + 1}: evaluation":
                arrays = np.load(path)
                answers = {arm: arrays[f"{part}/{arm}/random_features/0"] for arm in ("baseline", "duplicated")}
                found.append((arrays[f"{part}/codes"], arrays[f"{part}/groups"], answers))
    return found


def bootstrap(answers, resamples=200):
    """(Difference of AUROC, averaged over splits; its values on resampled patients), written plainly."""

    def measure(times):
        differences = []
        for codes, groups, by_arm in answers:
            drawn = np.concatenate([np.flatnonzero(groups == name) for name in times])
            if len(set(codes[drawn].tolist())) == 3:
                baseline, arm = (
                    roc_auc_score(codes[drawn], by_arm[name][drawn], multi_class="ovr")
                    for name in ("baseline", "duplicated")
                )
                differences.append(arm - baseline)
        return np.mean(differences)

    patients, rng = np.unique(np.concatenate([groups for _, groups, _ in answers])), np.random.default_rng(0)
    return measure(patients), np.array([measure(rng.choice(patients, len(patients))) for _ in range(resamples)])


def test_these_models_on_patients_like_these_come_to_a_verdict_with_few_splits(crowd, tmp_path, capsys):
    own, other = crowd
    out, options = tmp_path / "study", [*OPTIONS, "--external", str(other)]
    assert execute(["study", str(own), str(out), *options]) == 2, "five splits see too little of the procedure"
    capsys.readouterr()
    assert execute(["study", str(own), str(out), *options, "--estimand", "models"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "few splits are enough, as patients are resampled" in told
    assert "whose estimates correlate by 0.5 it is 0." in told
    found = load_judgement(out)
    assert found.warnings == []
    assert found.word in ("helps", "harms", "practically equal", "no evidence")
    for part, decides in (("held_out", True), ("external", False)):
        one = next(each for each in found.comparisons if each.part == part)
        value, drawn = bootstrap(read_answers(out, part))
        assert (one.over, one.decides, one.verdict.level) == ("patients", decides, 0.95)
        assert one.difference.value == pytest.approx(value)
        ends = np.quantile(drawn, [0.025, 0.975])
        assert (one.verdict.low, one.verdict.high) == pytest.approx(tuple(ends), abs=0.6 * drawn.std())
    with (out / "results.csv").open(newline="") as file:
        externals = {row["groups"] for row in csv.DictReader(file) if row["part"] == "external"}
    assert externals == {str(len(set(Store.open(other).column("group").tolist())))}
