"""A reference becomes a `ModelSpec` or a `ComponentSpec`; references are searched and described."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from nlu_lite._util.language_names import language_codes
from nlu_lite.errors import BadReference, LicensedReference, UnknownReference, UnsupportedReference
from nlu_lite.records import AS_STATED, Action, ComponentSpec, HubRepository, LocalFolder, ModelSpec
from nlu_lite.registry.catalogue import REPOSITORY, Catalogue, Kind, Reads, Row, Status, kinds
from nlu_lite.registry.own import Registration, current, expanded, register
from nlu_lite.registry.remedies import SCHEMES, is_path, remedy_for, remedy_for_object
from nlu_lite.registry.search import LONGEST, find

__all__ = [
    "DEFAULT",
    "Catalogue",
    "Found",
    "Kind",
    "Reads",
    "Registration",
    "Row",
    "Status",
    "current",
    "find",
    "kinds",
    "look_up",
    "register",
    "resolve",
]

DEFAULT = "xx.embed.multilingual_e5_small_q4"
"""What is meant where nothing is asked for: the packaged model."""

DIRECT = tuple(f"{scheme}:" for scheme in SCHEMES)
LANGUAGE = re.compile(r"([a-z]{2,3})\.")
COMPONENT = re.compile(r"([a-z]{2,3})\.(tokenize|sentence_detector)")
LONGEST_PATH = 4096
"""Characters of a path that a system may know."""
TEXT_ACTIONS = (Action.TOKENIZE, Action.SENTENCE_DETECTOR)

Spec = ModelSpec | ComponentSpec


@dataclass(frozen=True)
class Found:
    """What a reference stands for, whether or not it can be loaded.

    Attributes:
        written: The reference as it was given.
        catalogue: The catalogue in which it was looked up.
        row: Its line there; None for text components and direct references.
        spec: What it stands for, its origins being those that can be read.
    """

    written: str
    catalogue: Catalogue
    row: Row | None
    spec: Spec

    @property
    def others(self) -> list[Row]:
        """List the lines that the next look-ups would have found, of another model: NLU's ``bert`` and ``en.bert``."""
        rows = [self.catalogue.rows.get(name) for name in _candidates(self.written)]
        mine = self.row
        return [] if mine is None else [row for row in rows if row is not None and row.model != mine.model]


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
    catalogue = current()
    names = [name for request in requests for name in _split(request, catalogue)] if requests else [DEFAULT]
    specs: dict[object, Spec] = {}
    for name in names:
        spec = _loadable(_found(name, catalogue))
        _check_new(spec, specs)
        specs[_key(spec)] = spec
    return tuple(specs.values())


def look_up(reference: str) -> Found:
    """Find what one reference stands for, also where it cannot be loaded.

    Raises:
        UnknownReference: There is no such reference; the nearest are named.
        BadReference: The string holds several.
    """
    catalogue = current()
    names = _split(reference, catalogue)
    if len(names) > 1:
        raise BadReference(f"{_shown(reference)} holds {len(names)} references", "one", "Ask for each by itself")
    return _found(names[0], catalogue)


def _split(request: object, catalogue: Catalogue) -> list[str]:
    if not isinstance(request, str):
        got = f"a reference of type {type(request).__name__}"
        raise UnknownReference(got, "a str such as 'xx.embed.xlm'", remedy_for_object(request))
    whole = request.strip()
    if whole.startswith(DIRECT) or whole in catalogue.rows or is_path(whole):  # some of NLU's references hold spaces
        return [whole]
    names = request.split()
    if not names:
        raise UnknownReference("an empty reference", "a reference", f"Leave it out for the packaged model, {DEFAULT}")
    return names


def _candidates(name: str) -> tuple[str, str, str]:
    return name, f"en.{name}", f"xx.{name}"


def _found(name: str, catalogue: Catalogue) -> Found:
    scheme, colon, rest = name.partition(":")
    if colon and f"{scheme}:" in DIRECT:
        return Found(name, catalogue, None, _direct(name, scheme, rest))
    for candidate in _candidates(name):
        component = COMPONENT.fullmatch(candidate)
        if component:
            return Found(name, catalogue, None, ComponentSpec(candidate, component[1], Action(component[2])))
        row = catalogue.rows.get(candidate)
        if row is not None:
            return Found(name, catalogue, row, catalogue.spec(row))
    raise _unknown(name, catalogue)


def _direct(name: str, scheme: str, rest: str) -> ModelSpec:
    if not rest or (not REPOSITORY.fullmatch(rest) if scheme == "hf" else len(rest) > LONGEST_PATH or "\0" in rest):
        what = "repository" if scheme == "hf" else "folder"
        remedy = remedy_for(name) if scheme == "hf" else "Check the path"
        raise UnknownReference(f"{_shown(name)} names no {what}", SCHEMES[scheme], remedy)
    origin = HubRepository(rest) if scheme == "hf" else LocalFolder(rest)
    model = re.sub(r"\W", "_", _last_part(scheme, rest))
    return ModelSpec(name, "xx", model, None, Action.EMBED, (origin,), sentence=AS_STATED)


def _last_part(scheme: str, rest: str) -> str:
    """Give what a direct reference's model is called: a folder and its zip have one name."""
    last = re.split(r"[/\\]", rest.rstrip("/\\"))[-1]
    if scheme != "hf" and (last in {"", ".", ".."} or rest == "~"):  # names that say nothing of the folder
        last = expanded(rest).resolve().name
    return last.removesuffix(".zip") if scheme == "sparknlp" else last


def _loadable(found: Found) -> Spec:
    row = found.row
    why_not = "" if row is None else found.catalogue.why_not(row)
    if row is None or not why_not:
        return found.spec
    got = f"{row.reference!r} is {row.model!r} ({row.kind}): {why_not}"
    if row.status is Status.LICENSED:
        raise LicensedReference(got, "a public model", "Load another")
    if kinds()[row.kind].reads:
        remedy = (
            f"Load the repository that it was made from, if you know it: in an entry of your own, of kind {row.kind}"
        )
        raise UnsupportedReference(got, "a model whose repository is known", remedy)
    runs = "a model of the kinds " + ", ".join(name for name, kind in kinds().items() if kind.reads)
    raise UnsupportedReference(got, runs, "Load another, such as 'xx.embed.xlm'")


def _unknown(name: str, catalogue: Catalogue) -> UnknownReference:
    return UnknownReference(
        f"no reference is called {_shown(name)}",
        f"one of the catalogue, <language>.tokenize, <language>.sentence_detector, {', '.join(SCHEMES.values())}",
        remedy_for(name),
        _nearest(name, catalogue),
    )


def _nearest(name: str, catalogue: Catalogue) -> list[str]:
    """Name those that differ in case only, else the most alike."""
    if len(name) > LONGEST:
        return []
    folded = {reference.casefold(): reference for reference in catalogue.rows}
    wanted = _with_code(name.casefold())
    before = LANGUAGE.match(wanted)
    language = before[1] if before else "en"
    folded |= {f"{language}.{action.value}": f"{language}.{action.value}" for action in TEXT_ACTIONS}
    same = [folded[key] for key in _candidates(wanted) if key in folded]
    return same or [folded[key] for key in get_close_matches(wanted, folded, n=4)]


def _with_code(name: str) -> str:
    """Put a language's code for its name at the beginning of a reference: ``german.tokenize``."""
    language, dot, rest = name.partition(".")
    codes = language_codes(language) if dot else []
    return f"{codes[0]}.{rest}" if codes else name


def _shown(name: str) -> str:
    return repr(name if len(name) <= LONGEST else f"{name[:LONGEST]}...")


def _key(spec: Spec) -> object:
    """Give what may be there once: a component's action, a model's reference."""
    return spec.action if isinstance(spec, ComponentSpec) else spec.reference


def _check_new(spec: Spec, before: Mapping[object, Spec]) -> None:
    if _key(spec) in before:
        what = f"two components do {spec.action.value}" if isinstance(spec, ComponentSpec) else "it stands twice"
        raise BadReference(f"{_shown(spec.reference)} is one too many: {what}", "each once", "Leave one out")
