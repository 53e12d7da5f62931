"""Parameters of stages: each is declared once, and gets its getter, its setter, its default and its check."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from numbers import Integral
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from nlu_lite.annotators.bases import Param, Params
from nlu_lite.errors import OptionError, find_nearest_names


class Unset:
    """The default of a parameter that has none."""


@dataclass(frozen=True)
class Parameter:
    """The declaration of a parameter.

    Attributes:
        name: Its name, from which the names of the getter and the setter are made.
        doc: Its description, as a noun phrase.
        check: Checks a value: takes the name and the value, and returns the value to store.
        default: Its default.
    """

    name: str
    doc: str
    check: Callable[[str, Any], Any]
    default: Any = Unset

    @property
    def suffix(self) -> str:
        """The name as it is written in the getter and the setter."""
        return self.name[0].upper() + self.name[1:]


Parameters: TypeAlias = tuple[Parameter, ...]


class Parameterized(Params):
    """An object with declared parameters.

    Attributes:
        parameters: The parameters that this class adds to those of its bases, or declares with another default.
    """

    parameters: ClassVar[Parameters] = ()
    getter_attrs: ClassVar[list[str]] = []

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for parameter in cls.__dict__.get("parameters", ()):
            _add_parameter(cls, parameter)

    def __init__(self) -> None:
        super().__init__()
        classes = reversed(type(self).__mro__)
        declared = [one for base in classes for one in base.__dict__.get("parameters", ())]
        self._setDefault(**{one.name: one.default for one in declared if one.default is not Unset})

    def setParams(self, **values: Any) -> Any:
        """Set several parameters.

        Raises:
            OptionError: There is no such parameter, or it has another type.
        """
        for name, value in values.items():
            if not self.hasParam(name):
                known = [one.name for one in self.params]
                got = f"{type(self).__name__} has no parameter {name!r}"
                raise OptionError(got, f"one of {', '.join(known)}", "Check the name", find_nearest_names(name, known))
            getattr(self, f"set{name[0].upper()}{name[1:]}")(value)
        return self

    def getParamValue(self, paramName: str) -> Callable[[], Any]:
        """Return a getter of a parameter."""
        return partial(self._get, paramName)

    def setParamValue(self, paramName: str) -> Callable[[Any], Any]:
        """Return a setter of a parameter."""
        return lambda value: self._set(**{paramName: value})

    def _get(self, name: str) -> Any:
        return self.getOrDefault(name) if self.isDefined(name) else None


def _add_parameter(cls: Any, parameter: Parameter) -> None:
    """Add the Param of a parameter, and the getter and setter that the class does not define itself."""
    name, suffix = parameter.name, parameter.suffix
    setattr(cls, name, Param(Params._dummy(), name, parameter.doc, partial(parameter.check, name)))

    def get(self: Any) -> Any:
        return self._get(name)

    def set_(self: Any, value: Any) -> Any:
        return self._set(**{name: value})

    known = "" if parameter.default is Unset else f" Default: {parameter.default!r}."
    for method, title, doc in ((get, f"get{suffix}", "Return"), (set_, f"set{suffix}", "Set")):
        if not hasattr(cls, title):
            method.__name__, method.__qualname__ = title, f"{cls.__qualname__}.{title}"
            method.__doc__ = f"{doc} {parameter.doc}.{known}"
            setattr(cls, title, method)


# --- checks ----------------------------------------------------------------------------------------------------------


def check_text(name: str, value: Any) -> str:
    """Return a str.

    Raises:
        OptionError: The value is not a str.
    """
    if not isinstance(value, str):
        raise _type_error(name, value, "a str")
    return value


def check_texts(name: str, value: Any) -> list[str]:
    """Return a list of str; any iterable of str except a str can be given.

    Raises:
        OptionError: The value is not such an iterable.
    """
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise _type_error(name, value, "a list of str")
    return [check_text(f"{name}[{number}]", one) for number, one in enumerate(value)]


def check_flag(name: str, value: Any) -> bool:
    """Return a bool.

    Raises:
        OptionError: The value is not a bool.
    """
    if not isinstance(value, bool):
        raise _type_error(name, value, "True or False")
    return value


def check_integer(name: str, value: Any, minimum: int | None = None, maximum: int | None = None) -> int:
    """Return an int within bounds.

    Raises:
        OptionError: The value is not an int, or out of bounds.
    """
    is_integer = isinstance(value, Integral) and not isinstance(value, bool)
    lower = "" if minimum is None else f" of at least {minimum}"
    upper = "" if maximum is None else f"{' and' if lower else ' of'} at most {maximum}"
    if (
        not is_integer
        or value < (value if minimum is None else minimum)
        or value > (value if maximum is None else maximum)
    ):
        raise _type_error(name, value, f"an int{lower}{upper}")
    return int(value)


def check_integers(name: str, value: Any) -> list[int]:
    """Return a list of int.

    Raises:
        OptionError: The value is not a sequence of int.
    """
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise _type_error(name, value, "a list of int")
    return [check_integer(f"{name}[{number}]", one) for number, one in enumerate(value)]


def check_choice(name: str, value: Any, choices: tuple[str, ...]) -> str:
    """Return one of some strings, in the case of the choice.

    Raises:
        OptionError: The value is none of them.
    """
    found = {choice.lower(): choice for choice in choices}
    key = value.strip().lower() if isinstance(value, str) else None
    if key not in found:
        near = find_nearest_names(value, choices) if isinstance(value, str) else []
        raise _type_error(name, value, f"one of {', '.join(choices)}", near)
    return found[key]


def keep_any(name: str, value: Any) -> Any:  # noqa: ARG001  # it has the signature of a check
    """Return any value unchanged."""
    return value


def at_least(minimum: int, maximum: int | None = None) -> Callable[[str, Any], int]:
    """Return a check for an int within bounds."""
    return partial(check_integer, minimum=minimum, maximum=maximum)


def one_of(*choices: str) -> Callable[[str, Any], str]:
    """Return a check for one of some strings."""
    return partial(check_choice, choices=choices)


def _type_error(name: str, value: Any, expected: str, nearest: Iterable[str] = ()) -> OptionError:
    return OptionError(f"{name}={value!r}", expected, "Pass such a value", list(nearest))
