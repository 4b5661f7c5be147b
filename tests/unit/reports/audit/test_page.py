from dataclasses import replace

import numpy as np
from PIL import Image
from tests.fixtures.pages import Page, section, words

from ganoscope.audits.answer import Value
from ganoscope.audits.policy import Judged, Ruled
from ganoscope.audits.scorecard import Entry, Scorecard, Subject
from ganoscope.contracts import Measured
from ganoscope.reports.audit.page import save_page
from ganoscope.statistics.estimate import Estimate

NAN = float("nan")
SUBJECT = Subject(
    "9 <b>images</b>", 9, "abc", "", "chest", "f", 800, 600, 100, 80, notes=("A note.",), unreadable={"a": "bad"}
)
VALUES = (
    Value(
        "frechet_distance",
        Measured(Estimate(3, 2, 4, 9, 9), Estimate(1, 0.5, 1.5, 9, 9), "lower", 2.5, ("Few images.",)),
        "all",
        "random",
    ),
    Value("share", Measured(Estimate(0.5, NAN, NAN, 9, 9), None, "like real", warnings=("Of a class.",)), "class a"),
)
ENTRIES = (
    Entry("fidelity", "Do they look real?", "clear", "They do.", VALUES),
    Entry("copied_images", "Is any a copy?", "fault", "Two are.", sheets=("copies.png",)),
)


def test_the_page_shows_faults_first_and_every_number(tmp_path):
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / "copies.png")
    scorecard = Scorecard(
        "2026", "0.1.0", SUBJECT, "quick", 0, ENTRIES, Judged("fail", (Ruled("a.b", "c", "fail", "d"),))
    )
    text = save_page(tmp_path, scorecard).read_text()
    page = Page(text)
    assert (page.open, page.faults, len(page.pictures)) == ([], [], 1)
    assert all(address.startswith("data:") for address in page.loads)
    assert page.ids.index("copied_images") < page.ids.index("fidelity")
    assert set(page.links) == {f"#{name}" for name in page.ids}
    found = words(section(text, "fidelity"))
    assert "Fréchet distance all random 3.000 2.000 to 4.000 9 2.500 1.000 lower" in found
    assert "share class a – 0.500 – 9 – – like real" in found
    assert "Few images." in found and "Of a class." not in found
    assert "Policy: fail" in words(section(text, "alarms"))
    assert "9 <b>images</b>" in page.text
    assert all(word in words(section(text, "limits")) for word in ("A note.", "not read: a: bad", "not anonymous"))
    assert "Shows real images" in page.text


def test_a_page_without_pictures_or_policy(tmp_path):
    scorecard = Scorecard("2026", "0.1.0", replace(SUBJECT, unreadable={}), "quick", 0, ENTRIES[:1])
    page = Page(save_page(tmp_path, scorecard).read_text())
    assert (page.open, page.faults, page.pictures) == ([], [], [])
    assert "Shows real images" not in page.text
    assert "Policy" not in page.text
