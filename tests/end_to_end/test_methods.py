"""Every method through the command line: train, resume, generate, explain, report; a new file is tested as it is."""

import csv

import pytest

from ganoscope.classifiers.trained import load_classifier_record
from ganoscope.cli import execute
from ganoscope.files import load_json
from ganoscope.methods import available, load
from ganoscope.training.run_folder.trained_run import open_run


def run(*arguments):
    return execute([str(argument) for argument in arguments])


def translates(name):
    return load(name).TRAITS.translates


@pytest.mark.parametrize("name", [name for name in available() if not translates(name)])
def test_a_method_goes_from_a_store_to_a_report(name, phantom_store, tiny_classifier, tmp_path):
    teacher = ("--teacher", tiny_classifier, "--min-teacher-auc", 0) if hasattr(load(name).Config, "teacher") else ()
    call = ("train", name, phantom_store, tmp_path / "run", "--batch-size", 16, "--seed", 3, *teacher)
    assert run(*call, "--images", 48) == 0
    assert run(*call, "--images", 64) == 0
    assert run("generate", tmp_path / "run", tmp_path / "made", "--number", 9) == 0
    assert run("explain", tmp_path / "run", phantom_store, tmp_path / "explained", "--number", 4) == 0
    assert run("report", tmp_path / "run", "--explanations", tmp_path / "explained") == 0

    trained = open_run(tmp_path / "run")
    relative = load(name).TRAITS.relative_scores
    summary = (tmp_path / "explained" / "summary.txt").read_text()
    assert ("Its mean probability of real" in summary, "it gives no probability" in summary) == (not relative, relative)

    codes = {alarm["code"] for alarm in load_json(tmp_path / "run" / "alarms.json")}
    assert not codes & {"no_gradient", "non_finite_loss"}
    with (tmp_path / "made" / "manifest.csv").open(newline="") as file:
        labels = [row["label"] for row in csv.DictReader(file)]
    assert len(labels) == 9
    assert all(labels) if trained.classes else not any(labels)
    with (tmp_path / "run" / "history.csv").open(newline="") as file:
        assert [row["images"] for row in csv.DictReader(file)] == ["16", "32", "48", "64"]
    assert (tmp_path / "run" / "report.html").stat().st_size > 10_000


@pytest.mark.parametrize("name", [name for name in available() if translates(name)])
def test_a_translation_goes_from_a_store_to_a_report(name, phantom_store, tiny_classifier, tmp_path, capsys):
    classifier = ("--classifier", tiny_classifier) if hasattr(load(name).Config, "classifier") else ()
    domains = load_classifier_record(tiny_classifier).classes[:2]
    small = ("--generator-channels", 8, "--discriminator-channels", 8, "--domains", *domains, *classifier)
    call = ("train", name, phantom_store, tmp_path / "run", "--schedule", "constant", "--batch-size", 2, *small)
    assert run(*call, "--images", 6) == 0
    assert run(*call, "--images", 10) == 0
    codes = {alarm["code"] for alarm in load_json(tmp_path / "run" / "alarms.json")}
    assert not codes & {"no_gradient", "non_finite_loss"}
    with (tmp_path / "run" / "history.csv").open(newline="") as file:
        assert [row["images"] for row in csv.DictReader(file)] == ["2", "4", "6", "8", "10"]
    assert (tmp_path / "run" / "samples" / "0000000010.png").exists()
    quick = ("--number", 4, "--steps", 2, "--attack-steps", 1, "--panels", 1, "--target", domains[1])
    out = tmp_path / "run" / "counterfactuals"
    assert run("counterfactual", tmp_path / "run", phantom_store, out, *quick) == 0
    assert run("report", tmp_path / "run") == 0
    assert run("generate", tmp_path / "run", tmp_path / "made", "--number", 4) == 2
    assert f"method {name} translates between" in capsys.readouterr().err
