"""The page of an audit: outcomes and policy first, then every question with its numbers and pictures."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ganoscope.alarms import Severity
from ganoscope.audits.answer import Value
from ganoscope.audits.card import FILE as CARD
from ganoscope.audits.card import TEXT as CARD_TEXT
from ganoscope.audits.card import TO_FILL, card_scorecard, name_question, write_figure
from ganoscope.audits.display_names import find_display, name_family
from ganoscope.audits.over_training import LEAKS
from ganoscope.audits.scorecard import Entry, Scorecard
from ganoscope.files import replacing
from ganoscope.reports.audit.over_training_chart import CURVE, draw_curve
from ganoscope.reports.audit.scorecard_text import (
    ORDER,
    OUTCOMES,
    count_outcomes,
    describe_comparison,
    describe_policy,
    describe_weights,
)
from ganoscope.reports.kit.alarm_cards import SIGNS, Card
from ganoscope.reports.kit.chart_files import WIDE_PX, save_chart, show_chart
from ganoscope.reports.kit.content import Chapter, Section, Table, write_number
from ganoscope.reports.kit.estimates import write_decimal
from ganoscope.reports.kit.pictures import Picture, open_picture, show_file
from ganoscope.reports.kit.rendering import render

PAGE = "report.html"
NO_VALUE = "–"
FIGURES = 6
"""Numbers of each criterion that the page shows."""
HEADER = (
    "Number",
    "images",
    "features",
    "synthetic",
    "95% interval",
    "n",
    "as many as real",
    "real patients",
    "better",
)


def save_page(out: Path, scorecard: Scorecard) -> Path:
    """Writes `report.html`, and returns its path.

    Args:
        out: Folder of the audit, with its pictures.
        scorecard: The scorecard.
    """
    page = render(collect_content(out, scorecard), "audit/template.html")
    with replacing(out / PAGE) as partial:
        partial.write_text(page, encoding="utf-8")
    return out / PAGE


def collect_content(out: Path, scorecard: Scorecard) -> dict[str, Any]:
    """Returns everything that the template shows.

    Args:
        out: Folder of the audit, with its pictures.
        scorecard: The scorecard.
    """
    entries = [entry for outcome in ORDER for entry in scorecard.entries if entry.outcome == outcome]
    return {
        "kind": "audit",
        "opening": "Scorecard",
        "title": f"Audit of synthetic images beside {scorecard.subject.store}",
        "abstract": f"{describe_comparison(scorecard.subject)} {describe_weights(scorecard.subject)}",
        "headline": count_outcomes(scorecard),
        "opening_sections": [show_overview(entries), *show_policy(scorecard)],
        "cards": [make_fault(entry) for entry in entries if entry.outcome == "fault"],
        "chapters": [
            *show_training(out, scorecard),
            *(show_entry(out, entry) for entry in entries),
            show_card(scorecard),
            show_limits(scorecard),
        ],
        "shows_real": any(entry.sheets for entry in entries),
    }


def show_overview(entries: Sequence[Entry]) -> Section:
    """Returns the outcome of every question as a table."""
    rows = tuple((entry.question, OUTCOMES[entry.outcome]) for entry in entries)
    return Section(tables=(Table("Every question with its outcome", ("Question", "Outcome"), rows, words=True),))


def show_policy(scorecard: Scorecard) -> tuple[Section, ...]:
    """Returns what the policy says; nothing without one."""
    judged = scorecard.judged
    if judged is None:
        return ()
    rows = tuple((one.key, one.rule, one.result, one.why) for one in judged.rules)
    table = Table("Rules of the policy", ("Key", "Rule", "Result", "Measured"), rows, words=True)
    return (Section((describe_policy(judged),), (table,)),)


def make_fault(entry: Entry) -> Card:
    """Returns a fault as a card."""
    title = entry.name.replace("_", " ").capitalize()
    severity: Severity = "danger" if entry.name in LEAKS else "warning"
    return Card(severity, SIGNS[severity], title, entry.verdict, anchor=entry.name, section=entry.question)


def show_entry(out: Path, entry: Entry) -> Chapter:
    """Returns a question with its answer.

    Args:
        out: Folder of the audit, with its pictures.
        entry: The question with its answer.
    """
    verdict = Section((f"{OUTCOMES[entry.outcome].capitalize()}. {entry.verdict}",), points=entry.warnings)
    sections = [verdict]
    whole = [value for value in entry.values if value.images == ALL]
    limits = tuple(dict.fromkeys(warning for value in whole for warning in value.measured.warnings))
    for values, caption in ((whole, CAPTION), ([one for one in entry.values if one.images != ALL], BY_GROUP)):
        if values:
            table = Table(caption, HEADER, tuple(map(write_value, values)), long=len(values) > LONG)
            sections.append(Section(tables=(table,), points=limits if values is whole else ()))
    figures = tuple(show_sheet(out / file, caption) for file, caption in caption_sheets(entry).items())
    return Chapter(entry.name, entry.question, (*sections, *([Section(figures=figures)] if figures else [])))


def show_sheet(path: Path, caption: str) -> Picture:
    """Returns a picture of an answer, at most half as large again as it is."""
    return show_file(path, caption, width_px=min(WIDE_PX, round(1.5 * open_picture(path, "L").width)))


ALL, BY_GROUP, LONG = "all", "The same for parts of the images, such as classes", 20
CAPTION = "Numbers with their intervals, and what real images of other patients reach, measured the same way"


def caption_sheets(entry: Entry) -> dict[str, str]:
    """Returns the caption of every picture of an answer: as its details give it, or its name."""
    captions = entry.details.get("captions", {})
    given = captions if isinstance(captions, dict) else {}
    return {file: str(given.get(file, Path(file).stem.replace("_", " ").capitalize())) for file in entry.sheets}


def write_value(value: Value) -> tuple[str, ...]:
    """Returns a number as a row of a table; where it depends on the number of images, at that of the real ones too."""
    found = value.measured
    interval = f"{write_decimal(found.value.low)} to {write_decimal(found.value.high)}"
    return (
        find_display(value.name).words,
        value.images,
        name_family(value.extractor) or NO_VALUE,
        write_decimal(found.value.value),
        interval if found.value.low == found.value.low else NO_VALUE,
        write_number(found.value.n),
        NO_VALUE if found.floor is None or found.at_floor_size is None else write_decimal(found.at_floor_size),
        write_decimal(found.floor.value) if found.floor else NO_VALUE,
        found.better,
    )


def show_training(out: Path, scorecard: Scorecard) -> tuple[Chapter, ...]:
    """Returns the curve over training with the checkpoint to take; nothing where there is none.

    Args:
        out: Folder of the audit.
        scorecard: The scorecard.
    """
    points = scorecard.points
    if not points:
        return ()
    chart = show_chart(save_chart(out / CURVE, draw_curve, points), "Fidelity and leak by images seen", WIDE_PX)
    header = ("Images seen", "times that between real patients", "AUC", "copies", "leak shown by")
    rows = tuple(
        (
            write_number(one.images_seen),
            write_decimal(one.times_floor),
            write_decimal(one.auc),
            write_number(one.copies),
            one.leaks.replace("_", " ").replace(" ", ", ") or NO_VALUE,
        )
        for one in points
    )
    table = Table("Checkpoints", header, rows)
    return (
        Chapter(
            "training", "Over training", (Section((scorecard.advice,), figures=(chart,)), Section(tables=(table,)))
        ),
    )


def show_card(scorecard: Scorecard) -> Chapter:
    """Returns the card of seven criteria: what the audit has measured of each, and what is left to fill."""
    sections = []
    for criterion in card_scorecard(scorecard).criteria:
        found = [f"{OUTCOMES[one.outcome].capitalize()}: {name_question(one.question)}." for one in criterion.verdicts]
        numbers = [write_figure(one) for one in criterion.figures][:FIGURES]
        left = [f"{TO_FILL.capitalize()}: {text}" for text in criterion.to_fill]
        sections.append(
            Section((f"{criterion.name.capitalize()}. {criterion.asks}",), points=(*found, *numbers, *left))
        )
    text = (
        f"The seven criteria of the scorecard for synthetic medical data; all of it is in `{CARD}` and `{CARD_TEXT}`."
    )
    return Chapter("card", "Card of seven criteria", (Section((text,)), *sections))


def show_limits(scorecard: Scorecard) -> Chapter:
    """Returns what a reader must know of the images, and what the audit is no proof of."""
    subject = scorecard.subject
    rows = (
        ("synthetic images", write_number(subject.synthetic)),
        ("their hash", subject.synthetic_sha256),
        ("generator's weights", subject.weights_sha256 or "not known"),
        ("real store", f"{subject.store}, {subject.store_fingerprint}"),
        ("images learned from", f"{subject.members:,} of {subject.member_groups:,} patients or groups"),
        ("held-out images", f"{subject.held_out:,} of {subject.held_out_groups:,} patients or groups"),
        ("depth, random seed", f"{scorecard.depth}, {scorecard.seed}"),
        ("made", f"{scorecard.date} UTC, ganoscope {scorecard.ganoscope}"),
    )
    table = Table("What this audit is about", ("Name", "Value"), rows, words=True)
    unread = tuple(f"not read: {name}: {reason}" for name, reason in list(subject.unreadable.items())[:20])
    limits = (
        "That nothing is shown does not prove that there is nothing: each answer says what it would have seen. "
        "Synthetic images are not anonymous because they are synthetic.",
    )
    return Chapter(
        "limits",
        "What this audit is about, and its limits",
        (Section(limits, (table,)), Section(points=(*subject.notes, *unread))),
    )
