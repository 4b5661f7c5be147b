"""What is read back has the types and ranges of its dataclass; what does not is named by file and field."""

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest

from ganoscope.errors import Range, UserError
from ganoscope.files.records import Number, fit, load_mapping, load_record, read_records, reading


@dataclass(frozen=True)
class Inner:
    low: float
    high: Number = 1.0

    def __post_init__(self):
        if self.low >= 5:
            raise UserError("low is too high.")


@dataclass(frozen=True)
class Outer:
    name: str
    size: Annotated[int, Range(1, 100)]
    kind: Literal["a", "b"]
    inner: Inner
    pair: tuple[int, str] | None = None
    many: tuple[str, ...] = ()
    by_name: dict[str, list[int]] = field(default_factory=dict)
    free: Any = None
    flag: bool = False
    place: Path | None = None


GOOD = {"name": "x", "size": 3, "kind": "a", "inner": {"low": 1}}


def write(folder, content):
    path = folder / "r.json"
    path.write_text(json.dumps(content))
    return path


def test_values_get_the_types_of_the_dataclass(tmp_path):
    more = {"pair": [1, "b"], "many": ["c"], "by_name": {"d": [2]}, "free": {"e": 1}, "flag": True, "place": "f"}
    found = load_record(write(tmp_path, {**GOOD, **more}), Outer)
    assert found == Outer("x", 3, "a", Inner(1.0), (1, "b"), ("c",), {"d": [2]}, {"e": 1}, True, Path("f"))
    assert isinstance(found.inner.low, float)


def test_an_undefined_number_is_null_in_the_file(tmp_path):
    assert math.isnan(load_record(write(tmp_path, {**GOOD, "inner": {"low": 1, "high": None}}), Outer).inner.high)


FAULTS = [
    ({"size": "3"}, r"field size: got '3'; allowed: a whole number"),
    ({"size": 3.5}, r"field size: got 3\.5; allowed: a whole number"),
    ({"size": True}, r"field size: got True; allowed: a whole number"),
    ({"size": 1000}, r"field size: got 1000; allowed: 1 to 100"),
    ({"size": None}, r"field size: got None; allowed: a whole number"),
    ({"name": ["x" * 100]}, r"field name: got list of 1; allowed: a text"),
    ({"name": 5}, r"field name: got 5; allowed: a text"),
    ({"kind": "c"}, r"field kind: got 'c'; allowed: 'a', 'b'"),
    ({"inner": []}, r"field inner: got list of 0; allowed: an object with keys"),
    ({"inner": {"low": math.nan}}, r"field inner\.low: got nan; allowed: a finite number"),
    ({"inner": {"low": math.inf}}, r"field inner\.low: got inf; allowed: a finite number"),
    ({"inner": {}}, r"field inner\.low is missing"),
    ({"inner": {"low": 9}}, r"low is too high"),
    ({"pair": [1]}, r"field pair: got list of 1; allowed: a list of 2"),
    ({"many": [1]}, r"field many\[0\]: got 1; allowed: a text"),
    ({"by_name": {"d": [1, "x"]}}, r"field by_name\.d\[1\]: got 'x'; allowed: a whole number"),
    ({"flag": 1}, r"field flag: got 1; allowed: true or false"),
    ({"place": "a\0b"}, r"field place: .*allowed: a path"),
    ({"news": 1}, r"field news is unknown"),
]


@pytest.mark.parametrize(("change", "words"), FAULTS)
def test_what_does_not_fit_is_named_by_file_and_field(tmp_path, change, words):
    with pytest.raises(UserError, match=rf"r\.json is damaged: {words}"):
        load_record(write(tmp_path, {**GOOD, **change}), Outer)


@pytest.mark.parametrize("content", [[], None, 5, "text", [GOOD]])
def test_other_content_is_refused(tmp_path, content):
    with pytest.raises(UserError, match=r"r\.json is damaged: the content: got"):
        load_record(write(tmp_path, content), Outer)
    with pytest.raises(UserError, match=r"r\.json is damaged"):
        load_mapping(write(tmp_path, content))


def test_every_fault_of_the_keys_is_told_at_once(tmp_path):
    with pytest.raises(UserError, match=r"news is unknown.*name is missing.*kind is missing"):
        load_record(write(tmp_path, {"size": 1, "inner": {"low": 1}, "news": 1}), Outer)


def test_another_version_is_told(tmp_path):
    path = write(tmp_path, {**GOOD, "schema_version": 2})
    assert load_record(path, Outer, 2).name == "x"
    with pytest.raises(UserError, match="another version"):
        load_record(path, Outer, 1)


def test_lists_of_records_are_read(tmp_path):
    assert fit(tmp_path, list[Inner], [{"low": 1}]) == [Inner(1.0)]


@dataclass(frozen=True)
class Row:
    name: str
    count: int
    share: float


def test_rows_of_a_table_are_read(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("count,name,share,more\n-1,a,0.5,x\n")
    assert list(read_records(path, Row)) == [Row("a", -1, 0.5)]


@pytest.mark.parametrize(("cells", "words"), [("x,a,0.5", "field count: got 'x'"), ("1,a,nan", "field share: got nan")])
def test_a_cell_of_another_type_is_named_by_row_and_column(tmp_path, cells, words):
    (tmp_path / "t.csv").write_text(f"count,name,share\n1,a,1\n{cells}\n")
    with pytest.raises(UserError, match=rf"t\.csv is damaged: row 3: {words}"):
        list(read_records(tmp_path / "t.csv", Row))


def test_what_code_stumbles_over_is_told_with_the_name_of_the_file():
    for stumble in (lambda: {}["key"], lambda: int("x"), lambda: None.get, lambda: [][0], lambda: 1 + "a"):
        with pytest.raises(UserError, match=r"results\.json is damaged: its content"), reading(Path("results.json")):
            stumble()
