from dataclasses import replace

from ganoscope.explanation.checks.external_store import CHECK
from ganoscope.explanation.findings import Examination
from ganoscope.explanation.subjects import Source

OWN = Source("brains", "a" * 64, "brains", "a" * 64)


def test_real_images_of_another_store_are_named_with_both():
    assert list(CHECK.find(Examination(None, None, OWN))) == []
    (alarm,) = CHECK.find(Examination(None, None, replace(OWN, store="heads", fingerprint="b" * 64)))
    assert (alarm.code, alarm.severity) == ("real_images_of_another_store", "warning")
    assert alarm.evidence == {"store": "heads", "run_store": "brains"}
