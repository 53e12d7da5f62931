"""NLU's calls: ``import nlu_lite.nlu as nlu`` runs code that was written for ``import nlu``.

Results keep NLU's conventions where those of `nlu_lite` differ: the ends of ``positions=True`` are inclusive; columns
are in alphabetical order; ``metadata=True`` adds NLU's columns, such as ``origin_index``; a frame without a column
``text`` is read from its first column; prompts such as ``"query: "`` are a part of your texts. Order and index are
those of `nlu_lite.Pipeline.predict`. So are the vectors above the token level, where NLU returns
lists of token vectors.

Example:
    >>> import nlu_lite.nlu as nlu
    >>> nlu.load("tokenize").predict("Hello, world!", output_level="token", positions=True)
       token  token_begin  token_end
    0  Hello            0          4
    0      ,            5          5
    0  world            7         11
    0      !           12         12
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NoReturn

from nlu_lite import pipeline as rooms
from nlu_lite._util.arguments import name_arguments
from nlu_lite._util.nlu_names import refuse_attribute
from nlu_lite._version import __version__
from nlu_lite.errors import OptionError
from nlu_lite.nlu.discovery import (
    get_components,
    print_all_languages,
    print_all_model_kinds_for_action,
    print_all_model_kinds_for_action_and_lang,
    print_all_nlu_components_for_lang,
    print_component_types,
    print_components,
)
from nlu_lite.nlu.pipeline import NLUPipeline, autocomplete_pipeline, to_nlu_pipe, to_pretty_df
from nlu_lite.registry import replace_components

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "NLUPipeline",
    "autocomplete_pipeline",
    "get_components",
    "load",
    "print_all_languages",
    "print_all_model_kinds_for_action",
    "print_all_model_kinds_for_action_and_lang",
    "print_all_nlu_components_for_lang",
    "print_component_types",
    "print_components",
    "to_nlu_pipe",
    "to_pretty_df",
    "version",
]

FROM_DISK = "from_disk"
"""NLU's request for a folder, which `path` names."""


@name_arguments
def load(
    request: str = FROM_DISK,
    path: str | Path | None = None,
    verbose: bool = False,  # noqa: ARG001
    gpu: bool = False,
    streamlit_caching: bool = False,  # noqa: ARG001
    apple_silicon: bool = False,  # noqa: ARG001
    get_tracer: bool = False,  # noqa: ARG001
    m1_chip: bool = False,  # noqa: ARG001
) -> NLUPipeline:
    """Open a pipeline by NLU's references, as `nlu_lite.load` does.

    Args:
        request: References, separated by whitespace. A reference of one of NLU's models that split texts, such as
            ``"ja.segment_words"``, becomes the text component of its language, and a warning is logged.
        path: A folder written by `NLUPipeline.save` or `nlu_lite.Pipeline.save`; `request` is then ignored, as in NLU.
        verbose: Accepted without effect.
        gpu: Whether to run models on a GPU with CUDA. Default: False.
        streamlit_caching: Accepted without effect.
        apple_silicon: Accepted without effect: in NLU it chooses libraries of Java.
        get_tracer: Accepted without effect.
        m1_chip: Accepted without effect; the name of `apple_silicon` in NLU 4.0.

    Raises:
        OptionError: Neither `request` nor `path` is given.
        NluLiteError: As for `nlu_lite.load`.
    """
    device = "cuda" if gpu else "cpu"
    if path is not None:
        return to_nlu_pipe(rooms.load(path=path, device=device))
    if request == FROM_DISK:
        raise OptionError(
            "load() was called without references", "references, or path=", "Name them: load('embed.bert')"
        )
    return NLUPipeline(_drop_prompts(rooms.load(replace_components(request), device=device)), request)


def _drop_prompts(pipeline: rooms.Pipeline) -> rooms.Pipeline:
    """Return a pipeline that puts nothing before sentences: users of NLU write ``"query: "`` in their texts."""
    has_prompt = any(model.recipe is not None and model.recipe.prompt for model in pipeline.models)
    return pipeline.with_(prompt="") if has_prompt else pipeline


def version() -> str:
    """Return the version of nlu_lite."""
    return __version__


if not TYPE_CHECKING:  # type checkers would accept any name

    def __getattr__(name: str) -> NoReturn:
        refuse_attribute(sys.modules[__name__], f"module {__name__!r}", name)
