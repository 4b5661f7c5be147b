"""Classes from the label columns of a table: one value, several findings in a field or in rows, a column per finding.

An image with several findings has no class by itself: the user states which findings make one (`--map`), or the table
is refused. Nothing is guessed about -1 (uncertain) and empty fields of findings.
"""

import csv
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from ganoscope.errors import UserError

BLANK = "blank"
"""Name of an empty field in `--map`."""
REST = "*"
CODES = {"1": "1", "0": "0", "-1": "-1", "": ""}
SHOWN_VALUES = 20

LEFT_OUT = "left out by --map"
SEVERAL = "several classes in one image"
NO_CLASS = "none of the label columns says that it is present"
NO_CODE = "a value other than 1, 0, -1 or nothing in a column of findings"


def parse_map(text: str) -> dict[str, str]:
    """Returns the classes by value, in lower case, in the order given.

    Raises:
        UserError: An entry has no `=`, or a value is named twice.

    Example:
        >>> parse_map('COVID-19=covid, "Lung, left=left", *=')
        {'covid-19': 'covid', 'lung, left': 'left', '*': ''}
    """
    entries = [entry.strip() for entry in next(csv.reader([text], skipinitialspace=True), []) if entry.strip()]
    pairs = [tuple(part.strip() for part in entry.rpartition("=")[::2]) for entry in entries if "=" in entry]
    counts = Counter(normalise_value(value) for value, _ in pairs)
    if len(pairs) < len(entries) or max(counts.values(), default=0) > 1:
        raise UserError(
            f"--map is not understood: got {text!r}; allowed: VALUE=CLASS, separated by commas, every value once, such "
            'as "COVID-19=covid,No Finding=normal,*=". Put entries with a comma into double quotes.'
        )
    return {
        "" if value == BLANK else value: label
        for (value, label) in zip(counts, (pair[1] for pair in pairs), strict=True)
    }


def normalise_value(value: str) -> str:
    """Returns a value for comparison: in lower case, numbers without decimals.

    Example:
        >>> normalise_value(" 1.0 "), normalise_value("No Finding")
        ('1', 'no finding')
    """
    plain = value.strip().casefold()
    return re.sub(r"^(-?\d+)\.0+$", r"\1", plain)


def split_findings(text: str) -> list[str]:
    """Returns the findings in one field: separated by `|`, or a list in brackets.

    Example:
        >>> split_findings("Effusion|Mass"), split_findings("['normal']"), split_findings("COVID-19")
        (['Effusion', 'Mass'], ['normal'], ['COVID-19'])
    """
    if text.startswith("[") and text.endswith("]"):
        parts = next(csv.reader([text[1:-1].replace('"', "'")], quotechar="'", skipinitialspace=True), [])
    else:
        parts = text.split("|")
    return [part.strip() for part in parts if part.strip()] or [""]


@dataclass(frozen=True)
class LabelRule:
    """How an image gets its class.

    Attributes:
        columns: Keys of the label columns.
        names: Names of the same columns as written in the header.
        classes: Classes by normalised value, as the user states them.
        stated: Whether the user stated the columns.
        usual: Whether the columns are named as those that hold classes.
        one_hot: Columns of the table of which each row has a 1 in one.
    """

    columns: tuple[str, ...]
    names: tuple[str, ...]
    classes: Mapping[str, str]
    stated: bool = False
    usual: bool = False
    one_hot: tuple[str, ...] = ()

    def read(self, row: Mapping[str, str]) -> frozenset[str]:
        """Returns the values of a row: one or more findings, or "" where there is none."""
        if not self.columns:
            return frozenset()
        if len(self.columns) == 1:
            text = row[self.columns[0]]
            whole = normalise_value(text) in self.classes
            return frozenset([text] if whole else split_findings(text))
        codes = {name: normalise_value(row[key]) for key, name in zip(self.columns, self.names, strict=True)}
        present = [name for name, code in codes.items() if code == "1"]
        unclear = [f"{name}={code}" for name, code in codes.items() if code not in ("1", "0", "")]
        return frozenset(present + unclear or [""])

    def choose(self, values: frozenset[str]) -> tuple[str, str]:
        """Returns the class of an image with these values, and the reason if it can't be used."""
        if not self.columns:
            return "", ""
        if len(self.columns) > 1 and any(value not in self.names for value in values - {""}):
            return "", NO_CODE if any(not value.endswith("=-1") for value in values - set(self.names)) else UNCERTAIN
        keys = {value: normalise_value(value) for value in values}
        named = {self.classes[key] for key in keys.values() if key in self.classes}
        if len(named - {""}) == 1:
            return (named - {""}).pop(), ""
        if named - {""}:
            return "", SEVERAL
        others = [value for value, key in keys.items() if key not in self.classes and value]
        if others and REST in self.classes:
            return self.classes[REST], "" if self.classes[REST] else LEFT_OUT
        if not others and (named or self.classes.get(REST) == ""):  # *= leaves empty fields out as well
            return "", LEFT_OUT
        if len(others) > 1:
            return "", SEVERAL
        return (others or [""])[0], "" if others or len(self.columns) == 1 else NO_CLASS


UNCERTAIN = "a finding that is marked as uncertain (-1)"


def refuse_unclear(rule: LabelRule, images: Iterable[frozenset[str]], table: str) -> None:
    """Refuses label columns that do not say which class an image has.

    Args:
        rule: How an image gets its class.
        images: Values of every image.
        table: Name of the table, for the message.

    Raises:
        UserError: `--map` names values that do not occur; or, without `--map`, images have several findings or values
            that mean nothing by themselves.
    """
    sets = list(images) if rule.columns else []
    counts = Counter(value for values in sets for value in values)
    columns = ", ".join(repr(name) for name in rule.names)
    unknown = [key for key in rule.classes if key != REST and key not in {normalise_value(value) for value in counts}]
    if unknown:
        raise UserError(
            f"--map names values that column {columns} of {table} does not hold: got "
            f"{', '.join(repr(key or BLANK) for key in unknown)}; allowed: {list_values(counts)}. Correct them."
        )
    if rule.classes or not rule.columns:
        return
    sure = [values & {*rule.names} if len(rule.columns) > 1 else values for values in sets]
    several = sum(len(values) > 1 for values in sure)
    if several:
        raise UserError(
            f"{several:,} of {len(sets):,} images have several findings in column {columns} of {table}: got "
            f"{list_values(counts)}; allowed: one class for each image. State which findings make a class, such as "
            f'--map "{suggest(counts)}": *= leaves out all images without one of them.'
        )
    refuse_codes(rule, counts, table)


def refuse_codes(rule: LabelRule, counts: Counter[str], table: str) -> None:
    """Refuses a column of 1, 0, -1 and empty fields, which mean nothing by themselves.

    A column that is called as one of classes may hold the classes `0` and `1`.

    Args:
        rule: How an image gets its class.
        counts: Number of images by value.
        table: Name of the table, for the message.

    Raises:
        UserError: The column holds such values.
    """
    kinds = {normalise_value(value) for value in counts}
    plain = rule.usual and set(counts) <= ({"0", "1"} if rule.stated else {"0", "1", ""})
    if len(rule.columns) > 1 or not kinds <= set(CODES) or kinds <= {""} or plain:
        return
    example = suggest_codes(rule.names[0], kinds)
    several = ",".join(rule.one_hot)
    remedy = (
        f'Each row has a 1 in one of several columns: take them together, --label-column "{several}". Or state'
        if rule.names[0] in rule.one_hot
        else "In CheXpert, 1 is present, 0 absent, -1 uncertain, and nothing is not mentioned. State"
    )
    raise UserError(
        f"column {rule.names[0]!r} of {table} does not say what its values mean: got {list_values(counts)}; allowed: "
        f'names of classes. {remedy} the classes, such as --map "{example}": VALUE= leaves images out.'
    )


def suggest_codes(name: str, codes: Collection[str]) -> str:
    """Returns an example of `--map` for a column of 1, 0, -1 and empty fields.

    Example:
        >>> suggest_codes("Lung Opacity", {"1.0", "-1.0", ""})
        '1=lung_opacity,-1=,blank='
    """
    kinds, word = set(map(normalise_value, codes)), re.sub(r"\W+", "_", name.lower())
    meanings = {"1": f"1={word}", "0": f"0=no_{word}", "-1": "-1=", "": f"{BLANK}="}
    return ",".join(text for code, text in meanings.items() if code in kinds)


def list_values(counts: Counter[str]) -> str:
    """Returns the most frequent values with their numbers of images."""
    shown = ", ".join(f"{value or BLANK!r} ({count:,})" for value, count in counts.most_common(SHOWN_VALUES))
    return shown + (f" and {len(counts) - SHOWN_VALUES} more" if len(counts) > SHOWN_VALUES else "")


def suggest(counts: Counter[str]) -> str:
    """Returns an example of `--map` with the two most frequent findings that can be typed as they are.

    Example:
        >>> suggest(Counter({"Edema=-1": 9, "Edema": 5, "No Finding": 4, "": 2}))
        'Edema=edema,No Finding=no_finding,*='
    """
    ordered = sorted(counts, key=lambda value: (-counts[value], value))
    typed = [value for value in ordered if value and not set(value) & set('=,"')]
    pairs = [f"{value}={re.sub(r'[^0-9a-z]+', '_', value.lower()).strip('_')}" for value in typed]
    return ",".join([*pairs[:2], f"{REST}="])
