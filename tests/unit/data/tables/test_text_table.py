"""Tables: any usual separator and encoding gives the same rows; an invalid table is refused with every fault."""

import csv
import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ganoscope.data.tables.text_table import find_separator, open_table, parse_number, read_rows, require_columns
from ganoscope.errors import UserError

ROWS = [{"path": "ä b.png", "label": "größer, fünf; |"}, {"path": "c.png", "label": 'says "no"'}]


@pytest.fixture
def write(tmp_path):
    def write_table(content, name="table.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write_table


def format_rows(rows, separator, end="\r\n"):
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), delimiter=separator, lineterminator=end)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252", "utf-16-le+mark", "utf-16-be+mark"]
)
def test_separators_and_encodings_in_use_give_the_same_rows(write, separator, encoding):
    name, _, mark = encoding.partition("+")
    table = open_table(write((("\ufeff" if mark else "") + format_rows(ROWS, separator)).encode(name)))
    assert (table.separator, table.columns) == (separator, ("path", "label"))
    assert list(read_rows(table)) == ROWS


def test_bytes_that_windows_does_not_define_fall_back_to_latin_1(write):
    table = open_table(write(b"path,label\na\x81.png,\xe4\n"))
    assert table.encoding == "latin-1"
    assert list(read_rows(table)) == [{"path": "a\x81.png", "label": "ä"}]


def test_a_late_byte_that_is_no_utf_8_changes_the_encoding_of_the_whole(write):
    rows = b"path,label\n" + b"a.png,x\n" * 200_000 + b"b.png,gr\xfc\xdfe\n"
    assert list(read_rows(open_table(write(rows))))[-1]["label"] == "grüße"


def test_a_separator_inside_quotes_or_in_most_rows_does_not_count(write):
    assert find_separator('path;"a,b,c";label') == ";"
    table = open_table(write('path;label\n"x,y,z,w";1\n"x,y,z,w";2\n'))
    assert [row["path"] for row in read_rows(table)] == ["x,y,z,w"] * 2


def test_excels_first_line_states_the_separator(write):
    table = open_table(write("sep=;\npath;label,x\na;b\n\n;;\n"))
    assert list(read_rows(table)) == [{"path": "a", "label,x": "b"}]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_of_every_system_and_separators_at_the_end_of_lines_are_taken(write, end):
    table = open_table(write(end.join([" Path ;Label;;", "a;b;;", "c;d", ""])))
    assert list(read_rows(table)) == [{"path": "a", "label": "b"}, {"path": "c", "label": "d"}]


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe", b"\xef\xbb\xbf\n", b"\x00\x01\x02\x03"])
def test_what_holds_no_text_is_refused(write, content):
    with pytest.raises(UserError, match=r"is (empty|not a table|damaged)"):
        open_table(write(content))


def test_a_mark_that_the_content_belies_is_refused(write):
    with pytest.raises(UserError, match="byte-order mark says utf-16"):
        open_table(write(b"\xff\xfea"))


def test_columns_of_one_name_are_refused_all_at_once(write):
    with pytest.raises(UserError, match=r"'Path', 'path', 'x', 'X'"):
        open_table(write("Path,path,label,x,X\n"))


def test_missing_columns_are_told_at_once_with_those_found_and_needed(write):
    table = open_table(write("Image Index;Finding\n1;2\n"))
    with pytest.raises(UserError) as error:
        require_columns(table, ("path", "finding", "label"))
    text = str(error.value)
    assert "lacks columns: 'path', 'label'." in text
    assert "Found: 'Image Index', 'Finding' (separator ';'" in text
    assert "Needed: 'path', 'finding', 'label'" in text


def test_rows_of_another_length_are_all_counted_and_the_first_named(write):
    bad = "".join(f"x{number}\n" for number in range(7))
    with pytest.raises(UserError, match=r"8 rows.*line 3 has 4; line 4 has 1;.*and 3 more"):
        list(read_rows(open_table(write(f"a,b\n1,2\n1,2,3,4\n{bad}"))))


def test_an_open_quote_is_told_with_its_line(write):
    with pytest.raises(UserError, match="damaged at line 3"):
        list(read_rows(open_table(write('a,b\n1,"2\n3,4'))))


@pytest.mark.parametrize(
    ("text", "with_comma", "with_semicolon"),
    [
        ("264.0", 264, 264),
        ("264,5", None, 264.5),
        ("-1e3", -1000, -1000),
        ("", None, None),
        ("nan", None, None),
        ("inf", None, None),
        ("1_0", None, None),
        ("1,000.5", None, None),
    ],
)
def test_numbers_are_finite_and_decimal_commas_need_another_separator(write, text, with_comma, with_semicolon):
    assert parse_number(text, open_table(write("a,b\n"))) == with_comma
    assert parse_number(text, open_table(write("a;b\n"))) == with_semicolon


VALUES = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=12).map(str.strip)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(
    rows=st.lists(st.fixed_dictionaries({"path": VALUES.filter(bool), "label": VALUES}), min_size=1, max_size=6),
    separator=st.sampled_from(",;\t|"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_what_a_spreadsheet_writes_is_read_back(write, rows, separator, encoding):
    assert list(read_rows(open_table(write(format_rows(rows, separator).encode(encoding))))) == rows
