"""Look up references: in the catalogue, as direct references, or as text components."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from nlu_lite._util.language_names import find_code, find_language_codes
from nlu_lite._util.paths import expand_user
from nlu_lite.errors import BadReference, LicensedReference, UnknownReference, UnsupportedReference
from nlu_lite.records import AS_STATED, Action, ComponentSpec, HubRepository, LocalFolder, ModelSpec
from nlu_lite.registry.catalogue import REPOSITORY, Catalogue, Row, Status, list_runnable_kinds, load_kinds
from nlu_lite.registry.nlu_actions import NluTask, find_nlu_task
from nlu_lite.registry.registrations import load_catalogue
from nlu_lite.registry.remedies import SCHEMES, find_remedy, find_remedy_for_object, is_path
from nlu_lite.registry.search import MAXIMUM_LENGTH

logger = logging.getLogger("nlu_lite")

DEFAULT = "xx.embed.multilingual_e5_small_q4"
"""The reference of the packaged model, which is loaded by default."""

DIRECT = tuple(f"{scheme}:" for scheme in SCHEMES)
LANGUAGE = re.compile(r"([a-z]{2,3}(?:-[A-Z][a-z]{3})?)\.")
COMPONENT = re.compile(r"([A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8}){0,3})\.(tokenize|sentence_detector)")
MAXIMUM_PATH = 4096
"""Maximum length of a path, in characters; operating systems allow no more."""
TEXT_ACTIONS = (Action.TOKENIZE, Action.SENTENCE_DETECTOR)

Spec = ModelSpec | ComponentSpec


@dataclass(frozen=True)
class Lookup:
    """The result of looking up a reference, whether or not its model can be loaded.

    Attributes:
        written: The reference as it was given.
        catalogue: The catalogue in which it was looked up.
        row: Its row there; None for text components and direct references.
        spec: The model or component, with the origins that can be read.
    """

    written: str
    catalogue: Catalogue
    row: Row | None
    spec: Spec

    @property
    def others(self) -> list[Row]:
        """The rows of other models that the next look-ups would find, such as NLU's ``en.bert`` for ``bert``."""
        if self.row is None:
            return []
        rows = [self.catalogue.rows.get(name) for name in _list_candidates(self.written)]
        return [row for row in rows if row is not None and row.model != self.row.model]


def resolve(requests: Sequence[str]) -> tuple[Spec, ...]:
    """Return the models and components that references name.

    A string is split at whitespace, unless it begins with ``hf:``, ``path:`` or ``sparknlp:``: then all of it is one
    reference. A reference is looked up as written, then with the prefix ``en.``, then with ``xx.``.

    Args:
        requests: Strings of references; none means the packaged model.

    Returns:
        The specifications in order, each with its reference in the catalogue.

    Raises:
        UnknownReference: The reference does not exist; the error names the nearest.
        LicensedReference: The model is not public.
        UnsupportedReference: The library does not run models of this kind.
        BadReference: The same reference, or two text components of one kind, were requested.

    Example:
        >>> [spec.reference for spec in resolve(["de.tokenize embed.xlm"])]
        ['de.tokenize', 'xx.embed.xlm']
    """
    catalogue = load_catalogue()
    names = [name for request in requests for name in _split(request, catalogue)] if requests else [DEFAULT]
    _check_tasks(names, catalogue)
    specs: dict[object, Spec] = {}
    for name in names:
        spec = _find_loadable(name, catalogue)
        _check_new(spec, specs)
        specs[_key(spec)] = spec
    return tuple(specs.values())


def look_up(reference: str) -> Lookup:
    """Look up one reference, whether or not its model can be loaded.

    Raises:
        UnknownReference: The reference does not exist; the error names the nearest.
        BadReference: The string holds several references.
    """
    catalogue = load_catalogue()
    names = _split(reference, catalogue)
    if len(names) > 1:
        got = f"{_shorten(reference)} holds {len(names)} references"
        raise BadReference(got, "a single reference", "Pass each reference separately")
    return _look_up(names[0], catalogue)


def _split(request: object, catalogue: Catalogue) -> list[str]:
    if not isinstance(request, str):
        got = f"a reference of type {type(request).__name__}"
        raise UnknownReference(got, "a str such as 'xx.embed.xlm'", find_remedy_for_object(request))
    whole = request.strip()
    if whole.startswith(DIRECT) or whole in catalogue.rows or is_path(whole):  # some of NLU's references have spaces
        return [whole]
    names = request.split()
    if not names:
        raise UnknownReference("an empty reference", "a reference", f"Pass none for the packaged model, {DEFAULT}")
    return names


def _list_candidates(name: str) -> tuple[str, str, str]:
    return name, f"en.{name}", f"xx.{name}"


def _look_up(name: str, catalogue: Catalogue) -> Lookup:
    scheme, colon, rest = name.partition(":")
    if colon and f"{scheme}:" in DIRECT:
        return Lookup(name, catalogue, None, _build_direct_spec(name, scheme, rest))
    for candidate in _list_candidates(name):
        component = COMPONENT.fullmatch(candidate)
        if component:
            language = find_code(component[1]) or component[1]
            return Lookup(name, catalogue, None, ComponentSpec(candidate, language, Action(component[2])))
        row = catalogue.rows.get(candidate)
        if row is not None:
            return Lookup(name, catalogue, row, catalogue.build_spec(row))
    _check_tasks([name], catalogue)
    raise _unknown_error(name, catalogue)


def replace_components(request: str) -> str:
    """Replace references of NLU's models that split texts by the text components for the same task.

    A component has rules instead of a model; a warning is logged for each.

    Example:
        >>> replace_components("ja.segment_words xx.embed.xlm")
        'ja.tokenize xx.embed.xlm'
    """
    catalogue = load_catalogue()
    names = {name: _find_task(name, catalogue) for name in _split(request, catalogue)}
    replaced = {name: task.component for name, task in names.items() if task is not None and task.component}
    for name, component in replaced.items():
        logger.warning("%r is a model of Spark NLP; %r is loaded instead, which splits texts by rules", name, component)
    return " ".join(replaced.get(name, name) for name in names) if replaced else request


def _check_tasks(names: Sequence[str], catalogue: Catalogue) -> None:
    """Refuse references of NLU for other tasks, all of a request at once."""
    tasks = {name: task for name in names if (task := _find_task(name, catalogue))}
    if not tasks:
        return
    parts = [f"{_shorten(name)} ({task.result})" for name, task in tasks.items()]
    got = ", ".join(parts) + (" are references" if len(parts) > 1 else " is a reference")
    raise UnsupportedReference(
        f"{got} of NLU that this library does not have",
        "references of token vectors, sentence vectors, tokens or sentences",
        _write_remedy(list(tasks.values()), [name for name in names if name not in tasks]),
    )


def _find_task(name: str, catalogue: Catalogue) -> NluTask | None:
    candidates = *_list_candidates(name), _replace_language_name(name.casefold())
    if name.startswith(DIRECT) or any(one in catalogue.rows or COMPONENT.fullmatch(one) for one in candidates):
        return None
    return find_nlu_task(name) if len(name) <= MAXIMUM_LENGTH else None


def _write_remedy(tasks: Sequence[NluTask], others: Sequence[str]) -> str:
    """Write what to load, and what to use for the other tasks."""
    loadable = [*others, *(task.component for task in tasks if task.component)]
    results: dict[str, list[str]] = {}
    for task in tasks:
        if not task.component:
            results.setdefault(task.instead, []).append(task.result)
    load = [f"Load {' '.join(dict.fromkeys(loadable))!r}"] if loadable else []
    uses = [f"For {' and '.join(dict.fromkeys(names))}, use {instead}" for instead, names in results.items()]
    return ". ".join([*load, *uses])


def _build_direct_spec(name: str, scheme: str, rest: str) -> ModelSpec:
    if not _is_location(scheme, rest):
        thing = "repository" if scheme == "hf" else "folder"
        remedy = find_remedy(name) if scheme == "hf" else "Check the path"
        raise UnknownReference(f"{_shorten(name)} names no {thing}", SCHEMES[scheme], remedy)
    origin = HubRepository(rest) if scheme == "hf" else LocalFolder(rest)
    model = re.sub(r"\W", "_", _name_direct_model(scheme, rest))
    return ModelSpec(name, "xx", model, None, Action.EMBED, (origin,), sentence=AS_STATED)


def _is_location(scheme: str, rest: str) -> bool:
    if scheme == "hf":
        return REPOSITORY.fullmatch(rest) is not None
    return 0 < len(rest) <= MAXIMUM_PATH and "\0" not in rest


def _name_direct_model(scheme: str, rest: str) -> str:
    """Return the name of the model of a direct reference, which is the same for a folder and its zip."""
    last = re.split(r"[/\\]", rest.rstrip("/\\"))[-1]
    if scheme != "hf" and (last in {"", ".", ".."} or rest == "~"):  # these do not name the folder
        last = expand_user(rest).resolve().name
    return last.removesuffix(".zip") if scheme == "sparknlp" else last


def _find_loadable(name: str, catalogue: Catalogue) -> Spec:
    lookup = _look_up(name, catalogue)
    row = lookup.row
    reason = "" if row is None else catalogue.explain_unloadable(row)
    if row is None or not reason:
        return lookup.spec
    got = f"{row.reference!r} is {row.model!r} ({row.kind}): {reason}"
    if row.status is Status.LICENSED:
        raise LicensedReference(got, "a public model", "Load another model")
    if load_kinds()[row.kind].layouts:
        remedy = (
            "If you know the repository that it was made from, "
            f"load that through an entry of your own of the kind {row.kind}"
        )
        raise UnsupportedReference(got, "a model whose repository is known", remedy)
    expected = "a model of the kinds " + ", ".join(list_runnable_kinds())
    raise UnsupportedReference(got, expected, "Load another model, such as 'xx.embed.xlm'")


def _unknown_error(name: str, catalogue: Catalogue) -> UnknownReference:
    return UnknownReference(
        f"no reference is called {_shorten(name)}",
        "a reference of the catalogue, <language>.tokenize, <language>.sentence_detector, "
        + ", ".join(SCHEMES.values()),
        find_remedy(name),
        _list_nearest(name, catalogue),
    )


def _list_nearest(name: str, catalogue: Catalogue) -> list[str]:
    """List the references that differ in case only, else the most similar ones."""
    if len(name) > MAXIMUM_LENGTH:
        return []
    folded = {reference.casefold(): reference for reference in catalogue.rows}
    wanted = _replace_language_name(name.casefold())
    prefix = LANGUAGE.match(wanted)
    language = prefix[1] if prefix else "en"
    folded |= {f"{language}.{action.value}": f"{language}.{action.value}" for action in TEXT_ACTIONS}
    same = [folded[key] for key in _list_candidates(wanted) if key in folded]
    return same or [folded[key] for key in get_close_matches(wanted, folded, n=4)]


def _replace_language_name(name: str) -> str:
    """Replace a language's name at the beginning of a reference by its code: ``german.tokenize``."""
    language, dot, rest = name.partition(".")
    codes = find_language_codes(language) if dot else []
    return f"{codes[0]}.{rest}" if codes else name


def _shorten(name: str) -> str:
    return repr(name if len(name) <= MAXIMUM_LENGTH else f"{name[:MAXIMUM_LENGTH]}...")


def _key(spec: Spec) -> object:
    """Return the value that must be unique: the action of a component, the reference of a model."""
    return spec.action if isinstance(spec, ComponentSpec) else spec.reference


def _check_new(spec: Spec, earlier: Mapping[object, Spec]) -> None:
    if _key(spec) in earlier:
        reason = f"two components do {spec.action.value}" if isinstance(spec, ComponentSpec) else "it is given twice"
        raise BadReference(f"{_shorten(spec.reference)} is one too many: {reason}", "each once", "Remove one")
