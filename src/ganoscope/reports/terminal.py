"""Output of commands: stores as tables, alarms as lines."""

from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ganoscope.alarms import load_alarms, print_alarms
from ganoscope.data.checks.source_files import REASONS
from ganoscope.data.store import Store
from ganoscope.data.store.contents import Statistics, compute_statistics
from ganoscope.data.store.splits import SPLITS

CONSOLE = Console(highlight=False, soft_wrap=True)


def say(text: str) -> None:
    """Prints plain text; nothing in it is interpreted as markup."""
    CONSOLE.print(Text(text))


def show_store(store: Store, place: str = "") -> None:
    """Prints a store's counts, statistics and alarms.

    Args:
        store: The store.
        place: Text printed instead of its path.
    """
    statistics = compute_statistics(store)
    kind = f"{store.modality + ', ' if store.modality else ''}{store.intensity.unit}"
    say(f"{store.name}: {store.count:,} images of {store.size} x {store.size} px, {kind}, {place or store.path}")
    CONSOLE.print(make_count_table(statistics))
    low, middle, high = statistics.percentiles
    left_out = ", pixels beyond the scanner's field of view left out" if store.intensity.unit == "HU" else ""
    say(
        f"intensity: mean {statistics.mean:.1f}, standard deviation {statistics.deviation:.1f}, "
        f"1st / 50th / 99th percentile {low:g} / {middle:g} / {high:g} {store.intensity.unit}{left_out}"
    )
    shapes = ", ".join(f"{height} x {width} ({count:,})" for (height, width), count in statistics.shapes)
    say(f"most frequent source sizes (height x width): {shapes}")
    for kind, count in statistics.masked.items():
        say(f"{kind}: {count:,} of {store.count:,} images")
    alarms = store.path / "alarms.json"
    told = alarms.exists() and any(alarm.code == "quarantined" for alarm in load_alarms(alarms))
    for reason, count in list(statistics.quarantined.items())[REASONS if told else 0 :]:
        say(f"not taken: {count:,} x {reason}")
    show_alarms(alarms)


def make_count_table(statistics: Statistics) -> Table:
    """Returns images by class and split, with the numbers of independent groups and patients."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("")
    for split in SPLITS:
        table.add_column(split, justify="right")
    labels = sorted({label for _, label in statistics.counts})
    for label in labels:
        counts = [statistics.counts.get((split, label), 0) for split in SPLITS]
        table.add_row(Text(label or ("no class" if len(labels) > 1 else "images")), *(f"{count:,}" for count in counts))
    table.add_row("independent groups", *(f"{statistics.groups[split]:,}" for split in SPLITS))
    table.add_row("known patients", *(f"{statistics.patients[split]:,}" for split in SPLITS))
    return table


def show_alarms(path: Path) -> None:
    """Prints the alarms in a file, most severe first, or that there are none."""
    print_alarms(path, CONSOLE)
