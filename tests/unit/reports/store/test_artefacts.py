"""What the inspection page shows fits the store, or is refused."""

import json

import pytest
from tests.fixtures.made_up_stores import write_store

from ganoscope.data.inspection.inspected import compute_findings, save_findings
from ganoscope.errors import UserError
from ganoscope.files.tables import save_csv
from ganoscope.reports.store.artefacts import read_evidence


def test_pairs_that_are_no_duplicates_of_the_store_are_refused(tmp_path):
    store = write_store(tmp_path / "store", [{} for _ in range(6)])
    pairs = [{"first": "id-0", "second": "id-1", "relation": "exact copy", "correlation": 1.0}]
    save_csv(store.path / "duplicates.csv", pairs[0], pairs)
    save_findings(tmp_path / "data", store, compute_findings(store, seed=0))
    assert len(read_evidence(store, tmp_path / "data").findings.exhibits.pairs) == 1
    path = tmp_path / "data" / "galleries.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["galleries"]["pairs"][0]["gravest"][0].reverse()
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(UserError, match=r"galleries\.json is damaged: .*1 of the pairs to show are no duplicates"):
        read_evidence(store, tmp_path / "data")
