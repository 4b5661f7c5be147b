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
    """(AUROC of baseline and arm, averaged over splits; the same on resampled patients), written plainly."""

    def measure(times):
        found = []
        for codes, groups, by_arm in answers:
            drawn = np.concatenate([np.flatnonzero(groups == name) for name in times])
            if len(set(codes[drawn].tolist())) == 3:
                scores = [by_arm[name][drawn] for name in ("baseline", "duplicated")]
                found.append([roc_auc_score(codes[drawn], each, multi_class="ovr") for each in scores])
        return np.mean(found, axis=0)

    patients, rng = np.unique(np.concatenate([groups for _, groups, _ in answers])), np.random.default_rng(0)
    return measure(patients), np.array([measure(rng.choice(patients, len(patients))) for _ in range(resamples)])


@pytest.mark.slow
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
        levels, resampled = bootstrap(read_answers(out, part))
        value, drawn = levels[1] - levels[0], resampled[:, 1] - resampled[:, 0]
        assert (one.over, one.decides, one.verdict.level) == ("patients", decides, 0.95)
        assert one.difference.value == pytest.approx(value)
        ends = np.quantile(drawn, [0.025, 0.975])
        assert (one.verdict.low, one.verdict.high) == pytest.approx(tuple(ends), abs=0.6 * drawn.std())
        level = next(each for each in found.levels if (each.part, each.arm) == (part, "baseline"))
        assert level.mean == pytest.approx(levels[0])
        assert level.high - level.low == pytest.approx(2 * 1.96 * resampled[:, 0].std(), rel=0.25)
    page = " ".join((out / "report.html").read_text(encoding="utf-8").split())
    assert "Intervals of means, of subgroups and of accuracies are made over patients" in page
    with (out / "results.csv").open(newline="") as file:
        externals = {row["groups"] for row in csv.DictReader(file) if row["part"] == "external"}
    assert externals == {str(len(set(Store.open(other).column("group").tolist())))}
