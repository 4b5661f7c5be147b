"""`ganoscope classify`: what it says of odd parts, and how it resumes."""

import shutil

import pytest
from tests.fixtures.pages import Page, section, words

from ganoscope.classifiers.trained import load_classifier_record, open_classifier
from ganoscope.data.store import Store
from ganoscope.evaluate.classification.classifier_run import evaluate
from ganoscope.explanation.answer_files import explain_run
from ganoscope.reports.classifier.page import save_page
from ganoscope.training.classifier.config import ClassifyConfig
from ganoscope.workflows.classify import classify


@pytest.fixture(scope="module")
def classifier(tiny_classifier):
    return open_classifier(tiny_classifier)


@pytest.fixture(scope="module")
def store(phantom_store):
    return Store.open(phantom_store)


def evaluate_changed(classifier, store, folder, change):
    """What the page says of the classifier on a store whose manifest was changed, and the record."""
    copy = shutil.copytree(store.path, folder / "store")
    lines = (copy / "manifest.csv").read_text().splitlines()
    (copy / "manifest.csv").write_text("\n".join([lines[0], *map(change, lines[1:])]) + "\n")
    run, changed = shutil.copytree(classifier.path, folder / "run"), Store.open(copy)
    config = ClassifyConfig(device="cpu", precision="fp32").resolve()
    record = evaluate(open_classifier(run), changed, config)
    explain_run(run, changed, "cpu")
    return save_page(run, changed).read_text(encoding="utf-8"), record


def test_without_a_test_part_the_validation_part_is_shown_and_the_page_says_so(classifier, store, tmp_path):
    text, record = evaluate_changed(classifier, store, tmp_path, lambda line: line.replace(",test,", ",train,"))
    assert record.metrics == {}
    assert "nothing was measured on it" in words(section(text, "alarms"))
    assert "in the validation split" in Page(text).text


def test_a_test_part_of_one_class_is_shown_for_what_it_is(classifier, store, tmp_path):
    def keep_healthy(line):
        return line if ",notumor," in line else line.replace(",test,", ",train,")

    text, record = evaluate_changed(classifier, store, tmp_path, keep_healthy)
    assert record.metrics["metrics"]["auroc"]["value"] is None
    assert "AUROC is not defined: no image is of glioma, meningioma" in words(section(text, "metrics"))
    assert "No curve is defined" in words(section(text, "curves"))
    assert "■ danger A single class in the test split" in words(section(text, "alarms"))


def test_a_run_without_a_page_gets_heat_maps_and_page_and_is_not_trained_again(
    tiny_classifier, phantom_store, tmp_path, capsys
):
    written = shutil.ignore_patterns("classifier.html", "heat_maps.*", "pictures")
    run = shutil.copytree(tiny_classifier, tmp_path / "run", ignore=written)
    before = (run / "classifier.json").read_bytes()
    config = ClassifyConfig(epochs=2, batch_size=16, device="cpu", precision="fp32")
    assert classify(phantom_store, run, config) == load_classifier_record(run)
    assert (run / "classifier.json").read_bytes() == before
    assert (run / "heat_maps.npz").read_bytes() == (tiny_classifier / "heat_maps.npz").read_bytes()
    assert (run / "classifier.html").exists()
    assert "nothing to do" not in capsys.readouterr().err
    classify(phantom_store, run, config)
    assert "nothing to do" in capsys.readouterr().err
