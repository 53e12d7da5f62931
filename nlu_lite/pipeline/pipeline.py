"""`Pipeline`: components that are open, and the ways of running them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Unpack, overload

from nlu_lite import display, files, frames, saving, store, text
from nlu_lite._util.processes import computing
from nlu_lite._util.progress import progress_bar
from nlu_lite.errors import OptionError
from nlu_lite.files import Written
from nlu_lite.model import Model, check_prompt
from nlu_lite.model import changed as changed_model
from nlu_lite.options import (
    EmptyName,
    Existing,
    ExistingName,
    ExtraColumns,
    FileFormat,
    FileFormatName,
    FileRequest,
    FrameLibrary,
    FrameOptions,
    Level,
    LevelName,
    MissingName,
    ModelChanges,
    ModelOptions,
    PredictOptions,
    PredictRequest,
    SavedWeights,
    SplitName,
    StreamLibraryName,
    StreamOptions,
    TextSettings,
    VectorCellsName,
    VectorDtype,
    VectorDtypeName,
    check_number,
    describe_request,
    parse_changes,
    parse_choice,
    parse_path,
    parse_predict,
    show_options,
)
from nlu_lite.records import Action, ComponentSpec, Corpus, ModelSpec, Segments

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa


@dataclass(frozen=True, repr=False)
class Pipeline:
    """Components that were found, fetched and read; made by `load`.

    Attributes:
        components: What the references stand for, in their order.
        models: The models among them.
        language: Language of texts for which `predict` is told no other; ``"xx"`` finds it from each text.
        settings: How texts are split.
        options: How models are run.
        access: How files were got at.
    """

    components: tuple[ModelSpec | ComponentSpec, ...]
    models: tuple[Model, ...]
    language: str
    settings: TextSettings
    options: ModelOptions
    access: store.Access

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
        """Split texts into sentences and words, and give each its vector. Opens no file and no connection.

        Args:
            data: A str; strings in a list, tuple, generator or another iterable, a 1-D numpy array, a pandas Series, an
                Arrow array or a Polars Series; or a frame of pandas, Arrow or Polars, or a Dataset of Hugging Face.
                Instead of a string a list of strings may stand everywhere: a document that is already split. The texts
                of a set are numbered in its order, which differs from run to run. `data` is never modified.
            output_level: ``"token"``, ``"sentence"`` or ``"document"``: what a row is. By default ``"token"``, or
                ``"sentence"`` where only a sentence detector or sentence models were asked for. Above the token level
                a token model gives the mean of its token vectors; a sentence model's vector is repeated on the tokens.
            positions: Whether to add ``<level>_begin`` and ``<level>_end``: half-open, in code points of the document.
            metadata: Whether to add ``document_number`` (the row of `data`), ``sentence_number`` (in its document) and
                ``token_number`` (in its sentence), counted from 0, and for each model ``word_pieces_<id>``: the number
                of pieces, ``word_oov_<id>``: whether one of them is the unknown piece, and ``word_windows_<id>``:
                through how many windows the text went that was encoded with the row (``sentence_...`` for sentence
                models).
            text_column: A frame's column of texts; by default ``text``, else the only column of strings.
            keep_columns: Whether the frame's other columns come along.
            lang: Language of the texts; by default that of the references.
            lang_column: A frame's column of language codes.
            missing: ``"error"`` or ``"skip"``: what to do with rows that are None or NaN. Skipped rows have no row in
                the result, whatever `empty` says.
            empty: ``"drop"`` or ``"keep"``: what to do with a text without words. ``"keep"`` gives it one row at the
                sentence or document level, so that every text has a row: its vectors are zeros (also where a prompt
                or a normalization is asked for), the numbers of pieces and windows 0. At the sentence level the row
                is an empty sentence at offset 0. Refused at the token level.
            split: What the strings of a list of lists are: ``"words"`` of a document of one sentence, or
                ``"sentences"`` of a document, which are split into words by the rules of their language.
            as_: ``"pandas"``, ``"arrow"`` (extra ``arrow``) or ``"polars"`` (extra ``polars``): the result's library.
            vectors: What stands in the cells of a pandas frame: ``"numpy"`` arrays, each a view of a row of one matrix,
                or ``"arrow"`` for a column of dtype ``ArrowDtype`` (extra ``arrow``). Both lie on the same memory.
            progress: Whether to show a bar; by default in a terminal or notebook, for work longer than a second.

        Returns:
            A row for each token (or sentence, or document), with the input's index repeated. Vectors are float32
            arrays [d] in columns ``word_embedding_<id>``. By default a text without words has no row. In Arrow and
            Polars the index becomes the first column, ``index`` where it has no name, and vectors are fixed-size lists
            of float32 on the memory of one matrix. Other columns keep their dtypes; those of Arrow and Polars are
            ``ArrowDtype`` in pandas, dictionaries and categories ``category``.

        Raises:
            InputError: The data cannot be read, or their other columns not be kept. What an iterable of the caller's
                raises is passed on as it is.
            OptionError: An option has an unknown value.
            MissingExtra: A package is needed that is not installed.
            ModelError: A model gives values that are not numbers.

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
        return self._predict(data, self._parse(options, as_, vectors), progress)

    @show_options(StreamOptions, before="as_")
    def stream(
        self, data: object, *, chunk: int = 1024, as_: StreamLibraryName = "pandas", **options: Unpack[StreamOptions]
    ) -> Iterator[pd.DataFrame | pa.RecordBatch]:
        """Run `predict` over data of any length, chunk by chunk, holding one chunk in memory at a time.

        Args:
            data: Something to go through, such as a generator, that gives texts, lists of words, or batches of rows
                (frames, Series, arrays): all that `predict` takes. Texts and lists are gathered to chunks, batches are
                answered each by itself, large ones cut. A RecordBatchReader is read batch by batch.
            chunk: Most rows of `data` that are answered at once.
            as_: ``"pandas"`` for frames, ``"arrow"`` for record batches (extra ``arrow``), whose first column
                ``index`` is the number of the row of `data`.
            options: ``output_level``, ``positions``, ``metadata``, ``text_column``, ``keep_columns``, ``lang``,
                ``lang_column``, ``missing``, ``empty`` and ``split``, as for `predict`. ``document_number`` counts
                through the whole stream.

        Returns:
            An iterator of what `predict` gives for each piece. Rows without an index of their own are numbered through
            the whole stream.

        Raises:
            OptionError: An option has an unknown value; raised at once.
            InputError: A piece cannot be read; raised where it stands, after all that came before. An exception of
                `data` itself is passed on likewise.

        Example:
            >>> import nlu_lite
            >>> words = nlu_lite.load("en.tokenize")
            >>> for frame in words.stream((f"Line {n}" for n in range(3)), chunk=2):
            ...     print(frame["token"].tolist(), frame.index.tolist())
            ['Line', '0', 'Line', '1'] [0, 0, 1, 1]
            ['Line', '2'] [2, 2]
        """
        check_number("chunk", chunk, 1)
        library = parse_choice(FrameLibrary, as_, "as_")
        if library is FrameLibrary.POLARS:
            raise OptionError('as_="polars" for a stream', "'pandas' or 'arrow'", "Pass one of these as as_")
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
        r"""Run `predict` over files of texts and write a Parquet file, holding one chunk in memory at a time.

        What is done is kept in a folder beside `target`, ``<target>.parts``, until all is done. After a kill, a full
        disk or Ctrl-C the same call goes on where it stood, and the file becomes what one run would have given.

        Args:
            source: A file, a folder of files, or the string ``"-"`` for standard input: ``.txt`` (a text on each
                line), ``.jsonl``, ``.csv`` or ``.tsv`` (all columns are strings) or ``.parquet``; text in UTF-8, or in
                UTF-16 or UTF-32 with a byte order mark. All are read once before work begins, so that whatever is
                wrong with them is reported at once; standard input and pipes are not.
            target: The file to write, ``.parquet``: a row group for each chunk, vectors as lists of one length.
            chunk: Texts that are answered at once.
            dtype: ``"float32"`` or ``"float16"``: in what numbers vectors are written.
            existing: ``"error"`` or ``"replace"``: what to do where `target` exists. A link is replaced itself; the
                file that it names stays as it is.
            format: ``"txt"``, ``"jsonl"``, ``"csv"``, ``"tsv"`` or ``"parquet"`` where names do not say it.
            delimiter: The delimiter of CSV files; by default a tab in ``.tsv``, else the one of comma, tab, semicolon
                and bar that fits the header and the first records.
            progress: Whether to show a bar with rate and time left; by default in a terminal or notebook.
            options: ``output_level``, ``positions``, ``metadata``, ``text_column``, ``keep_columns``, ``lang``,
                ``lang_column``, ``missing`` and ``empty``, as for `predict`. ``document_number`` counts through all
                files. ``text_column`` is by default ``text``, else the only column of texts; a column of a
                CSV file whose values are all numbers, dates or the like is no column of texts. Columns that are kept
                have their types in the file.

        Returns:
            The path and the numbers of texts and rows. The file's column ``index`` is the number of a row's text in
            its file, counted from 0; in front of it is ``file`` where `source` is a folder. Where `target` exists, is
            whole, and was made by the same call from the same texts, nothing is written and ``outcome`` says so.

        Raises:
            InputError: The texts cannot be read, or have changed since the parts were made.
            OptionError: `target` exists, is a folder, is read or lies in the folder that is; parts beside it were made
                with other settings, which are named; or an option has an unknown value.
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
        check_number("chunk", chunk, 1)
        parse_path(source, "source", "Call predict or stream for data in memory")
        predict = self._parse(options, "arrow")
        request = FileRequest(
            source,
            parse_path(target, "target"),
            None if format is None else parse_choice(FileFormat, format, "format"),
            delimiter,
            chunk,
            parse_choice(VectorDtype, dtype, "dtype"),
            parse_choice(Existing, existing, "existing"),
            predict,
        )
        settings = {"pipeline": saving.described(self), **describe_request(predict)}
        return files.predict_file(request, self._predict, settings, progress)

    @property
    def info(self) -> pd.DataFrame:
        """What each reference stands for and what runs it: one row a component."""
        import pandas as pd

        return pd.DataFrame(display.list_component_rows(self))

    def with_(self, **changes: Unpack[ModelChanges]) -> Pipeline:
        """Return a pipeline with the same weights and other options of `load`.

        Args:
            changes: ``words``, ``newline_breaks``, ``keep_whole``, ``sentence_splitter``, ``tokenizer``, ``pooling``,
                ``sentence_pooling``, ``prompt``, ``layers``, ``layer_merge``, ``alignment``, ``context``,
                ``max_length``, ``normalize`` or ``reproducible``, as for `load`.

        Raises:
            OptionError: An option is unknown, needs other weights, or has an unknown value.
            MissingExtra: A package is needed that is not installed.

        Example:
            >>> import nlu_lite
            >>> words = nlu_lite.load("en.tokenize")
            >>> words.with_(keep_whole="New York").predict("In New York")["token"].tolist()
            ['In', 'New York']
            >>> words.predict("In New York")["token"].tolist()
            ['In', 'New', 'York']
        """
        settings, options = parse_changes(self.settings, self.options, changes)
        text.check_dictionaries(settings.words, self.language)
        models = tuple(changed_model(model, options) for model in self.models)
        check_prompt(options.prompt, models)
        return replace(self, models=models, settings=settings, options=options)

    def save(self, path: str | Path, *, weights: bool = False) -> None:
        """Write the pipeline to a folder, from which ``load(path=...)`` makes one that gives the same vectors.

        Args:
            path: A folder that does not exist yet; it appears whole or not at all.
            weights: Whether the weights are copied into the folder, so that it can be taken elsewhere; by default it
                says where they came from. In both cases their digest is written down and compared by `load`.

        Raises:
            OptionError: There is something at `path`, or a stage is a callable.
            SourceError: The folder cannot be written, or the files of a model are not here any more.
            IntegrityError: The files of a model have changed since they were loaded.

        Example:
            >>> import tempfile, nlu_lite
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     nlu_lite.load("de.tokenize").save(f"{folder}/german")
            ...     nlu_lite.load(path=f"{folder}/german").predict("Guten Tag!")["token"].tolist()
            ['Guten', 'Tag', '!']
        """
        saving.save(self, parse_path(path, "path"), SavedWeights.COPY if weights else SavedWeights.REFERENCE)

    def __reduce__(self) -> tuple[Callable[..., Pipeline], tuple[object, ...]]:
        """Pickle all but the weights: these are opened again where the pipeline is unpickled, and have to be there."""
        bare = {field.name: getattr(self, field.name) for field in fields(self)} | {"models": ()}
        names = [(saving.pinned(model), model.column, model.fetched.digest, model.digest) for model in self.models]
        from nlu_lite.pipeline.loading import reopen  # which imports this module

        return reopen, (bare, names)

    def __copy__(self) -> Pipeline:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Pipeline:
        """Nothing in it changes, so that a copy need not open the weights anew."""
        return self

    def __repr__(self) -> str:
        return display.render_text(self)

    def _repr_html_(self) -> str:
        return display.render_html(self)

    def _parse(
        self, options: PredictOptions | StreamOptions, library: str = "pandas", cells: VectorCellsName = "numpy"
    ) -> PredictRequest:
        """Parse the options of `predict`; level and language are the pipeline's own by default."""
        only = all(spec.action in (Action.SENTENCE_DETECTOR, Action.EMBED_SENTENCE) for spec in self.components)
        request = parse_predict(Level.SENTENCE if only else Level.TOKEN, self.language, options, library, cells)
        if options.get("lang") is not None:
            text.check_language(request.lang)
        return request

    def _predict(self, data: object, request: PredictRequest, progress: bool | None = False) -> Any:
        given = frames.read(data, request, text.check_language)
        names = frames.name_result_columns(request, [model.column for model in self.models])
        writer = frames.open_writer(given.corpus, request, names)
        segments = self._segment(given, progress)
        columns = self._compute_vectors(given.corpus, segments, request, progress)
        with computing():
            return frames.build_frame(request, writer, given.corpus, segments, given.rows, columns)

    def _segment(self, given: frames.ParsedInput, progress: bool | None) -> Segments:
        if given.segments is not None:
            return given.segments
        if given.sentences is not None:
            return text.segment_sentences(given.corpus, given.sentences, self.settings)
        with progress_bar(len(given.corpus.texts), "text", progress) as bar:
            return text.segment(given.corpus, self.settings, bar.update)

    def _compute_vectors(
        self, corpus: Corpus, segments: Segments, request: PredictRequest, progress: bool | None
    ) -> list[frames.VectorColumn]:
        columns, level, texts = [], request.output_level, corpus.texts
        with progress_bar(sum(m.steps(segments, level) for m in self.models), "vector", progress) as bar:
            for model in self.models:
                vectors = model.vectors(texts, segments, level, bar.update)
                stats = model.stats(texts, segments, level) if ExtraColumns.METADATA in request.extra_columns else None
                columns.append(frames.VectorColumn(model.column, vectors, stats))
        return columns
