"""Notices that the files of a store change while they are in use, before a wrong result comes of it.

Size, time and identity of the files are compared before every access: a few microseconds. Where they differ, the whole
store is read and compared with its fingerprint, since a copy that was restored is no fault. What is overwritten in the
microseconds between the look and the access is noticed by the next look; what is cut off, by the access itself (see
`pixel_file`).
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ganoscope.errors import UserError, describe

BLOCKS, BLOCK_BYTES = 16, 1 << 16
"""Number and length of the evenly spaced blocks of pixels that `refuse_change` compares."""
FULL_BYTES = 1 << 30
"""Size up to which a store is read as a whole where that is asked for: a second or two."""
State = dict[str, tuple[int, int, int]]
"""Identity, size in bytes and time of each file."""


@dataclass
class StoreWatch:
    """The state of a store's files when it was opened.

    Attributes:
        path: Folder of the store.
        names: Files to watch; the first holds the pixels.
        state: Their state.
        sample: Digest of their beginnings and of blocks of the pixels.
    """

    path: Path
    names: tuple[str, ...]
    state: State = field(init=False)
    sample: str = field(init=False)

    def __post_init__(self) -> None:
        """Notes the state of the files."""
        self.state = self.read_state()
        self.sample = self.read_sample()

    def read_state(self) -> State:
        """Returns the state of the files that exist."""
        found = {}
        for name in self.names:
            try:
                state = (self.path / name).stat()
            except FileNotFoundError:
                continue
            found[name] = (state.st_ino, state.st_size, state.st_mtime_ns)
        return found

    def read_sample(self) -> str:
        """Returns the digest of the beginning of every file, and of blocks spread over the pixels."""
        digest = hashlib.sha256()
        for name, (_, size, _) in self.state.items():
            with (self.path / name).open("rb") as file:
                digest.update(file.read(BLOCK_BYTES))
                for block in range(BLOCKS if name == self.names[0] else 0):
                    file.seek(block * max(0, size - BLOCK_BYTES) // BLOCKS)
                    digest.update(file.read(BLOCK_BYTES))
        return digest.hexdigest()

    def refuse_touched(self, verify: Callable[[], None]) -> None:
        """Refuses files that were shortened, removed or overwritten since they were opened.

        Args:
            verify: Compares the whole store with its fingerprint; called where the files look different.

        Raises:
            UserError: The content of the store is another one.
        """
        now = self.read_state()
        if now == self.state:
            return
        for name, (_, size, _) in self.state.items():
            found = now[name][1] if name in now else None
            if found != size:
                given = "no such file" if found is None else f"{found:,} bytes"
                raise UserError(describe(self._name_fault(name), given, f"{size:,} bytes", RESTORE))
        self.refuse_content(verify)
        self.state = now

    def refuse_change(self, verify: Callable[[], None], whole: bool = False) -> None:
        """Refuses a store with another content than when it was opened; called before anything that follows is kept.

        Args:
            verify: Compares the whole store with its fingerprint.
            whole: Whether to read it as a whole, if it is not larger than `FULL_BYTES`.

        Raises:
            UserError: The content of the store is another one.
        """
        self.refuse_touched(verify)
        if whole and sum(size for _, size, _ in self.state.values()) <= FULL_BYTES:
            self.refuse_content(verify)
        elif self.read_sample() != self.sample:
            raise UserError(describe(self._name_fault(self.names[0]), "other content", "no change", RESTORE))

    def refuse_content(self, verify: Callable[[], None]) -> None:
        """Refuses a store whose content does not fit its fingerprint.

        Args:
            verify: Compares the whole store with its fingerprint.

        Raises:
            UserError: It does not fit.
        """
        try:
            verify()
        except (UserError, ValueError, OSError):  # half of a file can be anything
            fault = f"store {self.path} was changed while it was in use"
            raise UserError(describe(fault, "content that does not fit store.json", "no change", RESTORE)) from None

    def _name_fault(self, name: str) -> str:
        return f"{self.path / name} was changed while it was in use"


RESTORE = (
    "Nothing that came of the change is kept. Restore the store from a copy, and rerun the same command: it goes on "
    "from what was saved before."
)
