"""A reference becomes a `ModelSpec` or a `ComponentSpec`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from nlu_lite.errors import BadReference, LicensedReference, UnknownReference, UnsupportedReference
from nlu_lite.records import Action, ComponentSpec, HubRepository, LocalFolder, ModelSpec
from nlu_lite.registry.catalogue import Row, Status, kinds, model_spec, rows

__all__ = ["DEFAULT", "resolve"]

DEFAULT = "xx.embed.multilingual_e5_small_q4"
"""What is meant where nothing is asked for: the packaged model."""

EXPECTED = {"hf": "hf:organisation/name", "path": "path:DIR", "sparknlp": "sparknlp:DIR_OR_ZIP"}
DIRECT = tuple(f"{scheme}:" for scheme in EXPECTED)
COMPONENT = re.compile(r"([a-z]{2,3})\.(tokenize|sentence_detector)")
REPOSITORY = re.compile(r"(?:[\w.-]+/)?[\w.-]+", re.ASCII)
TEXT_ACTIONS = (Action.TOKENIZE, Action.SENTENCE_DETECTOR)
LONGEST = 200  # characters of a reference that are worth comparing or showing

Spec = ModelSpec | ComponentSpec


def resolve(requests: Sequence[str]) -> tuple[Spec, ...]:
    """Find what references stand for.

    A string is split at white space, unless it begins with ``hf:``, ``path:`` or ``sparknlp:``: then all of it is one
    reference. A reference is looked up as it is written, then with ``en.``, then with ``xx.`` in front.

    Args:
        requests: Strings of references; none at all means the packaged model.

    Returns:
        What they stand for, in order; each says under which reference it stands in the catalogue.

    Raises:
        UnknownReference: There is no such reference; the nearest are named.
        LicensedReference: Its model is not public.
        UnsupportedReference: Its model is of a kind that the library does not run.
        BadReference: The same reference, or two text components of one kind, were asked for.

    Example:
        >>> [spec.reference for spec in resolve(["de.tokenize embed.xlm"])]
        ['de.tokenize', 'xx.embed.xlm']
    """
    names = [name for request in requests for name in _split(request)] if requests else [DEFAULT]
    specs = tuple(_resolved(name) for name in names)
    _check_repeated(specs)
    return specs


def _split(request: object) -> list[str]:
    if not isinstance(request, str):
        got = f"a reference of type {type(request).__name__}"
        raise UnknownReference(got, "a str such as 'xx.embed.xlm'", "Pass the reference's name")
    whole = request.strip()
    if whole.startswith(DIRECT) or whole in rows():  # some of NLU's references hold spaces
        return [whole]
    names = request.split()
    if not names:
        raise UnknownReference("an empty reference", "a reference", f"Leave it out for the packaged model, {DEFAULT}")
    return names


def _resolved(name: str) -> Spec:
    scheme, colon, rest = name.partition(":")
    if colon and f"{scheme}:" in DIRECT:
        return _direct(name, scheme, rest)
    for candidate in (name, f"en.{name}", f"xx.{name}"):
        component = COMPONENT.fullmatch(candidate)
        if component:
            return ComponentSpec(candidate, component[1], Action(component[2]))
        if candidate in rows():
            return _public(rows()[candidate])
    raise _unknown(name)


def _direct(name: str, scheme: str, rest: str) -> ModelSpec:
    if not rest or (scheme == "hf" and not REPOSITORY.fullmatch(rest)):
        what = "repository" if scheme == "hf" else "folder"
        raise UnknownReference(f"{_shown(name)} names no {what}", EXPECTED[scheme])
    origin = HubRepository(rest) if scheme == "hf" else LocalFolder(rest)
    model = re.sub(r"\W", "_", _last_part(scheme, rest))
    return ModelSpec(name, "xx", model, None, Action.EMBED, (origin,))


def _last_part(scheme: str, rest: str) -> str:
    """Give what a direct reference's model is called: a folder and its zip have one name."""
    last = re.split(r"[/\\]", rest.rstrip("/\\"))[-1]
    if scheme != "hf" and last in {"", ".", "..", "~"}:  # names that say nothing of the folder
        last = Path(rest).expanduser().resolve().name
    return last.removesuffix(".zip") if scheme == "sparknlp" else last


def _public(row: Row) -> ModelSpec:
    kind = kinds()[row.kind]
    if row.status is Status.LICENSED:
        raise LicensedReference(
            f"{row.reference!r} is {row.model!r} ({kind.what}), a licensed model of John Snow Labs that is not public",
            "a public model",
            "Load another",
        )
    if not kind.runs:
        raise UnsupportedReference(
            f"{row.reference!r} is {row.model!r} ({row.kind}): {kind.what}, which this library does not run",
            "a model of the kinds " + ", ".join(name for name, kind in kinds().items() if kind.runs),
            "Load another, such as 'xx.embed.xlm'",
        )
    return model_spec(row)


def _unknown(name: str) -> UnknownReference:
    return UnknownReference(
        f"no reference is called {_shown(name)}",
        f"one of the catalogue, <language>.tokenize, <language>.sentence_detector, {', '.join(EXPECTED.values())}",
        "Check the name",
        _nearest(name),
    )


def _nearest(name: str) -> list[str]:
    """Name those that differ in case only, else the most alike."""
    if len(name) > LONGEST:
        return []
    folded = {reference.casefold(): reference for reference in rows()}
    language = name.partition(".")[0] if "." in name else "en"
    folded |= {f"{language}.{action.value}".casefold(): f"{language}.{action.value}" for action in TEXT_ACTIONS}
    wanted = name.casefold()
    same = [folded[key] for key in (wanted, f"en.{wanted}", f"xx.{wanted}") if key in folded]
    return same or [folded[key] for key in get_close_matches(wanted, folded, n=4)]


def _shown(name: str) -> str:
    return repr(name if len(name) <= LONGEST else f"{name[:LONGEST]}...")


def _check_repeated(specs: tuple[Spec, ...]) -> None:
    seen: set[object] = set()
    for spec in specs:
        key: object = spec.action if isinstance(spec, ComponentSpec) else spec.reference
        if key in seen:
            what = f"two components do {spec.action.value}" if isinstance(spec, ComponentSpec) else "it stands twice"
            raise BadReference(f"{spec.reference!r} is one too many: {what}", "each once", "Leave one out")
        seen.add(key)
