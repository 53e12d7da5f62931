"""The versions that a pipeline was saved with, compared with those that are installed."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from platform import python_version
from typing import Any

from nlu_lite.errors import FormatError
from nlu_lite.options import BackendName, ModelOptions, TextSettings, Versions, Words
from nlu_lite.text import WORD_PACKAGES

TEXT_PACKAGES = ("nlu-lite", "icu4py")
PIECE_PACKAGES = ("sentencepiece", "tokenizers")
NUMBER_PACKAGES: Mapping[BackendName, Sequence[str]] = {
    BackendName.TORCH: ("numpy", "torch", "transformers"),
    BackendName.OPENVINO: ("numpy", "openvino"),
}
"""The packages that compute vectors, by backend."""


def differences(before: Mapping[str, Any], now: Mapping[str, Any], prefix: str = "") -> list[str]:
    """Name the settings that differ, with both values.

    Example:
        >>> differences({"chunk": 1, "text": {"words": "icu"}}, {"chunk": 1, "text": {"words": "dictionary"}})
        ["text.words: 'icu' before, 'dictionary' now"]
    """
    found = []
    for name in dict.fromkeys([*before, *now]):
        old, new = before.get(name), now.get(name)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            found += differences(old, new, f"{prefix}{name}.")
        elif old != new:
            found.append(f"{prefix}{name}: {old!r} before, {new!r} now")
    return found


def present_versions(settings: TextSettings, backends: Collection[BackendName]) -> dict[str, str | None]:
    """Give the versions of what can have a part in a result."""
    packages = [*TEXT_PACKAGES, *(WORD_PACKAGES if settings.words is Words.DICTIONARY else ())]
    if backends:
        packages += PIECE_PACKAGES
    packages += dict.fromkeys(package for backend in backends for package in NUMBER_PACKAGES[backend])
    return {"python": python_version()} | {name: _version(name) for name in packages}


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def check_versions(
    folder: Path, before: dict[str, str | None], now: dict[str, str | None], versions: Versions, options: ModelOptions
) -> None:
    """Refuse what can change a token or a piece, or a bit where bits were asked for; name the rest."""
    matters = {*TEXT_PACKAGES, *PIECE_PACKAGES, *WORD_PACKAGES}
    if options.encoder.reproducible:
        matters |= {package for packages in NUMBER_PACKAGES.values() for package in packages}
    # Earlier releases also recorded packages that have no part in the result.
    differing = {name for name in now if before.get(name) != now[name]}
    refused = {name for name in differing & matters if versions is Versions.SAME}
    if refused:
        listed = differences(_only(before, refused), _only(now, refused))
        pins = " ".join(f"{name}=={before[name]}" for name in sorted(refused) if before.get(name))
        raise FormatError(
            f"the pipeline was saved beside other versions ({'; '.join(listed)}), which can change its result",
            "the same versions",
            f"Install {pins or 'what it was saved with'}, or accept other results: "
            f'nlu_lite.load(path={str(folder)!r}, versions="any")',
        )
    if differing:
        listed = differences(_only(before, differing), _only(now, differing))
        what = "its result can be another" if differing & matters else "last digits can differ"
        logging.getLogger("nlu_lite").warning("Saved beside other versions (%s): %s", "; ".join(listed), what)


def _only(versions: dict[str, str | None], names: set[str]) -> dict[str, str | None]:
    return {name: versions.get(name) for name in sorted(names)}
