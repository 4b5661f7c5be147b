"""`ganoscope report` as a user types it: one page, alarms first, no names of files; mistakes."""

import pytest
from tests.fixtures.commands import assert_told


def test_a_run_becomes_one_page_with_its_alarms_first(story):
    page = (story / "run" / "report.html").read_text(encoding="utf-8")
    assert page.index("Alarms") < page.index("Provenance")
    assert "source/" not in page


MISTAKES = {
    "report without run": (["report", "{tmp}/empty"], "run.json is missing"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_in_words_and_leaves_nothing_behind(name, places, capsys):
    assert_told(*MISTAKES[name], places, capsys)
