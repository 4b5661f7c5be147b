"""Training and evaluation without drawing: what is in the run folder, and that a complete run stays as it is."""

from ganoscope.data.store import Store
from ganoscope.evaluate.classification.classifier_run import train_and_evaluate
from ganoscope.training.classifier.config import ClassifyConfig

FILES = {
    "alarms.json", "classifier.json", "classifier.safetensors", "classify.json", "history.csv",
    "metrics.json", "predictions.csv", "predictions.npz",
}  # fmt: skip


def test_a_study_gets_everything_but_pictures(tiny_classifier, phantom_store, tmp_path):
    config = ClassifyConfig(epochs=2, batch_size=16, device="cpu", precision="fp32")
    record = train_and_evaluate(Store.open(phantom_store), tmp_path / "run", config)
    assert {path.name for path in (tmp_path / "run").iterdir()} == FILES
    assert record == train_and_evaluate(Store.open(phantom_store), tmp_path / "run", config)
    for name in ("metrics.json", "predictions.csv", "predictions.npz", "classifier.safetensors"):
        assert (tmp_path / "run" / name).read_bytes() == (tiny_classifier / name).read_bytes()
