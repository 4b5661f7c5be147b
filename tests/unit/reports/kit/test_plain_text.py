"""Pages as plain text."""

from ganoscope.reports.kit.content import Chapter, Section, Table
from ganoscope.reports.kit.plain_text import write_chapters


def test_sentences_tables_and_points_stand_in_order():
    table = Table("Counts.", ("class", "images"), (("a", "10"), ("long", "9")))
    chapter = Chapter("one", "One", (Section(("See `x`.",), (table,), points=("first", "second")),))
    assert write_chapters("Title", ["Warning."], [chapter]).splitlines() == [
        *("Warning.", "", "Title", "=====", "", "One", "---", ""),
        *("See x.", "", "Counts:", "class  images", "a          10", "long        9", "- first", "- second"),
    ]
