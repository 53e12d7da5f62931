"""Values that were computed from files, stored for as long as the files do not change."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nlu_lite._util.atomic import write_file_atomically
from nlu_lite._util.digest import hash_json

PREFIX = ".verified-"
"""Prefix of the names of notes."""
MAXIMUM_NOTE = 16 << 20
"""Maximum size of a note, in bytes."""
MAXIMUM_WAIT = 50
"""Maximum milliseconds to wait for the clock of the file system to pass the last change of a file."""

Stamps = dict[str, list[int]]
"""The state of each file: size, modification time, time of the last change of the inode, and inode."""


@dataclass(frozen=True)
class FileMemo:
    """A folder of notes, each with a value and the state of the files that it was computed from.

    The state of a file is its size, its modification time, its inode and the time of the last change of the inode,
    since tools that copy or edit a file can restore the modification time. In a folder that cannot be written, values
    are computed each time.

    Attributes:
        folder: The folder of the notes, which are hidden files; made when the first note is written.
    """

    folder: Path

    def recall(self, subject: str, files: Mapping[str, Path], make: Callable[[Any], Any]) -> Any:
        """Return the value of a subject; compute it if it is unknown, or if a file has changed.

        Args:
            subject: The name of the value.
            files: The files that it depends on, by name.
            make: Computes the value; called with the value before a file changed, or None.

        Returns:
            A value that JSON can hold.

        Raises:
            OSError: A file cannot be read.
        """
        stamps = _read_stamps(files)
        note = self._read(subject)
        if note is not None and note["stamps"] == stamps:
            return note["value"]
        value = make(None if note is None else note["value"])
        if _read_stamps(files) == stamps:
            self._write({"subject": subject, "stamps": stamps, "value": value})
        return value

    def _get_path(self, subject: str) -> Path:
        return self.folder / f"{PREFIX}{hashlib.sha256(subject.encode(errors='surrogateescape')).hexdigest()}.json"

    def _read(self, subject: str) -> dict[str, Any] | None:
        try:
            with self._get_path(subject).open("rb") as file:
                content = json.loads(file.read(MAXIMUM_NOTE))
            note: dict[str, Any] = content["note"]
            return note if content["sha256"] == hash_json(note) and note["subject"] == subject else None
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None

    def _write(self, note: dict[str, Any]) -> None:
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            with write_file_atomically(self._get_path(note["subject"])) as part:
                part.write_text(json.dumps({"sha256": hash_json(note), "note": note}), encoding="utf-8")
                _wait_until_later(note["stamps"], part)


def _read_stamps(files: Mapping[str, Path]) -> Stamps:
    found = {name: path.stat() for name, path in files.items()}
    return {name: [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino] for name, stat in found.items()}


def _wait_until_later(stamps: Stamps, probe: Path) -> None:
    """Wait until a change to a file would get another time than its last one: clocks of file systems are coarse.

    Args:
        stamps: The states of the files.
        probe: A file whose modification time shows the clock of the file system.

    Raises:
        TimeoutError: The clock does not advance.
    """
    clock = 1 if os.name == "nt" else 2  # on Windows the third number is the creation time
    newest = max((stamp[clock] for stamp in stamps.values()), default=0)
    for _ in range(MAXIMUM_WAIT):
        if probe.stat().st_mtime_ns > newest:
            return
        time.sleep(0.001)
        os.utime(probe)
    raise TimeoutError("the clock of the file system does not advance")
