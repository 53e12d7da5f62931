"""What is done so far of a file: whole parts in a folder beside it, joined when all are there.

A part is written beside its name, flushed, and renamed: whoever kills the work finds whole parts only. Each carries the
digest of the texts that it answers, so that going on can neither lose a text nor answer it twice, even where the input
has been changed meanwhile.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nlu_lite.errors import FormatError, OptionError, SourceError
from nlu_lite.saving import differences

if TYPE_CHECKING:
    import pyarrow as pa

SETTINGS, JOINED, FINISHED, LOCK = "settings.json", "joined.parquet", "finished", ".lock"
KEY = b"nlu_lite"
"""What the note is called that is put into the schema of a Parquet file."""


@dataclass(frozen=True)
class Part:
    """A part that is whole.

    Attributes:
        digest: That of the texts that it answers.
        rows: Number of its rows.
    """

    digest: str
    rows: int


@dataclass(frozen=True)
class Parts:
    """The parts of a Parquet file that is being made.

    Attributes:
        target: The file.
        settings: All that decides what it will hold, in values that JSON knows.
    """

    target: Path
    settings: Mapping[str, Any]

    @property
    def folder(self) -> Path:
        """Where the parts are."""
        return self.target.with_name(f"{self.target.name}.parts")

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Hold the folder of parts; other processes are refused as long.

        Raises:
            OptionError: Another process holds it, or something else has its name.
            SourceError: It cannot be written.
        """
        from filelock import FileLock, Timeout

        with writing(self.target):
            self._make()
            lock = FileLock(self.folder / LOCK)
            try:
                lock.acquire(timeout=0)
            except Timeout:  # which is an OSError, but none of the disk's
                got = f"another process is writing {self.target}"
                raise OptionError(got, "one at a time", "Wait for it, or choose another name") from None
        try:
            self._tidy()
            yield
        finally:
            lock.release()
            if not self._is_begun():
                shutil.rmtree(self.folder, ignore_errors=True)

    def check(self) -> None:
        """Compare the settings with those of the parts that are there.

        Raises:
            OptionError: They are others; the differences are named.
        """
        differing = differences(self._stored(), json.loads(json.dumps(self.settings))) if self._is_begun() else []
        if differing:
            raise OptionError(
                f"{self.folder} holds parts that were made with other settings ({'; '.join(differing)})",
                "the same settings, to go on",
                f"Use these, or remove {self.folder} to begin anew",
            )

    def begin(self) -> None:
        """Write the settings down.

        Raises:
            SourceError: They cannot be written.
        """
        text = json.dumps(self.settings, indent=2)
        with writing(self.target):
            _placed(self.folder / SETTINGS, lambda path: _write_text(path, text))

    def _is_begun(self) -> bool:
        return (self.folder / SETTINGS).exists() and self.count() > 0

    def _tidy(self) -> None:
        """Remove what killed processes left half-written, and whatever of a file that was finished."""
        left = self.folder.glob("*.tmp") if self._is_begun() else self.folder.iterdir()
        for path in left:
            if path.name != LOCK:
                path.unlink(missing_ok=True)

    def _stored(self) -> dict[str, Any]:
        path = self.folder / SETTINGS
        try:
            return dict(json.loads(path.read_bytes()))
        except (OSError, ValueError, TypeError) as error:
            got = f"{path} cannot be read ({error})"
            raise FormatError(got, "the settings of the parts", f"Remove {self.folder} to begin anew") from error

    def find(self, number: int) -> Part | None:
        """Give a part if it is there and whole."""
        import pyarrow as pa
        from pyarrow import parquet

        path = self._path(number)
        if not path.is_file():
            return None
        try:
            with parquet.ParquetFile(path) as file:
                note = json.loads((file.schema_arrow.metadata or {})[KEY])
                return Part(str(note["texts"]), file.metadata.num_rows)
        except (pa.ArrowInvalid, OSError, KeyError, ValueError):
            return None

    def count(self) -> int:
        """Give the number of parts that were written, whole or not."""
        return len(list(self.folder.glob("part-*.parquet")))

    def write(self, number: int, rows: pa.Table, digest: str) -> Part:
        """Write a part.

        Args:
            number: Its place, from 1.
            rows: What is in it.
            digest: That of the texts that it answers.

        Raises:
            SourceError: There is no room, or no right to.
        """
        from pyarrow import parquet

        noted = rows.replace_schema_metadata({KEY: json.dumps({"texts": digest})})
        dictionaries = _dictionaries(rows.schema)

        def write(path: Path) -> None:
            parquet.write_table(noted, path, row_group_size=max(1, len(noted)), use_dictionary=dictionaries)

        with writing(self.target, self.folder):
            _placed(self._path(number), write)
        return Part(digest, len(rows))

    def join(self, count: int, schema: pa.Schema) -> None:
        """Put the file together, a row group a part, and remove the parts.

        Args:
            count: Number of parts.
            schema: That of the rows.

        Raises:
            SourceError: There is no room, or no right to.
        """
        noted = schema.with_metadata({KEY: json.dumps(self.settings)})
        with writing(self.target, self.folder):
            _placed(self.folder / JOINED, lambda path: self._write_all(path, count, noted))
            (self.folder / FINISHED).touch()
            self.finish()

    @property
    def is_finished(self) -> bool:
        """Whether a process was killed between the last row and the end: `finish` is what is left to do."""
        return self._is_begun() and (self.folder / FINISHED).exists()

    def finish(self) -> None:
        """Give the joined file its name; what is needed no more goes with the folder."""
        with writing(self.target, self.folder):
            if (self.folder / JOINED).exists():
                (self.folder / JOINED).replace(self.target)
            (self.folder / SETTINGS).unlink()

    def _make(self) -> None:
        if self.folder.exists() and not _is_ours(self.folder):
            raise OptionError(
                f"there is something at {self.folder}, where parts of {self.target.name} would be put",
                "a name that is free",
                "Move it away, or choose another name for the output",
            )
        self.folder.mkdir(exist_ok=True)

    def _write_all(self, path: Path, count: int, schema: pa.Schema) -> None:
        from pyarrow import parquet

        with parquet.ParquetWriter(path, schema, use_dictionary=_dictionaries(schema)) as writer:
            for number in range(1, count + 1):
                with parquet.ParquetFile(self._path(number)) as part:
                    for group in range(part.num_row_groups):
                        rows = part.read_row_group(group).replace_schema_metadata(schema.metadata)
                        if len(rows):
                            writer.write_table(rows, row_group_size=len(rows))

    def _path(self, number: int) -> Path:
        return self.folder / f"part-{number:06}.parquet"


@contextmanager
def writing(target: Path, parts: Path | None = None) -> Iterator[None]:
    """Explain what the system says of a file that cannot be written.

    Args:
        target: The file.
        parts: The folder in which what is done so far is kept; None while there is nothing.
    """
    try:
        yield
    except SourceError:
        raise
    except OSError as error:
        kept = f"What is done so far is kept in {parts}: mend this and run the same again to go on" if parts else ""
        raise SourceError(
            f"{target} cannot be written ({error.strerror or ' '.join(str(error).split())})",
            "a folder with room that can be written",
            kept or "Choose another",
        ) from error


def _is_ours(folder: Path) -> bool:
    """Whether a folder holds nothing but what is put there."""
    names = [path.name.removesuffix(".tmp") for path in folder.iterdir()] if folder.is_dir() else ["a file"]
    return all(name in {SETTINGS, JOINED, FINISHED, LOCK} or name.startswith("part-") for name in names)


def _placed(path: Path, write: Callable[[Path], None]) -> None:
    """Write a file beside its name, make sure that the disk has it, and give it its name."""
    part = path.with_name(f"{path.name}.tmp")
    try:
        write(part)
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _write_text(path: Path, text: str) -> None:
    path.write_text(text + "\n", encoding="utf-8")


def _dictionaries(schema: pa.Schema) -> Sequence[str]:
    """Name the columns whose values repeat; those of vectors do not."""
    import pyarrow as pa

    return [field.name for field in schema if not pa.types.is_fixed_size_list(field.type)]
