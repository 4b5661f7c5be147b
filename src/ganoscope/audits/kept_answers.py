"""Answers kept in the folder of an audit, so that an interrupted one goes on: one JSON, CSV and picture at a time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ganoscope.audits.answer import Answer
from ganoscope.audits.audit_evidence import SyntheticImages
from ganoscope.audits.scorecard import Entry, make_entry
from ganoscope.data.writers.png import save_marked
from ganoscope.errors import UserError
from ganoscope.files import replacing, save_json
from ganoscope.files.records import load_mapping, load_record
from ganoscope.files.tables import read_csv, save_csv

FOLDER, PLAN, IMAGES = "answers", "plan.json", "images.csv"
MARK = "SYNTHETIC images beside REAL images of the data set: treat it as patient data."
"""Mark of the pictures of an audit."""
SCHEMA_VERSION = 1


def claim_plan(out: Path, plan: Mapping[str, Any]) -> None:
    """Keeps what an audit is about, or compares it with what the folder holds.

    Args:
        out: Folder of the audit.
        plan: Hashes and options that its answers depend on.

    Raises:
        UserError: The folder holds another audit, or something else.
    """
    path = out / FOLDER / PLAN
    if path.exists():
        kept = load_mapping(path)
        changed = sorted(name for name in {*kept, *plan} if kept.get(name) != plan.get(name))
        if changed:
            listed = ", ".join(name.replace("_", " ") for name in changed)
            raise UserError(f"{out} holds another audit: it differs in {listed}. Name another folder.")
        return
    if out.exists() and any(out.iterdir()):
        raise UserError(f"{out} is not empty and holds no audit; allowed: a new folder, or that of an audit.")
    save_json(path, dict(plan))


def keep_answer(out: Path, name: str, question: str, answer: Answer) -> Entry:
    """Writes an answer, its columns and its pictures, and returns it without them.

    Args:
        out: Folder of the audit.
        name: Short name of the question.
        question: The question in words.
        answer: Its answer.
    """
    for file, picture in answer.sheets.items():
        with replacing(out / file) as partial:
            save_marked(partial, picture, {"question": name}, MARK)
    columns = {f"{name}.{column}": values for column, values in answer.columns.items()}
    if columns:
        save_csv(out / FOLDER / f"{name}.csv", tuple(columns), zip_columns(columns))
    entry = make_entry(name, question, answer)
    save_json(out / FOLDER / f"{name}.json", {"schema_version": SCHEMA_VERSION, **asdict(entry)})
    return entry


def find_kept(out: Path, name: str) -> Entry | None:
    """Returns an answer that was kept; None where there is none or it is damaged: the question is asked again.

    Args:
        out: Folder of the audit.
        name: Short name of the question.
    """
    try:
        entry = load_record(out / FOLDER / f"{name}.json", Entry, SCHEMA_VERSION)
    except UserError:
        return None
    needed = [*(out / file for file in entry.sheets), *([out / FOLDER / f"{name}.csv"] if entry.columns else [])]
    return entry if all(file.exists() for file in needed) else None


def save_images(out: Path, synthetic: SyntheticImages, entries: Sequence[Entry]) -> None:
    """Writes `images.csv`: a row per synthetic image under its name, with the columns of all questions.

    Args:
        out: Folder of the audit.
        synthetic: The images.
        entries: The questions with their answers.
    """
    columns: dict[str, Sequence[Any]] = {"name": synthetic.names.tolist()}
    if synthetic.labels is not None:
        columns["label"] = synthetic.labels.tolist()
    for entry in entries:
        names = [f"{entry.name}.{column}" for column in entry.columns]
        rows = list(read_csv(out / FOLDER / f"{entry.name}.csv", names)) if names else []
        columns |= {column: [row[column] for row in rows] for column in names}
    save_csv(out / IMAGES, tuple(columns), zip_columns(columns))


def zip_columns(columns: Mapping[str, Sequence[Any]]) -> Iterator[dict[str, Any]]:
    """Yields the rows of a table that is given by its columns."""
    for row in zip(*columns.values(), strict=True):
        yield {name: write_cell(value) for name, value in zip(columns, row, strict=True)}


def write_cell(value: Any) -> str:
    """Returns a value as the text of a cell: truth as yes or no, fractions with six digits.

    Example:
        >>> [write_cell(value) for value in (True, 0.12345678, 3, "a", None)]
        ['yes', '0.123457', '3', 'a', '']
    """
    if value is None:
        return ""
    if isinstance(value, bool) or type(value).__name__ == "bool":
        return "yes" if value else "no"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
