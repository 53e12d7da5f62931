"""Arguments by names that a function does not have: errors that name the nearest ones."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, TypeVar, cast

from nlu_lite.errors import UnknownOption, find_nearest_names

F = TypeVar("F", bound=Callable[..., Any])
BY_NAME = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def name_arguments(function: F) -> F:
    """Return a function whose error for an unknown argument names the arguments that it has.

    Example:
        >>> @name_arguments
        ... def add(first: int, second: int) -> int:
        ...     return first + second
        >>> add(1, secnd=2)
        Traceback (most recent call last):
        nlu_lite.errors.UnknownOption: add() got an unexpected keyword argument 'secnd'; expected one of first, second.
        Nearest: second. Check the name.
    """
    signature = inspect.signature(function)

    @wraps(function)
    def call(*args: Any, **options: Any) -> Any:
        check_argument_names(function.__name__, signature, options)
        return function(*args, **options)

    return cast("F", call)


def check_argument_names(title: str, signature: inspect.Signature, names: Iterable[str]) -> None:
    """Check that a function takes arguments of these names.

    Args:
        title: The name of the function.
        signature: Its signature.
        names: The names of the arguments of a call.

    Raises:
        UnknownOption: It does not take one of them.
    """
    parameters = signature.parameters.values()
    if any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters):
        return
    known = [one.name for one in parameters if one.kind in BY_NAME and one.name != "self"]
    for name in names:
        if name not in known:
            got = f"{title}() got an unexpected keyword argument {name!r}"
            raise UnknownOption(got, f"one of {', '.join(known)}", "Check the name", find_nearest_names(name, known))
