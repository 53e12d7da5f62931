"""`Pipeline`: open components, and the ways to run them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Unpack, overload

from nlu_lite import files, frames, saving
from nlu_lite._util.nlu_names import Place, explain_arguments
from nlu_lite.files import Written
from nlu_lite.options import (
    EmptyName,
    ExistingName,
    FileFormatName,
    FrameLibrary,
    FrameOptions,
    LevelName,
    MissingName,
    PredictOptions,
    PredictRequest,
    SplitName,
    StreamLibraryName,
    StreamOptions,
    TextOptions,
    VectorCellsName,
    VectorDtypeName,
    VectorListsName,
    check_stream,
    describe_request,
    parse_file_request,
    parse_flag,
    parse_map_request,
    show_options,
)
from nlu_lite.pipeline.components import OpenComponents
from nlu_lite.pipeline.documents import choose_model, encode_documents
from nlu_lite.pipeline.prediction import parse_request, predict_frame
from nlu_lite.records import Floats

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from nlu_lite.pipeline.mapper import BatchMapper
    from nlu_lite.pipeline.opened import PipelineRecipe


@dataclass(frozen=True, repr=False)
class Pipeline(OpenComponents):
    """Open components, and the ways to run them. Returned by `load`."""

    @overload
    def predict(
        self, data: object, *, as_: Literal["pandas"] = "pandas", **options: Unpack[FrameOptions]
    ) -> pd.DataFrame: ...

    @overload
    def predict(self, data: object, *, as_: Literal["arrow"], **options: Unpack[FrameOptions]) -> pa.Table: ...

    @overload
    def predict(self, data: object, *, as_: Literal["polars"], **options: Unpack[FrameOptions]) -> pl.DataFrame: ...

    @overload
    def predict(self, data: object, *, as_: str, **options: Unpack[FrameOptions]) -> Any: ...

    @explain_arguments(Place.PREDICT)
    def predict(
        self,
        data: object,
        *,
        output_level: LevelName | None = None,
        positions: bool = False,
        metadata: bool = False,
        text_column: Hashable | None = None,
        keep_columns: bool = True,
        lang: str | None = None,
        lang_column: Hashable | None = None,
        missing: MissingName = "error",
        empty: EmptyName = "drop",
        split: SplitName = "words",
        as_: str = "pandas",
        vectors: VectorCellsName = "numpy",
        progress: bool | None = None,
    ) -> pd.DataFrame | pa.Table | pl.DataFrame:
        """Split texts into sentences and words, and compute a vector for each row. Needs no network.

        Args:
            data: A str; a list, a tuple or another iterable of str; a 1-D numpy array; a Series or frame of pandas or
                Polars; Arrow data; or a Dataset of Hugging Face. A list of words can replace each str. Never modified.
            output_level: The unit of a row: ``"token"``, ``"sentence"`` or ``"document"``. Default: ``"token"``, or
                ``"sentence"`` for pipelines of sentence detectors and sentence models only. Above the token level, a
                token model returns the mean of its token vectors; at it, a sentence model repeats its vectors.
            positions: Whether to add ``<level>_begin`` and ``<level>_end``: half-open offsets in code points of the
                document. Default: False.
            metadata: Whether to add ``document_number``, ``sentence_number`` and ``token_number``, counted from 0; and
                for each model ``word_pieces_<id>``, ``word_oov_<id>`` (whether a piece is unknown) and
                ``word_windows_<id>``, or ``sentence_...`` for sentence models. Default: False.
            text_column: The column of texts in a frame. Default: ``text``, or else the only column of strings.
            keep_columns: Whether to keep the other columns of a frame. Default: True.
            lang: The language code of the texts. Default: the language of the references.
            lang_column: The column of language codes in a frame. Default: None.
            missing: ``"error"`` refuses None and NaN as texts; ``"skip"`` omits these rows, whatever `empty` is.
                Default: ``"error"``.
            empty: ``"drop"`` omits texts without words. ``"keep"`` returns one row for each at the sentence and
                document levels, with a vector of zeros; it is refused at the token level. Default: ``"drop"``.
            split: The unit of lists of str: ``"words"`` of one sentence, or ``"sentences"``, which are split into words
                by the rules of their language. Default: ``"words"``.
            as_: The library of the result: ``"pandas"``, ``"arrow"`` or ``"polars"`` (extras of these names).
                Default: ``"pandas"``.
            vectors: The cells of a pandas frame: ``"numpy"`` arrays, or ``"arrow"`` for an ``ArrowDtype`` column (extra
                ``arrow``). Both share the memory of one matrix. Default: ``"numpy"``.
            progress: Whether to show a progress bar. Default: in a terminal or notebook, after a second of work.

        Returns:
            A row for each token, sentence or document, in order, with the input's index repeated. Each model has a
            column of vectors, float32 [d]: ``word_embedding_<id>`` or ``sentence_embedding_<id>``. In Arrow and Polars,
            the index becomes the first column, called ``index`` unless it has a name, and vectors are fixed-size lists.
            Other columns keep their dtypes; Arrow and Polars columns become ``ArrowDtype`` in pandas, and dictionaries
            and categories become ``category``.

        Raises:
            InputError: The data cannot be read, or a column cannot be kept. Exceptions of an iterable are passed on.
            OptionError: An option has an unknown value.
            MissingExtra: An optional package is not installed.
            ModelError: A model returns values that are not numbers.

        Example:
            >>> import nlu_lite
            >>> nlu_lite.load("de.tokenize").predict("Guten Tag!", positions=True)
               token  token_begin  token_end
            0  Guten            0          5
            0    Tag            6          9
            0      !            9         10
        """
        options: StreamOptions = {
            "output_level": output_level,
            "positions": positions,
            "metadata": metadata,
            "text_column": text_column,
            "keep_columns": keep_columns,
            "lang": lang,
            "lang_column": lang_column,
            "missing": missing,
            "empty": empty,
            "split": split,
        }
        request = self._parse(options, as_, vectors)
        result = self._predict(data, request, progress)
        if request.library is FrameLibrary.PANDAS:
            frames.note_pipeline(result, self)
        return result

    @show_options(TextOptions, before="progress")
    def encode(
        self,
        texts: object,
        normalize: bool = False,
        *,
        column: str | None = None,
        progress: bool | None = None,
        **options: Unpack[TextOptions],
    ) -> Floats:
        """Compute one vector for each text, as `predict` does at the document level. Needs no network.

        Args:
            texts: Data, as for `predict`. A str is one text.
            normalize: Whether to divide vectors by their Euclidean length. Default: False.
            column: The column of `predict` whose vectors are returned. Default: that of the only model.
            progress: As for `predict`.
            options: The options ``text_column``, ``lang``, ``lang_column`` and ``split`` of `predict`.

        Returns:
            float32 [n, d], a row for each text in their order, also if there is only one. The vector of a token model
            is the mean of the vectors of the text's tokens. Texts without words have vectors of zeros.

        Raises:
            InputError: The data cannot be read, or a text is missing; the error names the rows.
            OptionError: An option has an unknown value, or the pipeline does not have exactly one model.
            ModelError: The model returns values that are not numbers.

        Example:
            >>> import nlu_lite
            >>> pipe = nlu_lite.load("xx.embed.multilingual_e5_small_q4")
            >>> pipe.encode(["Good morning.", ""]).shape
            (2, 384)
        """
        model = choose_model(self.models, column)
        if parse_flag(normalize, "normalize"):
            model = replace(model, normalize=True)
        documents = StreamOptions(output_level="document", empty="keep", keep_columns=False)
        documents.update(options)  # type: ignore[typeddict-item]  # whose keys are a part of these
        request = replace(self._parse(documents), call="encode")
        return encode_documents(texts, request, model, self.settings, progress)

    @show_options(StreamOptions, before="as_")
    def stream(
        self, data: object, *, chunk: int = 1024, as_: StreamLibraryName = "pandas", **options: Unpack[StreamOptions]
    ) -> Iterator[pd.DataFrame | pa.RecordBatch]:
        """Run `predict` over data of any length, chunk by chunk, with one chunk in memory at a time.

        Args:
            data: An iterable of texts, of lists of words, or of batches (frames, Series, arrays). Texts and lists are
                collected into chunks. Batches are processed one by one, large ones in slices. A RecordBatchReader or a
                Dataset is read batch by batch.
            chunk: The maximum number of rows of a chunk, at least 1. Default: 1024.
            as_: ``"pandas"`` for frames, or ``"arrow"`` for record batches (extra ``arrow``). Default: ``"pandas"``.
            options: The options of `predict` except ``vectors`` and ``progress``.

        Returns:
            An iterator of the results of `predict`, one for each chunk. Rows without an index of their own are numbered
            through the whole stream, and so is ``document_number``.

        Raises:
            OptionError: An option has an unknown value; raised by the call itself.
            InputError: A chunk cannot be read; raised after the results of all chunks before it. Exceptions of `data`
                are passed on in the same way.

        Example:
            >>> import nlu_lite
            >>> words = nlu_lite.load("en.tokenize")
            >>> for frame in words.stream((f"Line {n}" for n in range(3)), chunk=2):
            ...     print(frame["token"].tolist(), frame.index.tolist())
            ['Line', '0', 'Line', '1'] [0, 0, 1, 1]
            ['Line', '2'] [2, 2]
        """
        check_stream(chunk, as_)
        return frames.stream(data, chunk, self._predict, self._parse(options, as_))

    @show_options(PredictOptions, before="progress")
    def predict_file(
        self,
        source: str | Path,
        target: str | Path,
        *,
        chunk: int = 1024,
        dtype: VectorDtypeName = "float32",
        existing: ExistingName = "error",
        format: FileFormatName | None = None,  # noqa: A002
        delimiter: str | None = None,
        progress: bool | None = None,
        **options: Unpack[PredictOptions],
    ) -> Written:
        r"""Run `predict` over files of texts and write a Parquet file, with one chunk in memory at a time.

        Completed chunks are kept in the folder ``<target>.parts`` until the file is complete. After a kill, a full disk
        or Ctrl-C, the same call resumes, and the file is the same as after an uninterrupted run.

        Args:
            source: A file, a folder of files, or ``"-"`` for standard input: ``.txt`` (one text per line), ``.jsonl``,
                ``.csv`` and ``.tsv`` (all columns are strings) or ``.parquet``. Files are checked before the
                computation starts; standard input and pipes cannot be.
            target: The file to write, ``.parquet``. It has a row group for each chunk.
            chunk: The number of texts of a chunk, at least 1. Default: 1024.
            dtype: The data type of the vectors: ``"float32"`` or ``"float16"``. Default: ``"float32"``.
            existing: ``"error"`` refuses a `target` that exists; ``"replace"`` replaces it. A link is replaced, not the
                file that it points to. Default: ``"error"``.
            format: ``"txt"``, ``"jsonl"``, ``"csv"``, ``"tsv"`` or ``"parquet"``. Default: the extension of each file;
                ``"txt"`` for standard input.
            delimiter: The delimiter of CSV files. Default: a tab in ``.tsv``; else the one of comma, tab, semicolon and
                bar that fits the header and the first records.
            progress: Whether to show a bar with rate and remaining time. Default: in a terminal or notebook.
            options: The options of `predict` except ``split``, ``as_`` and ``vectors``.

        Returns:
            The path, and the numbers of texts and rows. The column ``index`` of the file is the number of a text in its
            own input file, from 0; for a folder, the column ``file`` precedes it. If the same call has already written
            `target`, nothing is written, and ``outcome`` is ``UNCHANGED``.

        Raises:
            InputError: The texts cannot be read, or they have changed since an earlier run was interrupted.
            OptionError: `target` exists, is a folder, or is one of the files that are read; the parts of an earlier run
                have other settings; or an option has an unknown value.
            SourceError: A file cannot be read or written.
            FormatError: A file is damaged.
            MissingExtra: The extra ``arrow`` is not installed.

        Example:
            >>> import tempfile, nlu_lite
            >>> words = nlu_lite.load("en.tokenize")
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     _ = Path(folder, "in.txt").write_text("One line.\nAnother.")
            ...     words.predict_file(f"{folder}/in.txt", f"{folder}/out.parquet").rows
            5
        """
        predict = self._parse(options, "arrow")
        request = parse_file_request(
            source, target, predict, chunk=chunk, dtype=dtype, existing=existing, format=format, delimiter=delimiter
        )
        settings = {"pipeline": saving.describe_pipeline(self), **describe_request(predict)}
        return files.predict_file(request, self._predict, settings, progress)

    @show_options(PredictOptions, before="vectors")
    def mapper(
        self,
        schema: pa.Schema,
        *,
        vectors: VectorListsName = "list",
        chunk: int = 256,
        threads: int = 1,
        device: str | None = None,
        **options: Unpack[PredictOptions],
    ) -> BatchMapper:
        """Return `predict` as a function of Arrow record batches, which engines such as Spark and Ray can send around.

        Args:
            schema: The Arrow schema of the batches.
            vectors: The Arrow type of vectors: ``"list"``, which every engine reads, or ``"fixed"``, of one length.
            chunk: Maximum number of texts that are processed at once.
            threads: Threads of a forward pass in each process.
            device: The device in other processes, as for `load`. Default: that of the pipeline.
            options: Options of `predict`. ``document_number`` counts the rows of one call of the mapper.

        Returns:
            A `BatchMapper`. Its ``schema`` is that of the result.

        Raises:
            InputError: There is no column of texts, or a column has the name of a column of the result.
            OptionError: An option has an unknown value, the pipeline cannot run on the device, or a stage is a callable
                that other processes cannot import.
            MissingExtra: The extra ``arrow`` is not installed.

        Example:
            >>> import nlu_lite, pyarrow
            >>> table = pyarrow.table({"id": [7, 8], "text": ["Good morning.", "Hello!"]})
            >>> nlu_lite.load("en.tokenize").mapper(table.schema).map(table).to_pydict()
            {'id': [7, 7, 7, 8, 8], 'token': ['Good', 'morning', '.', 'Hello', '!']}
        """
        from nlu_lite.pipeline.mapper import build_mapper  # which imports this module

        request = parse_map_request(self._parse(options, "arrow"), vectors, chunk)
        return build_mapper(self, schema, request, threads, device)

    def __reduce__(self) -> tuple[Callable[[PipelineRecipe], Pipeline], tuple[PipelineRecipe]]:
        """Pickle everything except the weights, whose files must exist where the pipeline is unpickled."""
        from nlu_lite.pipeline.opened import describe_recipe, open_recipe  # which import this module

        return open_recipe, (describe_recipe(self),)

    def _parse(
        self, options: PredictOptions | StreamOptions, library: str = "pandas", cells: VectorCellsName = "numpy"
    ) -> PredictRequest:
        return parse_request(self.components, self.language, options, library, cells)

    def _predict(self, data: object, request: PredictRequest, progress: bool | None = False) -> Any:
        return predict_frame(data, request, self.models, self.settings, progress)
