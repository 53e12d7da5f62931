"""The versions of packages when a pipeline was saved, compared with the installed versions."""

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


def list_differences(before: Mapping[str, Any], now: Mapping[str, Any], prefix: str = "") -> list[str]:
    """Return a description of each setting that differs, with both values.

    Example:
        >>> list_differences({"chunk": 1, "text": {"words": "icu"}}, {"chunk": 1, "text": {"words": "dictionary"}})
        ["text.words: 'icu' before, 'dictionary' now"]
    """
    found = []
    for name in dict.fromkeys([*before, *now]):
        old, new = before.get(name), now.get(name)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            found += list_differences(old, new, f"{prefix}{name}.")
        elif old != new:
            found.append(f"{prefix}{name}: {old!r} before, {new!r} now")
    return found


def get_versions(settings: TextSettings, backends: Collection[BackendName]) -> dict[str, str | None]:
    """Return the installed version of each package that can change a result; None if it is not installed."""
    packages = [*TEXT_PACKAGES, *(WORD_PACKAGES if settings.words is Words.DICTIONARY else ())]
    if backends:
        packages += PIECE_PACKAGES
    packages += dict.fromkeys(package for backend in backends for package in NUMBER_PACKAGES[backend])
    return {"python": python_version()} | {name: _get_version(name) for name in packages}


def _get_version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def check_versions(
    folder: Path, before: dict[str, str | None], now: dict[str, str | None], versions: Versions, options: ModelOptions
) -> None:
    """Refuse other versions of packages that can change a token or a piece; warn about other packages.

    For a reproducible pipeline, packages that can change the last digits of a vector are refused as well.

    Raises:
        FormatError: Versions differ, and `versions` is ``Versions.SAME``.
    """
    matters = {*TEXT_PACKAGES, *PIECE_PACKAGES, *WORD_PACKAGES}
    if options.encoder.reproducible:
        matters |= {package for packages in NUMBER_PACKAGES.values() for package in packages}
    # Earlier releases also recorded packages that have no part in the result.
    differing = {name for name in now if before.get(name) != now[name]}
    if differing & matters and versions is Versions.SAME:
        raise _build_version_error(folder, before, now, differing & matters)
    if differing:
        listed = list_differences(_select(before, differing), _select(now, differing))
        effect = "the result can differ" if differing & matters else "last digits can differ"
        logging.getLogger("nlu_lite").warning("Saved with other versions (%s): %s", "; ".join(listed), effect)


def _build_version_error(
    folder: Path, before: dict[str, str | None], now: dict[str, str | None], names: set[str]
) -> FormatError:
    listed = list_differences(_select(before, names), _select(now, names))
    pins = " ".join(f"{name}=={before[name]}" for name in sorted(names) if before.get(name))
    return FormatError(
        f"the pipeline was saved with other versions ({'; '.join(listed)}), which can change its result",
        "the same versions",
        f"Install {pins or 'these versions'}, or accept other results: "
        f'nlu_lite.load(path={str(folder)!r}, versions="any")',
    )


def _select(versions: dict[str, str | None], names: set[str]) -> dict[str, str | None]:
    return {name: versions.get(name) for name in sorted(names)}
