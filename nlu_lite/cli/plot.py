"""`nlu-lite plot FILE.parquet -o page.html`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nlu_lite._util.extras import check_extra
from nlu_lite._util.os_errors import translate_os_errors
from nlu_lite.errors import FormatError, OptionError
from nlu_lite.files import check_place
from nlu_lite.plot.projection import Method

if TYPE_CHECKING:
    import pandas as pd

    from nlu_lite.pipeline import Pipeline
    from nlu_lite.plot import Picture


class Kind(Enum):
    """The kind of a picture."""

    SCATTER = "scatter"
    HEATMAP = "heatmap"
    TOKENS = "tokens"


@dataclass(frozen=True)
class VectorFile:
    """A Parquet file of vectors.

    Attributes:
        frame: Its rows.
        settings: The settings of the pipeline that made it; empty if not noted.
    """

    frame: pd.DataFrame
    settings: Mapping[str, Any]


SCATTER_OPTIONS = ("dimensions", "method", "color", "labels", "by")


def plot(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A Parquet file that nlu-lite predict wrote.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="PATH", help="The HTML file to write.")],
    kind: Annotated[
        Kind | None, typer.Option(help="The picture. Default: tokens with --query, otherwise scatter.")
    ] = None,
    dimensions: Annotated[
        int | None, typer.Option(min=2, max=3, help="The dimensions of a scatter plot. Default: 2.")
    ] = None,
    method: Annotated[Method | None, typer.Option(help="The reduction of dimensions. Default: pca.")] = None,
    color: Annotated[str | None, typer.Option(help="The column whose values are the colors.")] = None,
    labels: Annotated[str | None, typer.Option(help="The column of labels. Default: tokens, if there are few.")] = None,
    by: Annotated[str | None, typer.Option(help="The column whose values are groups, whose means are marked.")] = None,
    query: Annotated[str | None, typer.Option(help="The text with which tokens are compared.")] = None,
    ref: Annotated[
        list[str] | None,
        typer.Option(help="The references that compute the query. Default: the references noted in the file."),
    ] = None,
    path: Annotated[Path | None, typer.Option(help="A saved pipeline that computes the query.")] = None,
    column: Annotated[str | None, typer.Option(help="The column of vectors. Default: the only one.")] = None,
    center: Annotated[bool, typer.Option("--center", help="Remove the mean of the vectors.")] = False,
    components: Annotated[
        int | None, typer.Option(min=0, help="The number of principal components to remove after the mean. Default: 0.")
    ] = None,
    title: Annotated[str | None, typer.Option(help="The title. Default: the column or the query.")] = None,
    max_rows: Annotated[int | None, typer.Option(min=1, help="The largest number of rows to show.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace an output that exists.")] = False,
) -> None:
    """Draw the vectors of a file as one HTML page, which needs no network.

    For example:

    nlu-lite plot vectors.parquet -o page.html --method tsne --color label

    nlu-lite plot vectors.parquet -o page.html --query money
    """
    chosen = kind or (Kind.SCATTER if query is None else Kind.TOKENS)
    scatter = dict(zip(SCATTER_OPTIONS, (dimensions, method and method.value, color, labels, by), strict=True))
    _check_options(chosen, scatter, {"query": query, "ref": ref or None, "path": path})
    _check_output(output, replace)
    found = _read_vectors(file)
    from nlu_lite.pandas import NluAccessor

    shared = {"column": column, "center": center, "components": components, "title": title, "max_rows": max_rows}
    given = {name: value for name, value in shared.items() if value is not None and value is not False}
    accessor: Any = NluAccessor(found.frame)
    picture: Picture
    if chosen is Kind.TOKENS:
        picture = accessor.html(query, _load_pipeline(found.settings, ref or [], path), **given)
    elif chosen is Kind.HEATMAP:
        picture = accessor.heatmap(**given)
    else:
        picture = accessor.plot(**given, **{name: one for name, one in scatter.items() if one is not None})
    picture.save(output)
    typer.echo(f"{output}: {picture.caption}", err=True)


def _check_options(kind: Kind, scatter: Mapping[str, object], query: Mapping[str, object]) -> None:
    """Refuse options that would have no effect."""
    if kind is Kind.TOKENS and query["query"] is None:
        raise OptionError("--kind tokens without --query", "a query", "Pass --query TEXT")
    unused = [] if kind is Kind.SCATTER else [name for name, value in scatter.items() if value is not None]
    unused += [] if kind is Kind.TOKENS else [name for name, value in query.items() if value is not None]
    if unused:
        raise OptionError(
            f"--{unused[0]} with --kind {kind.value}", "an option of this kind of picture", "Leave it out"
        )


def _check_output(output: Path, replace: bool) -> None:
    check_place(output)
    if output.suffix.lower() not in (".html", ".htm"):
        raise OptionError(f"output {output} ends in {output.suffix!r}", ".html", "Choose such a name")
    if output.exists() and not replace:
        raise OptionError(f"output {output} exists", "a name that is free", "Remove it, or pass --replace")


def _read_vectors(path: Path) -> VectorFile:
    """Read a file of vectors, and the settings that are noted in it.

    Raises:
        SourceError: The file cannot be read.
        FormatError: It is no Parquet file.
    """
    check_extra("pyarrow", "arrow", "reading Parquet")
    import pyarrow as pa
    from pyarrow import parquet

    expected = "a Parquet file that nlu-lite predict wrote"
    try:
        with translate_os_errors(f"{path} cannot be read", expected, "Check the path"), path.open("rb") as file:
            table = parquet.read_table(file)
    except pa.ArrowException as error:
        raise FormatError(f"{path} is no Parquet file ({error})", expected, "Write one: nlu-lite predict -o") from error
    return VectorFile(table.to_pandas(), _read_settings(table.schema.metadata or {}))


def _read_settings(metadata: Mapping[bytes, bytes]) -> Mapping[str, Any]:
    try:
        notes = json.loads(metadata.get(b"nlu_lite", b"{}"))
    except (ValueError, RecursionError):
        return {}
    settings = notes.get("pipeline") if isinstance(notes, dict) else None
    return settings if isinstance(settings, dict) else {}


def _load_pipeline(settings: Mapping[str, Any], references: list[str], path: Path | None) -> Pipeline:
    """Load the pipeline of a query, which must compute vectors as the pipeline of the file did.

    Raises:
        OptionError: The options of its models differ.
    """
    from nlu_lite.pipeline import load
    from nlu_lite.saving import describe_pipeline

    noted = [] if path is not None else [str(one) for one in settings.get("references", ())]
    pipeline = load(*(references or noted), path=path)
    own = describe_pipeline(pipeline)["options"]["encoder"]
    if settings and own != settings.get("options", {}).get("encoder"):
        got = "the file was made with other options of load than the query would be"
        raise OptionError(got, "the same options", "Save the pipeline of the file, and pass it: --path FOLDER")
    return pipeline
