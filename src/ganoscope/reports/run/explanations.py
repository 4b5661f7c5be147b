"""The explanations of a run, read from their folder: sentences, key statistics, figures with captions, alarms.

What is read is only what every such folder holds: `summary.txt`, `results.json`, `alarms.json` and `figures/*.png`. An
estimate is found anywhere in the results by its keys, and an unknown figure is shown under its file's name.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from PIL import Image

from ganoscope.alarms import Alarm, load_alarms
from ganoscope.errors import UserError
from ganoscope.files import load_json
from ganoscope.reports.kit.content import Block, Part, Table, write_number
from ganoscope.reports.kit.pictures import Picture, embed_image

CAPTIONS = {
    "real_and_generated": "Where the discriminator looks. Real and generated images, each with the maps of what speaks "
    "for real and of what speaks for generated.",
    "randomisation_why_real": "Check by randomisation: why real. The map while weights are replaced by random ones, "
    "layer by layer. A map that stays the same does not depend on what the network has learned.",
    "randomisation_why_generated": "Check by randomisation: why generated. The same for what speaks for generated.",
    "randomisation": "Check by randomisation: all images. How alike the maps stay to the original ones as more layers "
    "are replaced.",
    "regions": "Where attention lies: inside the anatomy, on its boundary, in the background, beside the share of the "
    "picture that each region covers, which is what a map without preference would show.",
    "deletion": "Check by deletion and insertion. The score as marked pixels are taken away or brought back, beside "
    "pixels marked at random. A map that marks what matters moves the score more.",
}
"""Captions by a part of the figure's file name, in the order in which figures are shown; the first that fits counts."""
SETS, ALL = "sets", "value"
"""Below this name, results are listed by set of images; and the column of those that are about no single set."""
FRAMES = ("findings", "targets", SETS)
"""Names in the results that only hold others together; rows of the table leave them out."""
NO_VALUE = "–"
MAX_ROWS = 80
CURVE_POINTS = 4
"""So many estimates beside each other, or more, are a curve, which figures show better."""
VALUE_KEYS = ("value", "mean")
COUNT_KEYS = ("n", "images", "pairs")


@dataclass(frozen=True)
class Explanations:
    """What a folder of explanations holds.

    Attributes:
        summary: The text of the summary.
        statistics: Key numbers with n and intervals.
        figures: All figures.
        alarms: What the checks raised.
    """

    summary: tuple[Block, ...]
    statistics: tuple[Table, ...]
    figures: tuple[Picture, ...]
    alarms: list[Alarm]


def load_explanations(run: Path, wanted: Path | None, weights_sha256: str) -> Part[Explanations]:
    """Returns the explanations in the folder that is asked for, or in RUN/explanations where it exists.

    Args:
        run: Folder of the run.
        wanted: The folder asked for.
        weights_sha256: Of the generator that the report is about.

    Raises:
        UserError: The folder asked for does not exist or holds no explanations, or a file in it is damaged.
    """
    folder = find_results(run, wanted, "explanations", "explain")
    if folder is None:
        return Part(missing="The run has no explanations yet; `ganoscope explain` makes them.")
    results = load_json(folder / "results.json")
    return Part(
        Explanations(
            summary=read_summary(folder / "summary.txt"),
            statistics=tabulate_estimates(results),
            figures=load_figures(folder / "figures"),
            alarms=[*check_origin(results, weights_sha256), *load_alarms(folder / "alarms.json")],
        )
    )


def find_results(run: Path, wanted: Path | None, what: str, command: str) -> Path | None:
    """Returns the folder that is asked for, or the one of that name in a run; None where the run has none.

    Raises:
        UserError: The folder asked for does not exist or holds no results of that command.
    """
    folder = wanted or run / what
    if (folder / "results.json").exists():
        return folder
    if wanted:
        raise UserError(f"no {what} at {folder}: results.json is missing. Make them with `ganoscope {command}`.")
    return None


def check_origin(
    results: Mapping[str, Any], weights_sha256: str, what: str = "explanations", command: str = "explain"
) -> list[Alarm]:
    """Alarms when what a command made is of other weights than the report is about, or does not say of which."""
    explained = results.get("generator_sha256")
    if explained == weights_sha256:
        return []
    seen = results.get("images_seen")
    origin = f"at {seen:,} images" if isinstance(seen, int) else "of weights that they do not name"
    return [
        Alarm(
            f"{what}_of_other_weights",
            "warning",
            f"the {what} were made {origin}, not of the checkpoint that this report is about. Make them anew with "
            f"`ganoscope {command}`.",
        )
    ]


def read_summary(path: Path) -> tuple[Block, ...]:
    """Returns a text by blocks of one kind; nothing where there is no file."""
    if not path.exists():
        return ()
    lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    blocks = groupby(lines, name_kind)
    return tuple(Block(kind, tuple(line.removeprefix("- ").rstrip(":") for line in same)) for kind, same in blocks)


def name_kind(line: str) -> str:
    """Returns what a line is.

    Example:
        >>> [name_kind(line) for line in ("What speaks for real:", "- small set", "It holds.")]
        ['heading', 'item', 'sentence']
    """
    if line.startswith("- "):
        return "item"
    return "heading" if line.endswith(":") else "sentence"


def tabulate_estimates(results: Any) -> tuple[Table, ...]:
    """Returns the estimates in the results: those about all images together, and those about one set, side by side."""
    cells: dict[bool, dict[str, dict[str, str]]] = {True: {}, False: {}}
    for path, entry in find_estimates(results):
        name, column = name_estimate(path)
        cells[column == ALL].setdefault(name, {})[column] = write_estimate(entry)
    titles = {True: "Key statistics", False: "Key statistics by set of images"}
    return tuple(make_table(titles[about_all], rows) for about_all, rows in cells.items() if rows)


def make_table(title: str, cells: Mapping[str, Mapping[str, str]]) -> Table:
    """Returns a table of estimates with a row per quantity and a column per set."""
    columns = tuple(dict.fromkeys(column for row in cells.values() for column in row))
    rows = tuple((name, *(row.get(column, "") for column in columns)) for name, row in cells.items())
    rest = f" The first {MAX_ROWS} of {len(rows)}; the others are in results.json." if len(rows) > MAX_ROWS else ""
    caption = f"{title}: mean (95 % interval), number of images; of every curve, its last point.{rest}"
    return Table(caption, ("Quantity", *map(str.capitalize, columns)), rows[:MAX_ROWS])


def name_estimate(path: tuple[str, ...]) -> tuple[str, str]:
    """Returns the name of an estimate, and the set of images that it is about.

    Example:
        >>> name_estimate(("findings", "targets", "why real", "sets", "generated", "regions", "inside"))
        ('why real · regions · inside', 'generated')
    """
    at = path.index(SETS) + 1 if SETS in path[:-1] else len(path)
    column = path[at] if at < len(path) else ALL
    return " · ".join(part for part in path[:at] + path[at + 1 :] if part not in FRAMES), column


def find_estimates(content: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """Yields (names on the way to it, entry) of every estimate; of a curve of estimates, the last one alone."""
    if isinstance(content, list):
        content = {str(position + 1): entry for position, entry in enumerate(content)}
    if not isinstance(content, dict):
        return
    if is_estimate(content):
        yield path, content
        return
    entries = list(content.items())
    if len(entries) >= CURVE_POINTS and all(is_estimate(entry) for _, entry in entries):
        entries = entries[-1:]
    for name, entry in entries:
        yield from find_estimates(entry, (*path, str(name).replace("_", " ")))


def is_estimate(entry: Any) -> bool:
    """Returns whether an entry has a value, a lower and an upper end."""
    return isinstance(entry, dict) and {"low", "high"} <= entry.keys() and any(key in entry for key in VALUE_KEYS)


def write_estimate(entry: Mapping[str, Any]) -> str:
    r"""Returns value, interval and n of an estimate as text.

    Example:
        >>> write_estimate({"value": 0.4, "low": 0.35, "high": 0.45, "n": 64})
        '0.400 (0.350 to 0.450), n\xa064'
    """
    value, low, high = (write_decimal(entry[key]) for key in (find_key(entry, VALUE_KEYS), "low", "high"))
    count = find_key(entry, COUNT_KEYS)
    number = f"n\N{NO-BREAK SPACE}{write_number(entry[count])}" if count else "n not stated"
    return f"none, {number}" if value == NO_VALUE else f"{value} ({low} to {high}), {number}"


def find_key(entry: Mapping[str, Any], names: Sequence[str]) -> str:
    """Returns the first of some names that an entry has, or ""."""
    return next((name for name in names if name in entry), "")


def write_decimal(value: float | None) -> str:
    """Returns a number with three decimals; a dash where there is none."""
    return NO_VALUE if value is None or not math.isfinite(value) else f"{value:.3f}"


def load_figures(folder: Path) -> tuple[Picture, ...]:
    """Returns all PNG figures in a folder: those with a known name first, in the order of `CAPTIONS`."""
    order = list(CAPTIONS)
    return tuple(show_figure(path) for path in sorted(folder.glob("*.png"), key=lambda path: rank(path, order)))


def rank(path: Path, order: list[str]) -> tuple[int, str]:
    """Returns the place of a figure."""
    known = recognise(path)
    return (order.index(known) if known else len(order), path.name)


def recognise(path: Path) -> str | None:
    """Returns the first part of `CAPTIONS` that is in a file's name, or None."""
    return next((part for part in CAPTIONS if part in path.stem.lower()), None)


def show_figure(path: Path) -> Picture:
    """Returns a figure with its caption, and its file's name in words as its title."""
    known = recognise(path)
    title = path.stem.replace("_", " ").replace("-", " ").capitalize() + "."
    caption = CAPTIONS[known] if known else title
    with Image.open(path) as image:
        source = embed_image(image.convert("RGB"))
    return Picture(source, alt=caption.partition(".")[0], caption=caption)
