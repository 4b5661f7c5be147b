"""Tables of the analysis: the analysis writes them, and the report reads them, by one description."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from ganoscope.files.records import read_records
from ganoscope.files.tables import save_csv

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Row = TypeVar("Row", bound="DataclassInstance")


@dataclass(frozen=True)
class KeptTable(Generic[Row]):
    """A table in the folder of the analysis.

    Attributes:
        file: Its name.
        kind: Dataclass of its rows.
    """

    file: str
    kind: type[Row]

    def save(self, folder: Path, rows: Iterable[Row]) -> None:
        """Writes the table.

        Args:
            folder: Folder of the analysis.
            rows: Its rows.
        """
        save_csv(folder / self.file, [field.name for field in fields(self.kind)], map(asdict, rows))

    def read(self, folder: Path) -> list[Row]:
        """Returns the rows of the table.

        Args:
            folder: Folder of the analysis.

        Raises:
            UserError: It is missing or damaged.
        """
        return list(read_records(folder / self.file, self.kind))
