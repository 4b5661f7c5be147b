"""A study trains and evaluates many classifiers: nothing of the reports, and no drawing, is loaded for it."""

import subprocess
import sys

CODE = """
import sys
from pathlib import Path

from ganoscope.data.store import Store
from ganoscope.evaluate.classification.classifier_run import train_and_evaluate
from ganoscope.training.classifier.config import ClassifyConfig

store, run = (Path(name) for name in sys.argv[1:])
config = ClassifyConfig(epochs=1, batch_size=16, device="cpu", precision="fp32")
record = train_and_evaluate(Store.open(store), run, config)
assert record.metrics["metrics"]["auroc"]["images"] > 0
drawing = [name for name in sys.modules if name.startswith(("ganoscope.reports", "ganoscope.workflows", "jinja2"))]
assert drawing == [], drawing
"""


def test_training_and_evaluation_import_no_report(phantom_store, tmp_path):
    run = subprocess.run(
        [sys.executable, "-c", CODE, str(phantom_store), str(tmp_path / "run")], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "run" / "classifier.json").exists()
