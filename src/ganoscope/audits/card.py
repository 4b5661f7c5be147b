"""Scorecard of synthetic medical data: what the audit has measured of each of seven criteria, and what is left to fill.

An audit can't know what images were made for, whether consent covers it, or how they will be described to users: those
places say "to be filled by you".

Source: Zamzmi et al. 2025, "Scorecard for synthetic medical data evaluation", https://doi.org/10.1038/s44172-025-00450-1
    (https://arxiv.org/abs/2406.11143): the seven criteria
Differs: the criteria are put in our own words, and every number has an interval and, where there is one, a floor.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from ganoscope.audits.answer import Answer, Outcome, Value
from ganoscope.audits.display_names import find_display, name_family
from ganoscope.audits.scorecard import Entry, Scorecard
from ganoscope.files import replacing, save_json
from ganoscope.statistics.estimate import count_digits

FILE, TEXT = "card.json", "card.txt"
SCHEMA_VERSION = 1
TO_FILL = "to be filled by you"
NOT_ASKED = "not asked by this audit"


@dataclass(frozen=True)
class Subject:
    """What was audited, and when.

    Attributes:
        source: What made the images, in words.
        images: Number of synthetic images.
        date: Date of the audit, such as 2026-11-30.
        weights_sha256: SHA-256 of the generator's weights, or of the images where there is no generator.
    """

    source: str
    images: int
    date: str
    weights_sha256: str


@dataclass(frozen=True)
class Figure:
    """A number on the card.

    Attributes:
        question: Question that it belongs to, such as `fidelity`.
        name: Name of the value, such as `frechet_distance`.
        images: Which synthetic images: `all`, or a subgroup.
        value: The value.
        low: Lower end of its 95% interval; None where there is none, as of the numbers above and below.
        high: Upper end.
        floor: What real images of other patients reach.
        n: Number of images, or of patients where patients are counted.
        extractor: Feature extractor; "" where there is none.
        weights_sha256: SHA-256 of its weights; "" where it has none.
    """

    question: str
    name: str
    images: str
    value: float | None
    low: float | None
    high: float | None
    floor: float | None
    n: int
    extractor: str
    weights_sha256: str


@dataclass(frozen=True)
class Verdict:
    """What a question has found.

    Attributes:
        question: Its name.
        outcome: `fault`, `clear` or `untested`.
        words: The verdict.
    """

    question: str
    outcome: Outcome
    words: str


@dataclass(frozen=True)
class Criterion:
    """One of the seven criteria.

    Attributes:
        name: Its name.
        asks: What it asks.
        verdicts: What the audit has found.
        figures: What the audit has measured.
        to_fill: What only the maker of the images can say, a sentence each.
    """

    name: str
    asks: str
    verdicts: tuple[Verdict, ...]
    figures: tuple[Figure, ...]
    to_fill: tuple[str, ...]


@dataclass(frozen=True)
class Card:
    """The scorecard; JSON-ready through `dataclasses.asdict`.

    Attributes:
        subject: What was audited, and when.
        criteria: The seven criteria, in the order of the publication.
    """

    subject: Subject
    criteria: tuple[Criterion, ...]


@dataclass(frozen=True)
class Place:
    """A criterion's place on an empty card.

    Attributes:
        asks: What it asks.
        questions: Questions of the audit whose answers belong there.
        subgroups: Whether values of subgroups belong there; otherwise those of all images do.
        to_fill: What only the maker of the images can say.
    """

    asks: str
    questions: tuple[str, ...]
    subgroups: bool
    to_fill: tuple[str, ...]


PLACES = {
    "congruence": Place(
        "Are synthetic images distributed like those of real patients?",
        ("fidelity", "hu_fidelity"),
        False,
        ("Whether the real images stand for the patients that the synthetic ones are meant for.",),
    ),
    "coverage": Place(
        "Do they show the variety of real patients, and more than the images they were made from?",
        ("diversity",),
        False,
        ("Which patients, devices and findings are known to be missing.",),
    ),
    "constraint": Place(
        "Do they keep to anatomy, physics and other rules that can't be broken?",
        ("impossible_images",),
        False,
        ("Rules of the field that the audit has no check for, and who has looked at the images for them.",),
    ),
    "completeness": Place(
        "Do they come with all that their purpose needs, such as labels and annotations?",
        ("label_fidelity",),
        False,
        ("The purpose, and which annotations, acquisition data and patient data it needs.",),
    ),
    "compliance": Place(
        "Do they keep to privacy, law and the formats that are asked for?",
        ("copied_images", "membership", "reidentification", "attribute_inference"),
        False,
        (
            "Legal basis and consent for the real images, and agreements on their use.",
            "Who may get the images, the generator and its discriminator, and under which licence.",
            "Which file formats and header entries are asked for, and whether they are kept.",
        ),
    ),
    "comprehension": Place(
        "Can users understand how they were made, what they are for, and what they can't show?",
        (),
        False,
        (
            "How the images were made and chosen, in words for their users.",
            "What they are meant for, and what they must not be used for.",
            "Known limits, and whom to ask.",
        ),
    ),
    "consistency": Place(
        "Is quality alike in all subgroups, at all times and for all who make such images?",
        ("fidelity", "diversity", "label_fidelity", "hu_fidelity"),
        True,
        ("Whether images made later, elsewhere or from another seed are as good.",),
    ),
}
"""The seven criteria by name, in the order of the publication."""


def make_card(answers: Mapping[str, Answer | Entry], subject: Subject) -> Card:
    """Returns the card, filled where the audit can.

    Args:
        answers: Answers by the names of their questions; those of no criterion are left out.
        subject: What was audited, and when.
    """
    return Card(subject, tuple(fill_place(name, place, answers) for name, place in PLACES.items()))


def card_scorecard(scorecard: Scorecard) -> Card:
    """Returns the card of an audit."""
    about = scorecard.subject
    subject = Subject(about.source, about.synthetic, scorecard.date, about.weights_sha256 or about.synthetic_sha256)
    return make_card({entry.name: entry for entry in scorecard.entries}, subject)


def save_card(out: Path, card: Card) -> None:
    """Writes `card.json` and `card.txt`."""
    save_json(out / FILE, {"schema_version": SCHEMA_VERSION, **asdict(card)})
    with replacing(out / TEXT) as partial:
        partial.write_text(write_card(card), encoding="utf-8")


def fill_place(name: str, place: Place, answers: Mapping[str, Answer | Entry]) -> Criterion:
    """Returns a criterion with the verdicts and figures of its questions.

    Args:
        name: Name of the criterion.
        place: Its place on an empty card.
        answers: Answers by the names of their questions.
    """
    asked = {question: answers[question] for question in place.questions if question in answers}
    figures = tuple(
        make_figure(question, value)
        for question, answer in asked.items()
        for value in answer.values
        if (value.images != "all") == place.subgroups
    )
    verdicts = () if place.subgroups else judge(place.questions, answers)
    return Criterion(name, place.asks, verdicts, figures, place.to_fill)


def judge(questions: tuple[str, ...], answers: Mapping[str, Answer | Entry]) -> tuple[Verdict, ...]:
    """Returns the verdicts of questions, also of those that were not asked; arguments as in `make_card`."""
    return tuple(
        Verdict(question, answers[question].outcome, answers[question].verdict)
        if question in answers
        else Verdict(question, "untested", NOT_ASKED)
        for question in questions
    )


def make_figure(question: str, value: Value) -> Figure:
    """Returns a value as a number on the card."""
    estimate, floor = value.measured.value, value.measured.floor
    return Figure(
        question,
        value.name,
        value.images,
        drop_undefined(estimate.value),
        drop_undefined(estimate.low),
        drop_undefined(estimate.high),
        drop_undefined(floor.value) if floor else None,
        estimate.n,
        value.extractor,
        value.weights_sha256,
    )


def drop_undefined(number: float) -> float | None:
    """Returns a number, or None where it is not finite, which JSON can't hold."""
    return number if math.isfinite(number) else None


def write_card(card: Card) -> str:
    """Returns the card as text, for a file or a terminal."""
    subject = card.subject
    lines = [
        "Scorecard of synthetic medical images",
        f"{subject.source}; audited on {subject.date}",
        f"weights {subject.weights_sha256}",
    ]
    for criterion in card.criteria:
        lines += ["", f"{criterion.name.upper()}: {criterion.asks}"]
        lines += [f"  {name_question(each.question)}: {each.words}" for each in criterion.verdicts]
        lines += [f"  {write_figure(each)}" for each in criterion.figures]
        lines += [f"  [{TO_FILL}] {each}" for each in criterion.to_fill]
    return "\n".join(lines) + "\n"


def name_question(question: str) -> str:
    """Returns a question's name as words."""
    return question.replace("_", " ")


def write_figure(figure: Figure) -> str:
    """Returns a number with its interval, its floor and its number of images or patients, in one line.

    Example:
        >>> write_figure(Figure("diversity", "recall", "all", 0.5, 0.4, 0.6, None, 80, "", ""))
        'recall (share of real images within reach): 0.500 (0.400 to 0.600), n = 80'
    """
    numbers = (figure.value, figure.low, figure.high, figure.floor)
    digits = count_digits([number for number in numbers if number is not None], 3)
    value, low, high, floor = ("not defined" if number is None else f"{number:.{digits}f}" for number in numbers)
    interval = "" if figure.low is None else f" ({low} to {high})"
    real = "" if figure.floor is None else f", real images {floor}"
    where = "" if figure.images == "all" else f", {figure.images}"
    family = f", features of {name_family(figure.extractor)}" if figure.extractor else ""
    return f"{find_display(figure.name).words}{where}{family}: {value}{interval}{real}, n = {figure.n:,}"
