"""Measure the time and memory of converting a Spark NLP archive to a folder in transformers' layout.

    python benchmarks/convert_archive.py ARCHIVE

The script converts the archive once. The memory is the increase of the peak resident memory of its process.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

from nlu_lite.formats import read, write_checkpoint


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("archive", type=Path)
    archive = parser.parse_args().archive
    before = peak()
    with tempfile.TemporaryDirectory(dir=archive.parent) as folder:
        begin = time.perf_counter()
        checkpoint = read(archive)
        parsed = time.perf_counter()
        write_checkpoint(checkpoint, Path(folder))
        end = time.perf_counter()
        size = sum(file.stat().st_size for file in Path(folder).iterdir())
    print(f"archive {archive.stat().st_size / 2**20:.0f} MiB, folder {size / 2**20:.0f} MiB")
    print(f"read {parsed - begin:.1f} s, written {end - parsed:.1f} s, together {end - begin:.1f} s")
    print(f"memory {before:.0f} MiB before, {peak():.0f} MiB at most: {peak() - before:.0f} MiB more")


def peak() -> float:
    """Return the peak resident memory of the process, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
