"""The parts of an output file: completed chunks in a folder next to it, joined when all are complete.

Each part is written under a temporary name, flushed and renamed; then its note is written in the same way. A part is
valid only with a note that has the digests of its bytes, its texts and the settings. Therefore a resumed run neither
loses a text nor processes it twice, and it recomputes damaged parts.
"""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nlu_lite._util.atomic import write_file_atomically
from nlu_lite._util.digest import hash_file, hash_json
from nlu_lite._util.os_errors import translate_write_errors
from nlu_lite._util.processes import computing
from nlu_lite.errors import FormatError, IntegrityError, OptionError
from nlu_lite.files.notes import HashingFile, PartNote, RunNote, list_changes, read_object

if TYPE_CHECKING:
    import pyarrow as pa

SETTINGS, JOINED, FINISHED, LOCK = "settings.json", "joined.parquet", "finished", ".lock"
PART, NOTE = "part-{:06}.parquet", "note-{:06}.json"

OURS = re.compile(r"(settings\.json|joined\.parquet|finished|part-\d{6,}\.parquet|note-\d{6,}\.json)(\.tmp)?|\.lock")
"""Names of the files in a folder of parts."""

LAYOUT = 2
"""Version of the layout of the folder. Release 0.1.0 wrote no version, and its parts had no digests."""

LONGEST = 1 << 24
"""Maximum size of the settings and of a note in bytes."""


@dataclass(frozen=True)
class Parts:
    """The parts of a Parquet file.

    Attributes:
        target: The file.
        settings: The settings that decide the content of the file, as JSON values.
    """

    target: Path
    settings: Mapping[str, Any]

    @property
    def folder(self) -> Path:
        """The folder of the parts."""
        return self.target.with_name(f"{self.target.name}.parts")

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Lock the folder of parts, so that other processes are refused.

        Raises:
            OptionError: Another process has locked the folder; its name is in use; or its parts have other settings,
                which are listed, or an older layout.
            SourceError: The folder cannot be written.
            FormatError: The settings in the folder are damaged.
        """
        from filelock import FileLock, Timeout

        with translate_write_errors(self.target):
            self._make_folder()
            lock = FileLock(self.folder / LOCK)
            try:
                lock.acquire(timeout=0)
            except Timeout:  # an OSError that is not about the disk
                got = f"another process is writing {self.target}"
                raise OptionError(got, "one process at a time", "Wait for it, or choose another name") from None
        try:
            if self._is_begun():
                self._check_settings()
            self._tidy()
            yield
        finally:
            lock.release()
            if not self._is_begun():
                self._remove()

    def begin(self) -> None:
        """Write the settings.

        Raises:
            SourceError: The settings cannot be written.
        """
        text = json.dumps({**self.settings, "layout": LAYOUT}, indent=2)
        with translate_write_errors(self.target), _open_part(self.folder / SETTINGS) as path:
            _write_text(path, text)

    # --- one part ----------------------------------------------------------------------------------------------------

    def find(self, number: int) -> PartNote | None:
        """Return the note of a part; None if the part is missing, damaged or from another run.

        Raises:
            SourceError: The part cannot be read.
        """
        with self._translate_errors():
            part = self._find_note(number)
            return part if part is not None and hash_file(self._part_path(number)) == part.content else None

    def _find_note(self, number: int) -> PartNote | None:
        part = _read_note(self.folder / NOTE.format(number))
        matches = (
            part is not None and (part.number, part.run) == (number, self._run) and self._part_path(number).is_file()
        )
        return part if matches else None

    def count(self) -> int:
        """Return the number of parts, valid or not."""
        return len(list(self.folder.glob("part-*.parquet")))

    def write(self, number: int, rows: pa.Table, texts: str) -> PartNote:
        """Write a part and its note.

        Args:
            number: Number of the part, from 1.
            rows: Rows of the part.
            texts: SHA-256 of the texts.

        Raises:
            SourceError: The disk is full, or the folder cannot be written.
        """
        from pyarrow import parquet

        dictionaries, size = _find_dictionary_columns(rows.schema), max(1, len(rows))
        with computing(), self._translate_errors():
            with _open_part(self._part_path(number)) as path:
                parquet.write_table(rows, path, row_group_size=size, use_dictionary=dictionaries)
            part = PartNote(number, texts, len(rows), self._run, hash_file(self._part_path(number)))
            with _open_part(self.folder / NOTE.format(number)) as path:
                _write_text(path, part.write())
        return part

    # --- the whole file ----------------------------------------------------------------------------------------------

    def join(
        self, parts: Sequence[PartNote], schema: pa.Schema, run: RunNote, check: Callable[[], None] | None = None
    ) -> None:
        """Join the parts to the file, with a row group for each, and remove them.

        Args:
            parts: All parts, in order.
            schema: The schema of the rows.
            run: The notes for the footer.
            check: Called before the file gets its name; if it raises an error, the parts are kept.

        Raises:
            SourceError: The disk is full, or the file cannot be written.
            IntegrityError: A part was damaged after it was written or verified.
        """
        schema = schema.with_metadata(run.notes)
        with self._translate_errors():
            with _open_part(self.folder / JOINED) as path:
                digest = self._write_all(path, parts, schema)
            with _open_part(self.folder / FINISHED) as path:
                _write_text(path, digest)
        if check is not None:
            check()
        self.finish()

    @property
    def draft(self) -> Path:
        """The joined file, before it gets its name."""
        return self.folder / JOINED

    @property
    def is_finished(self) -> bool:
        """Whether only `finish` remains: an earlier run joined all parts.

        Either the joined file does not have its name yet, or the parts were not removed.
        """
        return self._is_begun() and (self.folder / FINISHED).exists()

    def finish(self) -> None:
        """Rename the joined file to its name, and remove the parts."""
        with self._translate_errors():
            if (self.folder / JOINED).exists():
                (self.folder / JOINED).replace(self.target)
            self._remove()

    def _write_all(self, path: Path, parts: Sequence[PartNote], schema: pa.Schema) -> str:
        """Write all rows, and return the SHA-256 of the file."""
        from pyarrow import parquet

        with computing(), path.open("wb") as file:
            sink = HashingFile(file)
            with parquet.ParquetWriter(sink, schema, use_dictionary=_find_dictionary_columns(schema)) as writer:
                for part in parts:
                    for rows in self._read_row_groups(part):
                        writer.write_table(rows.replace_schema_metadata(schema.metadata), row_group_size=len(rows))
                writer.add_key_value_metadata(sink.begin_footer())
            return sink.seal()

    def _read_row_groups(self, part: PartNote) -> Iterator[pa.Table]:
        """Yield the row groups of a part, which is read once, so that the joined bytes are the verified ones."""
        import pyarrow as pa
        from pyarrow import parquet

        data = self._part_path(part.number).read_bytes()
        if hashlib.sha256(data).hexdigest() != part.content:
            raise IntegrityError(
                f"{self._part_path(part.number)} was damaged while the others were computed",
                f"SHA-256 {part.content}",
                "Repeat the same call: this part will be computed again",
            )
        with parquet.ParquetFile(pa.BufferReader(data)) as file:
            for group in range(file.num_row_groups):
                rows = file.read_row_group(group, use_threads=False)  # see `_util.processes`
                if len(rows):
                    yield rows

    # --- the folder --------------------------------------------------------------------------------------------------

    def _translate_errors(self) -> AbstractContextManager[None]:
        remedy = f"Everything computed so far is kept in {self.folder}: correct this, and run the same again to resume"
        return translate_write_errors(self.target, remedy)

    @property
    def _run(self) -> str:
        return hash_json(self.settings)

    def _part_path(self, number: int) -> Path:
        return self.folder / PART.format(number)

    def _make_folder(self) -> None:
        if (self.folder.exists() or self.folder.is_symlink()) and not _is_ours(self.folder):
            raise OptionError(
                f"there is something at {self.folder}, the folder for the parts of {self.target.name}",
                "a name that is free",
                "Move it away, or choose another name for the output",
            )
        self.folder.mkdir(exist_ok=True)

    def _is_begun(self) -> bool:
        return (self.folder / SETTINGS).exists() and (self.count() > 0 or (self.folder / FINISHED).exists())

    def _check_settings(self) -> None:
        stored = _read(self.folder / SETTINGS)
        if stored is None:
            got, expected = f"{self.folder / SETTINGS} cannot be read", "the settings of the parts"
            raise FormatError(got, expected, f"Remove {self.folder} to start over")
        if stored.pop("layout", None) != LAYOUT:
            raise OptionError(
                f"{self.folder} contains parts of another version of nlu-lite, which cannot be verified",
                "parts of this version",
                f"Remove the folder and repeat the call to compute them again: rm -r {shlex.quote(str(self.folder))}",
            )
        differing = list_changes(stored, self.settings)
        if differing:
            raise OptionError(
                f"{self.folder} contains parts that were made with other settings ({'; '.join(differing)})",
                "the same settings, to resume",
                f"Use the same settings, or remove {self.folder} to start over",
            )

    def _tidy(self) -> None:
        """Remove incomplete files of interrupted processes, and a damaged joined file."""
        for path in self.folder.glob("*.tmp"):
            path.unlink(missing_ok=True)
        finished = self.folder / FINISHED
        whole = next((path for path in (self.folder / JOINED, self.target) if path.is_file()), None)
        if whole is None or not finished.exists() or hash_file(whole).encode() != finished.read_bytes().strip():
            (self.folder / JOINED).unlink(missing_ok=True)
            finished.unlink(missing_ok=True)

    def _remove(self) -> None:
        """Remove the folder except files of other programs; the files that identify it are removed last."""
        last = {FINISHED: 1, SETTINGS: 2, LOCK: 3}
        for path in sorted(self.folder.glob("*"), key=lambda path: last.get(path.name, 0)):
            if OURS.fullmatch(path.name):
                path.unlink(missing_ok=True)
        try:
            self.folder.rmdir()
        except OSError:
            return


def _is_ours(folder: Path) -> bool:
    """Whether a folder contains only files of a run; files of other programs must never be removed."""
    if folder.is_symlink() or not folder.is_dir():
        return False
    paths = list(folder.iterdir())
    if not all(OURS.fullmatch(path.name) and path.is_file() and not path.is_symlink() for path in paths):
        return False
    lock = folder / LOCK
    if lock.exists() and lock.stat().st_size:
        return False
    others = {path.name for path in paths} - {LOCK, f"{SETTINGS}.tmp"}
    return not others or _are_settings(folder / SETTINGS) or any(map(_read_note, folder.glob("note-*.json")))


def _are_settings(path: Path) -> bool:
    values = _read(path)
    return values is not None and isinstance(values.get("pipeline"), dict)


def _read_note(path: Path) -> PartNote | None:
    return PartNote.read(path.read_bytes()) if path.is_file() and path.stat().st_size <= LONGEST else None


def _read(path: Path) -> dict[str, Any] | None:
    """Read a JSON object; None for anything else."""
    return read_object(path.read_bytes()) if path.is_file() and path.stat().st_size <= LONGEST else None


def _open_part(path: Path) -> AbstractContextManager[Path]:
    """Write a file under a temporary name that `Parts` recognizes after a crash."""
    return write_file_atomically(path, path.with_name(f"{path.name}.tmp"))


def _write_text(path: Path, text: str) -> None:
    path.write_text(text + "\n", encoding="utf-8")


def _find_dictionary_columns(schema: pa.Schema) -> Sequence[str]:
    """Return the names of the columns whose values can repeat: all but vectors."""
    import pyarrow as pa

    return [field.name for field in schema if not pa.types.is_fixed_size_list(field.type)]
