"""NLU's names: the calls and arguments of John Snow Labs' package nlu, and the call to use instead of each."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache, wraps
from importlib import resources
from typing import Any, NoReturn, TypeVar, cast

from nlu_lite._util.arguments import check_argument_names
from nlu_lite.errors import OptionError, UnsupportedCall

F = TypeVar("F", bound=Callable[..., Any])


class Place(Enum):
    """The place in NLU where a name is used; its value is a noun phrase."""

    MODULE = "module"
    PIPELINE = "pipeline"
    LOAD = "load"
    PREDICT = "predict"
    SAVE = "save"
    COMPONENT = "component"


class InNlu(Enum):
    """Whether a name works in `nlu_lite.nlu` as it does in NLU."""

    YES = "yes"
    NO = "no"


@dataclass(frozen=True)
class NluName:
    """A name of NLU.

    Attributes:
        place: Where it is used: an attribute of the module, of a pipeline or of a component of a pipeline, or an
            argument of a function.
        name: The name; of an argument that is known for one value only, ``name="value"``.
        in_nlu: Whether `nlu_lite.nlu` has it.
        instead: The call to use instead, as a sentence without its period.
    """

    place: Place
    name: str
    in_nlu: InNlu
    instead: str

    @property
    def remedy(self) -> str:
        """The next step for a caller of `nlu_lite`, as a sentence without its period."""
        works = self.in_nlu is InNlu.YES
        return self.instead + (". The module nlu_lite.nlu has the calls of NLU" if works else "")


@cache
def load_nlu_names() -> Mapping[tuple[Place, str], NluName]:
    """Return every name by its place and itself, in the order of the file.

    Example:
        >>> load_nlu_names()[Place.LOAD, "gpu"].instead
        'Pass device="cuda", or leave it out for the CPU'
    """
    text = (resources.files("nlu_lite._util") / "data" / "nlu_names.tsv").read_text(encoding="utf-8")
    cells = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
    found = [NluName(Place(place), name, InNlu(works), instead) for place, name, works, instead in cells]
    return {(one.place, one.name): one for one in found}


def refuse_attribute(owner: object, title: str, name: str) -> NoReturn:
    """Raise the error for an attribute that an object does not have.

    Args:
        owner: The object.
        title: The object in the message, such as ``"module 'nlu_lite'"``.
        name: The attribute.

    Raises:
        UnsupportedCall: NLU has the attribute; the error states the call to use instead.
        AttributeError: NLU does not have it, or it begins with an underscore.

    Example:
        >>> refuse_attribute(None, "module 'nlu_lite'", "version")
        Traceback (most recent call last):
        nlu_lite.errors.UnsupportedCall: module 'nlu_lite' has no attribute 'version', which is a name of NLU. Read
        nlu_lite.__version__. The module nlu_lite.nlu has the calls of NLU.
    """
    problem = f"{title} has no attribute {name!r}"
    known = None if name.startswith("_") else find_attribute(name)
    if known is None:
        raise AttributeError(problem, name=name, obj=owner)
    raise UnsupportedCall(f"{problem}, which is a name of NLU", remedy=known.remedy)


def find_attribute(name: str, *places: Place) -> NluName | None:
    """Return an attribute of NLU's module, pipelines or components, the first of these that has it."""
    wanted = places or (Place.MODULE, Place.PIPELINE, Place.COMPONENT)
    return next(filter(None, (load_nlu_names().get((place, name)) for place in wanted)), None)


def explain_arguments(place: Place) -> Callable[[F], F]:
    """Return a decorator: arguments that only NLU's function takes become errors that state the new call.

    Names that neither function has become `UnknownOption`. Without the decorator, Python raises a TypeError that does
    not say what to do. The signature stays that of the function.

    Args:
        place: NLU's function of the same name.
    """

    def decorate(function: F) -> F:
        signature = inspect.signature(function)

        @wraps(function)
        def call(*args: Any, **options: Any) -> Any:
            _check_positional(place, signature, args)
            _check_named(place, signature, options)
            check_argument_names(function.__name__, signature, options)
            return function(*args, **options)

        return cast("F", call)

    return decorate


def check_argument(place: Place, argument: str) -> None:
    """Check that an argument is not only NLU's.

    Args:
        place: NLU's function.
        argument: The name, or ``name="value"``.

    Raises:
        OptionError: It is NLU's; the error states the call to use instead.
    """
    if (place, argument) in load_nlu_names():
        refuse_argument(place, argument)


def refuse_argument(place: Place, argument: str) -> NoReturn:
    """Raise the error for an argument of NLU, which states the call to use instead.

    Raises:
        OptionError: Always.
    """
    remedy = load_nlu_names()[place, argument].remedy
    raise OptionError(f"{place.value}() has no argument {argument}, which is NLU's", remedy=remedy)


SECOND = {Place.PREDICT: "output_level", Place.SAVE: "component"}
"""The second argument of NLU's functions, which people pass without its name."""
VARIABLE = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def _check_positional(place: Place, signature: inspect.Signature, args: tuple[Any, ...]) -> None:
    kinds = [parameter.kind for parameter in signature.parameters.values()]
    most = sum(kind in (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.POSITIONAL_ONLY) for kind in kinds)
    if len(args) <= most or inspect.Parameter.VAR_POSITIONAL in kinds:
        return
    name, value = SECOND[place], args[most]
    _check_named(place, signature, {name: value})
    shown = repr(value) if isinstance(value, str | bool) else "..."
    problem = f"{place.value}() was called with an option without its name, as in NLU"
    raise OptionError(problem, "options by name", f"Pass {name}={shown}")


def _check_named(place: Place, signature: inspect.Signature, options: Mapping[str, Any]) -> None:
    own = {name for name, parameter in signature.parameters.items() if parameter.kind not in VARIABLE}
    for name, value in options.items():
        argument = f'{name}="{value}"' if name in own and isinstance(value, str) else name
        if argument not in own:
            check_argument(place, argument)
