"""The base template: alarms first, chapters in order, everything escaped, nothing forgotten."""

import re

import pytest
from jinja2 import UndefinedError

from ganoscope.alarms import Alarm
from ganoscope.reports.kit.alarm_cards import AlarmList, Outcome, make_card
from ganoscope.reports.kit.content import Block, Chapter, Section, Table
from ganoscope.reports.kit.pictures import Picture
from ganoscope.reports.kit.rendering import render

PICTURE = Picture("data:image/png;base64,AA==", "what", "caption")
CARD = make_card(Alarm("a_code", "note", "see `b`."), "data", "Held.", ("one", "One"))
CONTENT = {
    "kind": "test",
    "title": "<t>",
    "abstract": "About.",
    "shows_real": True,
    "alarms": AlarmList((CARD,), (Outcome("this", "nothing", "", "one", "One"), Outcome("that", "none")), "Verdict."),
    "chapters": [
        Chapter(
            "one", "One", (Section(("First `code`.",), blocks=(Block("heading", ("H",)), Block("item", ("a", "b")))),)
        ),
        Chapter("two", "Two", (Section(points=("p",), command="run <this>", tables=(Table("T", ("a",), (("x",),)),)),)),
        Chapter("three", "Three", (Section(pairs=(PICTURE,), trio=(PICTURE,), figures=(PICTURE,), trio_title="Lead"),)),
    ],
}


@pytest.fixture(scope="module")
def page():
    return render(CONTENT, "kit/base.html")


def test_alarms_come_first_then_the_chapters_in_order(page):
    assert re.findall(r'<h2 id="(\w+)"', page) == ["alarms", "one", "two", "three"]
    assert re.findall(r'<li><a href="#(\w+)"', page) == ["alarms", "one", "two", "three"]


def test_a_card_and_an_outcome_lead_to_their_evidence(page):
    assert '<span class="see">Evidence: <a href="#one">One</a>.</span>' in page
    assert '<td class="outcome"><a href="#one">One</a></td>' in page
    assert '<td class="outcome"></td>' in page
    assert "Raised by: data." in page
    assert "<span>Held.</span>" in page


def test_everything_in_a_section_is_shown(page):
    for part in ("First <code>code</code>.", "<h3>H</h3>", "<li>b</li>", "<li>p</li>", "<caption>T</caption>", "Lead"):
        assert part in page
    assert "<pre><code>run &lt;this&gt;</code></pre>" in page
    assert page.count("<figure") == page.count("</figure>") == 3


def test_everything_is_escaped_and_named(page):
    assert "<title>&lt;t&gt; – ganoscope test</title>" in page
    assert "ganoscope test - research use only" in page
    assert "Shows real images of the data set" in page


def test_the_date_is_added_and_may_be_given(page):
    assert re.search(r"ganoscope test · \d\d \w+ \d{4}, \d\d:\d\d UTC", page)
    assert "ganoscope test · today" in render({**CONTENT, "date": "today"}, "kit/base.html")


def test_a_forgotten_part_is_an_error():
    with pytest.raises(UndefinedError):
        render({name: value for name, value in CONTENT.items() if name != "alarms"}, "kit/base.html")
