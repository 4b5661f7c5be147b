"""The method, its settings, and the classifiers that it learned from."""

from types import SimpleNamespace

from ganoscope.reports.run.sections.model import describe_classifiers, describe_method


def test_a_method_is_described_by_its_own_words_and_its_source():
    first, source = describe_method("dcgan")
    assert first
    assert source.startswith("Source: ")


def test_a_classifier_is_named_with_its_auroc_where_it_was_measured():
    measured = {"value": 0.9, "low": 0.85, "high": 0.95}
    absent = {"value": None, "low": None, "high": None}
    known = {"network": "small_cnn", "store_name": "CT"}
    record = SimpleNamespace(classifiers={"teacher": {**known, "auroc": measured}, "judge": {**known, "auroc": absent}})
    teacher, judge = describe_classifiers(record)
    assert teacher == (
        "The teacher is a small_cnn trained on CT; its AUROC on the test split is 0.900 (95% interval 0.850 to 0.950)."
    )
    assert judge.endswith("its AUROC on the test split is not measured.")
