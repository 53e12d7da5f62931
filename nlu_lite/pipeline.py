"""`load` and `Pipeline`: the one room that knows the whole way from a reference to a table."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack, overload

from nlu_lite import display, files, frames, registry, saving, store, text
from nlu_lite._util.progress import progress_bar
from nlu_lite.discovery import address, describe_recipe
from nlu_lite.encoding import BackendName, Precision, check_number
from nlu_lite.errors import FormatError, OptionError, printable
from nlu_lite.files import Written
from nlu_lite.frames import chunks
from nlu_lite.frames.results import Also, Level, VectorColumn
from nlu_lite.model import Model, ModelOptions, check_prompt, open_model
from nlu_lite.model import changed as changed_model
from nlu_lite.options import Changes, changed, check_path, choice
from nlu_lite.records import Action, ComponentSpec, Corpus, ModelSpec, Segments
from nlu_lite.store import lockfile
from nlu_lite.store.cache import default_cache
from nlu_lite.text import Splitter, TextSettings

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa


class PredictOptions(TypedDict, total=False):
    """The options of `Pipeline.predict` but the one that says of what type the result is."""

    output_level: str | None
    positions: bool
    metadata: bool
    text_column: Hashable | None
    keep_columns: bool
    lang: str | None
    lang_column: Hashable | None
    missing: str
    empty: str
    split: str
    vectors: str
    progress: bool | None


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
        self, data: object, *, as_: Literal["pandas"] = "pandas", **options: Unpack[PredictOptions]
    ) -> pd.DataFrame: ...

    @overload
    def predict(self, data: object, *, as_: Literal["arrow"], **options: Unpack[PredictOptions]) -> pa.Table: ...

    @overload
    def predict(self, data: object, *, as_: Literal["polars"], **options: Unpack[PredictOptions]) -> pl.DataFrame: ...

    @overload
    def predict(self, data: object, *, as_: str, **options: Unpack[PredictOptions]) -> Any: ...

    def predict(
        self,
        data: object,
        *,
        output_level: str | None = None,
        positions: bool = False,
        metadata: bool = False,
        text_column: Hashable | None = None,
        keep_columns: bool = True,
        lang: str | None = None,
        lang_column: Hashable | None = None,
        missing: str = "error",
        empty: str = "drop",
        split: str = "words",
        as_: str = "pandas",
        vectors: str = "numpy",
        progress: bool | None = None,
    ) -> pd.DataFrame | pa.Table | pl.DataFrame:
        """Split texts into sentences and words, and give each its vector. Opens no file and no connection.

        Args:
            data: A str; strings in a list, tuple, generator or another iterable, a 1-D numpy array, a pandas Series, an
                Arrow array or a Polars Series; or a frame of pandas, Arrow or Polars, or a Dataset of Hugging Face.
                Instead of a string a list of strings may stand everywhere: a document that is already split. The texts
                of a set are numbered in its order, which differs from run to run. It is never changed.
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
            as_: ``"pandas"``, ``"arrow"`` (extra ``arrow``) or ``"polars"`` (extra ``polars``): whose frame to give.
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
        layout = frames.Layout(
            level=self._level(output_level),
            also=_also(positions, metadata),
            form=choice(frames.Form, as_, "as_"),
            cells=choice(frames.Cells, vectors, "vectors"),
            empty=choice(frames.Empty, empty, "empty"),
        )
        frames.check_rows(layout)
        frames.check_installed(layout)
        if lang is not None:
            text.check_language(lang)
        given = frames.read(
            data,
            frames.Reading(
                text_column=text_column,
                lang_column=lang_column,
                language=lang or self.language,
                check_language=text.check_language,
                columns=frames.Columns.KEEP if keep_columns else frames.Columns.DROP,
                missing=choice(frames.Missing, missing, "missing"),
                split=choice(frames.Split, split, "split"),
            ),
        )
        writer = frames.open_writer(given.corpus, layout, frames.result_names(layout, [m.column for m in self.models]))
        segments = self._segments(given, progress)
        columns = self._vectors(given.corpus, segments, layout, progress)
        result: pd.DataFrame | pa.Table | pl.DataFrame = frames.build(
            layout, writer, given.corpus, segments, given.rows, columns
        )
        return result

    def stream(
        self,
        data: object,
        *,
        chunk: int = 1024,
        output_level: str | None = None,
        positions: bool = False,
        metadata: bool = False,
        text_column: Hashable | None = None,
        keep_columns: bool = True,
        lang: str | None = None,
        lang_column: Hashable | None = None,
        missing: str = "error",
        empty: str = "drop",
        split: str = "words",
        as_: str = "pandas",
    ) -> Iterator[pd.DataFrame | pa.RecordBatch]:
        """Answer data of any length piece by piece, in order, holding one piece at a time.

        Args:
            data: Something to go through, such as a generator, that gives texts, lists of words, or batches of rows
                (frames, Series, arrays): all that `predict` takes. Texts and lists are gathered to chunks, batches are
                answered each by itself, large ones cut. A RecordBatchReader is read batch by batch.
            chunk: Most rows of `data` that are answered at once.
            output_level: As for `predict`, and so are the next nine.
            positions: See there.
            metadata: See there; ``document_number`` runs through the whole stream.
            text_column: See there.
            keep_columns: See there.
            lang: See there.
            lang_column: See there.
            missing: See there.
            empty: See there.
            split: See there.
            as_: ``"pandas"`` for frames, ``"arrow"`` for record batches (extra ``arrow``), whose first column
                ``index`` says which row of `data` a row belongs to.

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
        form = choice(chunks.Form, as_, "as_")
        options = partial(
            self.predict,
            output_level=output_level,
            positions=positions,
            metadata=metadata,
            keep_columns=keep_columns,
            lang=lang,
            missing=missing,
            empty=empty,
            split=split,
            as_=form.value,
            progress=False,
        )
        options([])  # options are refused here, not where the first piece is asked for
        predict = partial(options, text_column=text_column, lang_column=lang_column)
        return chunks.stream(data, chunk, predict, form, _also(positions, metadata))

    def predict_file(
        self,
        source: str | Path,
        target: str | Path,
        *,
        chunk: int = 1024,
        dtype: str = "float32",
        existing: str = "error",
        format: str | None = None,  # noqa: A002
        delimiter: str | None = None,
        output_level: str | None = None,
        positions: bool = False,
        metadata: bool = False,
        text_column: str | None = None,
        keep_columns: bool = True,
        lang: str | None = None,
        lang_column: str | None = None,
        missing: str = "error",
        empty: str = "drop",
        progress: bool | None = None,
    ) -> Written:
        r"""Answer the texts of files by a Parquet file, with no more than a chunk in the memory.

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
            output_level: As for `predict`, and so are the next three.
            positions: See there.
            metadata: See there; ``document_number`` runs through all files.
            text_column: By default ``text``, else the only column of texts; a column of a CSV file whose values are
                all numbers, dates or the like is none.
            keep_columns: Whether the other columns come along, their types as in the file.
            lang: See `predict`, and so are the next three.
            lang_column: See there.
            missing: See there.
            empty: See there.
            progress: Whether to show a bar with rate and time left; by default in a terminal or notebook.

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
        check_path(source, "source", "Call predict or stream for data in memory")
        request = files.Request(
            source,
            check_path(target, "target"),
            None if format is None else choice(files.Format, format, "format"),
            text_column,
            lang_column,
            frames.Columns.KEEP if keep_columns else frames.Columns.DROP,
            choice(frames.Missing, missing, "missing"),
            chunk,
            choice(files.Numbers, dtype, "dtype"),
            choice(files.Existing, existing, "existing"),
            delimiter,
        )
        answered = partial(
            self.predict, output_level=output_level, positions=positions, metadata=metadata, lang=lang, empty=empty
        )
        answered([])  # options are refused before anything is read

        def predict(frame: pd.DataFrame, column: str) -> pd.DataFrame:
            found = answered(
                frame,
                text_column=column,
                keep_columns=False,
                lang_column=lang_column,
                missing=missing,
                progress=False,
            )
            return found.assign(**{frames.DOCUMENT_NUMBER: found.index}) if metadata else found

        level = self._level(output_level).value
        asked = {"output_level": level, "positions": positions, "metadata": metadata, "lang": lang}
        asked |= {"missing": missing, "empty": empty}
        return files.predict_file(request, predict, {"pipeline": saving.described(self)} | asked, progress)

    @property
    def info(self) -> pd.DataFrame:
        """What each reference stands for and what runs it: one row a component."""
        import pandas as pd

        opened = {model.spec.reference: model for model in self.models}
        return pd.DataFrame([_described(spec, opened.get(spec.reference)) for spec in self.components])

    def with_(self, **changes: Unpack[Changes]) -> Pipeline:
        """Give a pipeline on the same weights in which some options of `load` are others.

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
        settings, options = changed(self.settings, self.options, changes)
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
        saving.save(self, check_path(path, "path"), saving.Weights.COPY if weights else saving.Weights.REFERENCE)

    def __reduce__(self) -> tuple[Callable[..., Pipeline], tuple[object, ...]]:
        """Pickle all but the weights: these are opened again where the pipeline is unpickled, and have to be there."""
        bare = {field.name: getattr(self, field.name) for field in fields(self)} | {"models": ()}
        names = [(saving.pinned(model), model.column, model.fetched.digest, model.digest) for model in self.models]
        return _reopened, (bare, names)

    def __copy__(self) -> Pipeline:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Pipeline:
        """Nothing in it changes, so that a copy need not open the weights anew."""
        return self

    def __repr__(self) -> str:
        return display.as_text(self)

    def _repr_html_(self) -> str:
        return display.as_html(self)

    def _level(self, name: str | None) -> Level:
        if name is not None:
            return choice(Level, name, "output_level")
        only = all(spec.action in (Action.SENTENCE_DETECTOR, Action.EMBED_SENTENCE) for spec in self.components)
        return Level.SENTENCE if only else Level.TOKEN

    def _segments(self, given: frames.Given, progress: bool | None) -> Segments:
        if given.segments is not None:
            return given.segments
        if given.sentences is not None:
            return text.segment_sentences(given.corpus, given.sentences, self.settings)
        with progress_bar(len(given.corpus.texts), "text", progress) as bar:
            return text.segment(given.corpus, self.settings, bar.update)

    def _vectors(
        self, corpus: Corpus, segments: Segments, layout: frames.Layout, progress: bool | None
    ) -> list[VectorColumn]:
        columns, level, texts = [], layout.level, corpus.texts
        with progress_bar(sum(m.steps(segments, level) for m in self.models), "vector", progress) as bar:
            for model in self.models:
                found = model.vectors(texts, segments, level, bar.update)
                stats = model.stats(texts, segments, level) if Also.METADATA in layout.also else None
                columns.append(VectorColumn(model.column, found, stats))
        return columns


def load(
    *references: str,
    path: str | Path | None = None,
    device: str = "cpu",
    backend: str = "torch",
    precision: str = "fp32",
    threads: int | None = None,
    words: str = "icu",
    pooling: str = "first",
    sentence_pooling: str | None = None,
    prompt: str | None = None,
    layers: Sequence[int] = (-1,),
    layer_merge: str = "mean",
    alignment: str = "word",
    context: str = "sentence",
    max_length: int | None = None,
    normalize: bool = False,
    reproducible: bool = False,
    newline_breaks: str = "paragraphs",
    keep_whole: str | Sequence[str] = (),
    sentence_splitter: Splitter | None = None,
    tokenizer: Splitter | None = None,
    source: str | None = None,
    revision: str | None = None,
    cache_dir: str | Path | None = None,
    offline: bool | None = None,
    lock: str | Path | None = None,
    versions: str = "same",
) -> Pipeline:
    """Find, fetch and read what the references stand for; whatever can fail fails here.

    Args:
        references: NLU references (``"xx.embed.xlm_roberta_xtreme_base"``, ``"de.tokenize"``), several in one string
            or several strings; or ``"hf:org/name"`` for a repository of the Hugging Face hub, ``"path:DIR"`` for a
            folder in transformers' layout, ``"sparknlp:DIR_OR_ZIP"`` for a model that Spark NLP saved. None at all
            means the packaged model.
        path: A folder that `Pipeline.save` wrote, in the place of references and their options: only ``device``,
            ``threads``, ``cache_dir``, ``offline`` and ``versions`` stand beside it.
        device: Where models run: ``"cpu"``, ``"cuda"``, ``"cuda:1"`` or ``"mps"``.
        backend: What runs them: ``"torch"``, or ``"openvino"`` (extra of that name; faster on the CPU; every kind of
            model but ``deberta-v2``).
        precision: In what numbers they compute: ``"fp32"``, ``"bf16"`` (fast where the processor has AVX512-BF16 or
            AMX, and on GPUs; loses digits) or ``"fp16"`` (GPUs). A precision that the backend does not compute in on
            this machine is an error. Vectors are float32 in any case.
        threads: Threads of a forward pass on the CPU; by default the backend's own number.
        words: What finds words where they are not written apart: ``"icu"``, or ``"dictionary"``: packages of the extra
            ``words`` for Japanese, Chinese, Thai, Vietnamese, Khmer and Burmese; other languages keep ICU's
            dictionaries.
        pooling: How a token's vector is made of its pieces': ``"first"`` (Spark NLP's, the usual choice for tagging),
            ``"last"`` (suffixing languages), ``"mean"`` or ``"max"`` (the whole word), ``"first_last"`` (both ends
            beside each other, twice as wide).
        sentence_pooling: How vectors of sentences are made: ``"mean"`` over the pieces, ``"cls"``: the first position,
            ``"pooler"``: the model's own dense layer over it; by default what the model's publisher prescribes, and for
            token models the mean of the token vectors.
        prompt: What is put before each sentence for its vector, such as ``"query: "``; by default what the authors of a
            sentence model ask for.
        layers: Hidden states to use: 0 is the embeddings, -1 the last layer; middle layers often compare words better.
        layer_merge: How several layers become one vector: ``"mean"``, ``"sum"`` or ``"concat"``.
        alignment: What the subword model sees: ``"word"``: each token by itself, Spark NLP's way; ``"text"``: the text
            as a whole, as in training, tokens aligned by their offsets.
        context: What a token's vector may look at: its ``"sentence"``, or the whole ``"document"``.
        max_length: Longest window in pieces, special tokens included; by default as long as the model's positions
            allow. Longer texts go through overlapping windows: nothing is cut off.
        normalize: Whether vectors are divided by their Euclidean length, for comparing by dot product.
        reproducible: Whether a vector is the same bit for bit whatever else is encoded and in which order (on the same
            machine and number of threads); slower. Otherwise last digits can differ, by less than 5e-6.
        newline_breaks: Which line breaks end a sentence: ``"paragraphs"`` (empty lines), ``"lines"`` or ``"never"``.
        keep_whole: A regular expression, or several; what one matches stays one token.
        sentence_splitter: Takes the place of the sentence rules: gets a text, gives half-open spans of it, in order.
        tokenizer: Takes the place of the word rules: gets a sentence, gives half-open spans of it, in order.
        source: ``"installed"``, ``"folder"``, ``"hub"`` or ``"bucket"``: the one place that models may come from; by
            default those that the catalogue names, in its order.
        revision: Branch, tag or commit of a hub repository; by default its main branch.
        cache_dir: Where converted models are kept; by default ``NLU_LITE_CACHE``, else the user's cache folder. The
            hub's own files stay in the Hugging Face cache.
        offline: Whether to use only what is on this machine; by default as the environment says (``NLU_LITE_OFFLINE``,
            ``HF_HUB_OFFLINE``).
        lock: A file that ``nlu-lite lock`` made: models come from where it says, and a file of theirs that does not
            have the bytes that it states is an error.
        versions: What becomes of a saved pipeline where other versions are installed than when it was saved:
            ``"same"`` refuses those that can change a token or a piece, and those that can change a digit of a
            reproducible pipeline, and names all others in a warning of the logger ``nlu_lite``; ``"any"`` names all.

    Raises:
        BadReference: A reference is unknown, not public, or of a kind that cannot be read.
        SourceError: Files could not be fetched.
        FormatError: Files are damaged, or a pipeline was saved beside other versions.
        IntegrityError: The weights that a saved pipeline refers to are others now.
        ModelError: The parts of a model do not fit one another.
        MissingExtra: A package is needed that is not installed.
        OptionError: An option has an unknown value.

    Example:
        >>> import nlu_lite
        >>> nlu_lite.load("en.sentence_detector").predict("It rains. Stay in!", output_level="sentence")
            sentence
        0  It rains.
        0   Stay in!
    """
    settings, options = changed(
        TextSettings(),
        ModelOptions(
            device=device,
            backend=choice(BackendName, backend, "backend"),
            precision=choice(Precision, precision, "precision"),
            threads=threads,
        ),
        Changes(
            words=words,
            newline_breaks=newline_breaks,
            keep_whole=keep_whole,
            sentence_splitter=sentence_splitter,
            tokenizer=tokenizer,
            pooling=pooling,
            sentence_pooling=sentence_pooling,
            prompt=prompt,
            layers=layers,
            layer_merge=layer_merge,
            alignment=alignment,
            context=context,
            max_length=max_length,
            normalize=normalize,
            reproducible=reproducible,
        ),
    )
    access = store.Access(
        cache=default_cache(None if cache_dir is None else check_path(cache_dir, "cache_dir")),
        offline=offline,
        source=None if source is None else choice(store.Place, source, "source"),
        revision=revision,
    )
    kept = choice(saving.Versions, versions, "versions")
    if path is not None:
        if lock is not None:
            raise OptionError("path= and a lock", "one of them", "Leave lock= out: the folder has digests of its own")
        return _load_saved(check_path(path, "path"), references, settings, options, access, kept)
    if kept is not saving.Versions.SAME:
        raise OptionError(f"versions={versions!r} without path=", "it with a saved pipeline", "Leave it out")
    components = registry.resolve(references)
    language = _language(components)
    text.check_dictionaries(settings.words, language)
    specs = [spec for spec in components if isinstance(spec, ModelSpec)]
    names = frames.column_names(specs)
    locked = _locked(specs, lock, revision)
    models = [
        open_model(spec, name, access, options, pins) for spec, name, pins in zip(specs, names, locked, strict=True)
    ]
    check_prompt(prompt, models)
    return Pipeline(components, tuple(models), language, settings, options, access)


def _also(positions: bool, metadata: bool) -> Also:
    return (Also.POSITIONS if positions else Also.NOTHING) | (Also.METADATA if metadata else Also.NOTHING)


def _load_saved(
    path: Path,
    references: tuple[str, ...],
    settings: TextSettings,
    options: ModelOptions,
    access: store.Access,
    versions: saving.Versions,
) -> Pipeline:
    """Open a saved pipeline; device and threads are this machine's, all else is as it was saved."""
    here = replace(ModelOptions(), device=options.device, threads=options.threads)
    if references or access.source or access.revision or (settings, options) != (TextSettings(), here):
        raise OptionError(
            "path= was given with references or options of its own",
            "device, threads, cache_dir, offline or versions beside it",
            "Change the pipeline when it is loaded: load(path=...).with_(...)",
        )
    saved = saving.read(path, versions)
    if saved.language != _language(saved.components):
        got = f"{path / saving.FILE} is damaged (its language is {saved.language!r}, that of its references is another)"
        raise FormatError(got, "what Pipeline.save writes", saving.REMEDY)
    text.check_dictionaries(saved.settings.words, saved.language)
    options = replace(saved.options, device=options.device, threads=options.threads)
    models = [open_model(one.spec, one.column, access, options, check=saving.checked(one)) for one in saved.models]
    return Pipeline(saved.components, tuple(models), saved.language, saved.settings, options, access)


def _reopened(bare: dict[str, Any], names: Sequence[tuple[ModelSpec, str, str, str]]) -> Pipeline:
    """Open the models of a pipeline that was pickled: it has their names and digests, not their weights."""
    if any(len(name) != 4 for name in names):
        raise FormatError(
            "the pipeline was pickled by version 0.1.0",
            "a pickle of this version",
            'Save it with that version, pipe.save(path), and load it with nlu_lite.load(path=path, versions="any")',
        )
    pipeline = Pipeline(**bare)
    access = replace(pipeline.access, revision=None)  # each origin names its own
    models = [
        open_model(spec, column, access, pipeline.options, check=saving.same(files, digest))
        for spec, column, files, digest in names
    ]
    return replace(pipeline, models=tuple(models))


def _locked(
    specs: Sequence[ModelSpec], lock: str | Path | None, revision: str | None
) -> Sequence[lockfile.LockedModel | None]:
    if lock is None:
        return [None] * len(specs)
    if revision is not None:
        raise OptionError(f"revision={revision!r} and a lock", "one of them", "Leave revision= out: the lock names it")
    found = lockfile.read(check_path(lock, "lock"))
    return [found.model(spec.reference) for spec in specs]


def _described(spec: ModelSpec | ComponentSpec, model: Model | None) -> dict[str, object]:
    row: dict[str, object] = {
        "reference": printable(spec.reference),
        "action": spec.action.value,
        "language": spec.language,
        "rules": text.describe_rules(spec.language),
    }
    if model is not None:
        row |= {
            "column": model.column,
            "backend": model.encoder.backend.name,
            "max_length": model.encoder.max_length,
            "dimension": model.encoder.backend.dimension,
            "layers": model.encoder.backend.layers,
            "sentence_vectors": describe_recipe(model.recipe, model.normalize),
            "source": address(model.fetched.origin),
            "files": printable(str(model.fetched.path)),
            "digest": model.fetched.digest,
            "verified": model.fetched.verified,
        }
    return row


def _language(components: tuple[ModelSpec | ComponentSpec, ...]) -> str:
    """That of the text components; failing these, the one in which all references agree; failing that, ``xx``."""
    texts = {text.check_language(spec.language) for spec in components if isinstance(spec, ComponentSpec)}
    if len(texts) > 1:
        raise OptionError(
            f"the text components are of the languages {', '.join(sorted(texts))}", "one", "Leave all but one out"
        )
    languages = texts or {spec.language for spec in components}
    return languages.pop() if len(languages) == 1 else "xx"
