"""Everything that is measured and selected for a store's inspection page: computed once, written, and read back."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.checks.shortcuts import Shortcut, find_shortcuts
from ganoscope.data.inspection.brightness import Measurements, load_measurements, measure, save_measurements
from ganoscope.data.inspection.duplicate_pairs import ShownPairs, read_pairs
from ganoscope.data.inspection.exhibits import EXTREMES, Exhibits, choose_exhibits, find_window, name_classes
from ganoscope.data.store import Store
from ganoscope.data.store.columns import read_columns
from ganoscope.data.store.intensity import IntensityMap
from ganoscope.errors import UserError
from ganoscope.files import load_json, save_json
from ganoscope.files.records import convert, fit, load_mapping, reading

MEASUREMENTS, GALLERIES, SHORTCUTS = "measurements.npz", "galleries.json", "shortcuts.json"


@dataclass(frozen=True)
class Findings:
    """What was measured and selected.

    Attributes:
        fingerprint: Fingerprint of the store.
        seed: Random seed of all choices.
        window: Stored values that galleries show black and white.
        measured: Brightness, contrast and intensities.
        exhibits: Images that galleries show.
        shortcuts: How well facts about the files predict the class, the best first.
    """

    fingerprint: str
    seed: int
    window: IntensityMap
    measured: Measurements
    exhibits: Exhibits
    shortcuts: tuple[Shortcut, ...]


def name_data_folder(page: Path) -> Path:
    """Returns the folder beside a page with the numbers that it shows.

    Example:
        >>> name_data_folder(Path("store/inspect.html")).name
        'inspect_data'
    """
    return page.with_name(f"{page.stem}_data")


def compute_findings(store: Store, seed: int) -> Findings:
    """Returns the findings that an inspection shows besides the store's tables; `seed` decides all random choices."""
    columns = read_columns(store, leave_out=("source_sha256", "placement"))
    measured = measure(store, name_classes(columns["label"])[0], seed)
    pairs = read_pairs(store.path / "duplicates.csv", columns) or ()
    return Findings(
        fingerprint=store.fingerprint,
        seed=seed,
        window=find_window(store.intensity, measured),
        measured=measured,
        exhibits=choose_exhibits(columns, pairs, measured, seed),
        shortcuts=tuple(find_shortcuts(columns)),
    )


def save_findings(folder: Path, store: Store, found: Findings) -> None:
    """Writes `measurements.npz`, `shortcuts.json` and `galleries.json`, which names images by their sample ids.

    Args:
        folder: Folder to write to; made where it does not exist.
        store: The store.
        found: What was found in it.
    """
    save_measurements(folder / MEASUREMENTS, found.measured)
    save_json(folder / SHORTCUTS, [describe_shortcut(shortcut) for shortcut in found.shortcuts])
    window = {"low": found.window.low, "high": found.window.high}
    galleries = describe_exhibits(found.exhibits, store.column("sample_id"))
    save_json(
        folder / GALLERIES,
        {"fingerprint": found.fingerprint, "seed": found.seed, "window": window, "galleries": galleries},
    )


def describe_shortcut(shortcut: Shortcut) -> dict[str, Any]:
    """Returns a shortcut as JSON values; a number that is not defined is null."""
    values = asdict(shortcut) | {name: float(getattr(shortcut, name)) for name in ("auc", "low", "high")}
    return {name: None if value != value else value for name, value in values.items()}


def parse_shortcut(content: dict[str, Any]) -> Shortcut:
    """Returns the shortcut that `describe_shortcut` described.

    Example:
        >>> parse_shortcut(describe_shortcut(Shortcut("view", 0.7, float("nan"), 0.8, 20, "")))
        Shortcut(name='view', auc=0.7, low=nan, high=0.8, images=20, note='')
    """
    found: Shortcut = convert(Shortcut, content, "")
    return found


@dataclass(frozen=True)
class NamedPairs:
    """`ShownPairs` as they are written: images by their sample ids."""

    relation: str
    number: int
    gravest: list[tuple[str, str]]
    least_alike: list[tuple[str, str]]


@dataclass(frozen=True)
class NamedExhibits:
    """`Exhibits` as they are written: images by their sample ids."""

    sheets: dict[str, list[str]]
    pairs: list[NamedPairs]
    markers: list[str]
    coloured: list[str]
    extremes: dict[str, list[str]]


def describe_exhibits(exhibits: Exhibits, ids: NDArray[np.str_]) -> dict[str, Any]:
    """Returns the selection as JSON values, images named by their ids, shape (N,)."""

    def name(positions: NDArray[np.int64]) -> list[str]:
        return [str(sample_id) for sample_id in ids[positions]]

    def name_pairs(pairs: tuple[tuple[int, int], ...]) -> list[tuple[str, str]]:
        return [(str(ids[first]), str(ids[second])) for first, second in pairs]

    named = NamedExhibits(
        sheets={label: name(chosen) for label, chosen in exhibits.sheets.items()},
        pairs=[
            NamedPairs(shown.relation, shown.number, name_pairs(shown.gravest), name_pairs(shown.least_alike))
            for shown in exhibits.pairs
        ],
        markers=name(exhibits.markers),
        coloured=name(exhibits.coloured),
        extremes={title: name(chosen) for title, chosen in exhibits.extremes.items()},
    )
    return asdict(named)


def load_findings(folder: Path, store: Store) -> Findings:
    """Returns the findings in a folder.

    Args:
        folder: Folder that `save_findings` wrote to.
        store: The store that they are about.

    Raises:
        UserError: A file is missing or damaged, or the findings are about another store.
    """
    content = load_mapping(folder / GALLERIES)
    if content.get("fingerprint") != store.fingerprint:
        raise UserError(f"{folder} is about another store than {store.path}. Run `ganoscope inspect` again.")
    with reading(folder / MEASUREMENTS):
        measured = load_measurements(folder / MEASUREMENTS, store.count)
    with reading(folder / GALLERIES):
        low, high = (convert(float, content["window"][name], f"window.{name}") for name in ("low", "high"))
        named = convert(NamedExhibits, content["galleries"], "galleries")
        exhibits = locate_exhibits(named, store.column("sample_id"))
        refuse_odd_exhibits(exhibits, measured)
        return Findings(
            fingerprint=store.fingerprint,
            seed=convert(int, content["seed"], "seed"),
            window=IntensityMap(low, high, store.intensity.unit, store.intensity.dtype),
            measured=measured,
            exhibits=exhibits,
            shortcuts=tuple(fit(folder / SHORTCUTS, list[Shortcut], load_json(folder / SHORTCUTS))),
        )


def locate_exhibits(named: NamedExhibits, ids: NDArray[np.str_]) -> Exhibits:
    """Returns the selection that `describe_exhibits` described, images named by their positions among ids (N,).

    Raises:
        KeyError: An image is not in the store.
    """
    position = {str(sample_id): index for index, sample_id in enumerate(ids)}

    def find(names: list[str]) -> NDArray[np.int64]:
        return np.array([position[name] for name in names], np.int64)

    def locate_pairs(pairs: list[tuple[str, str]]) -> tuple[tuple[int, int], ...]:
        return tuple((position[first], position[second]) for first, second in pairs)

    return Exhibits(
        sheets={label: find(names) for label, names in named.sheets.items()},
        pairs=tuple(
            ShownPairs(shown.relation, shown.number, locate_pairs(shown.gravest), locate_pairs(shown.least_alike))
            for shown in named.pairs
        ),
        markers=find(named.markers),
        coloured=find(named.coloured),
        extremes={title: find(names) for title, names in named.extremes.items()},
    )


def refuse_odd_exhibits(exhibits: Exhibits, measured: Measurements) -> None:
    """Refuses a selection that was not made from these measurements.

    Args:
        exhibits: The selection.
        measured: The measurements.

    Raises:
        ValueError: A sheet is empty, or an extreme is unknown or was not measured.
    """
    empty = [label for label, chosen in exhibits.sheets.items() if not len(chosen)]
    unknown = set(exhibits.extremes) - set(EXTREMES)
    unmeasured = [title for title, chosen in exhibits.extremes.items() if not np.isin(chosen, measured.indices).all()]
    if empty or unknown or unmeasured:
        raise ValueError(f"galleries: {', '.join([*empty, *unknown, *unmeasured])[:100]}")
