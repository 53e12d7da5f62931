"""`NluVectorizer`, in scikit-learn itself."""

import pickle
import subprocess
import sys
import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError, SkipTestWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_checks as checks
from tiny import MODEL

import nlu_lite
from nlu_lite import InputError, IntegrityError, OptionError, UnknownReference
from nlu_lite.pipeline import opened
from nlu_lite.sklearn import NluVectorizer

REFERENCE = f"path:{MODEL}"
TEXTS = ["A cat.", "Dogs bark!", "", "A house"] * 3
LABELS = [0, 1, 0, 1] * 3


def vectorizer(**parameters):
    return NluVectorizer(REFERENCE, **parameters)


@pytest.fixture(autouse=True)
def no_models_open():
    nlu_lite.clear_models()
    yield
    nlu_lite.clear_models()


@pytest.fixture
def openings(monkeypatch):
    """Return the list of the references that are loaded from now on."""
    found = []
    load = opened.load

    def count(*references, **options):
        found.append(references)
        return load(*references, **options)

    monkeypatch.setattr(opened, "load", count)
    return found


def test_vectors_are_those_of_encode():
    found = vectorizer().fit_transform(TEXTS)
    np.testing.assert_array_equal(found, nlu_lite.load(REFERENCE).encode(TEXTS))
    assert found.dtype == np.float32


@pytest.mark.parametrize(
    ("parameters", "width"),
    [({"pooling": "first_last"}, 32), ({"layers": (0, -1), "layer_merge": "concat"}, 32), ({"normalize": True}, 16)],
)
def test_parameters_are_options_of_the_model(parameters, width):
    fitted = vectorizer(**parameters).fit(TEXTS)
    expected = nlu_lite.load(REFERENCE, **parameters).encode(TEXTS)
    np.testing.assert_array_equal(fitted.transform(TEXTS), expected)
    assert fitted.dimension_ == expected.shape[1] == width
    assert fitted.get_feature_names_out().tolist() == [f"nluvectorizer{n}" for n in range(width)]


def test_a_pipeline_can_replace_references():
    pipeline = nlu_lite.load(REFERENCE, pooling="mean")
    found = NluVectorizer(pipeline).fit_transform(TEXTS)
    np.testing.assert_array_equal(found, pipeline.encode(TEXTS))
    changed = clone(NluVectorizer(pipeline, pooling="last")).fit_transform(TEXTS)
    np.testing.assert_array_equal(changed, pipeline.with_(pooling="last").encode(TEXTS))
    with pytest.raises(OptionError, match="threads= needs the weights to be opened again"):
        NluVectorizer(pipeline, threads=1).fit(TEXTS)


FORMS = {
    "list": list,
    "array": lambda texts: np.array(texts, object),
    "strings": np.array,
    "matrix of a column": lambda texts: np.array(texts, object)[:, None],
    "Series": lambda texts: pd.Series(texts, index=range(5, 5 + len(texts))),
    "frame": lambda texts: pd.DataFrame({"review": texts, "stars": 1}),
}


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_texts(form):
    np.testing.assert_array_equal(vectorizer().fit_transform(FORMS[form](TEXTS)), vectorizer().fit_transform(TEXTS))


def test_frames_come_out_with_the_index_of_the_texts():
    texts = FORMS["Series"](TEXTS)
    frame = vectorizer().set_output(transform="pandas").fit_transform(texts)
    assert frame.index.equals(texts.index)
    assert frame.columns[[0, -1]].tolist() == ["nluvectorizer0", "nluvectorizer15"]
    pl = vectorizer().set_output(transform="polars").fit_transform(TEXTS)
    assert (type(pl).__module__.partition(".")[0], pl.shape) == ("polars", (12, 16))


def test_a_column_of_a_frame_in_a_column_transformer():
    frame = pd.DataFrame({"review": TEXTS, "stars": LABELS}, index=range(20, 32))
    columns = ColumnTransformer([("text", vectorizer(), "review"), ("stars", StandardScaler(), ["stars"])])
    found = columns.set_output(transform="pandas").fit_transform(frame)
    assert found.shape == (12, 17)
    assert found.index.equals(frame.index)
    assert found.columns[[0, -1]].tolist() == ["text__nluvectorizer0", "stars__stars"]
    two = pd.DataFrame({"title": TEXTS, "body": TEXTS[::-1]})
    body = vectorizer(text_column="body").fit_transform(two)
    np.testing.assert_array_equal(body, vectorizer().fit_transform(TEXTS[::-1]))


def test_clone_and_parameters():
    original = vectorizer(layers=(0, -1))
    copy = clone(original.fit(TEXTS))
    assert copy.get_params() == original.get_params()
    assert not hasattr(copy, "dimension_")
    assert copy.set_params(pooling="mean").fit(TEXTS).dimension_ == 16
    assert NluVectorizer().reference is None


@pytest.mark.parametrize(
    "changed",
    [{"pooling": "first_last"}, {"normalize": True}, {"reference": "xx.embed.no_such_model"}, {"text_column": "body"}],
    ids=lambda changed: next(iter(changed)),
)
def test_parameters_that_are_set_after_fit_wait_for_the_next_fit(changed):
    frame = pd.DataFrame({"text": TEXTS, "body": TEXTS[::-1]})
    fitted = vectorizer().fit(frame)
    expected = fitted.transform(frame)
    np.testing.assert_array_equal(fitted.set_params(**changed).transform(frame), expected)
    assert len(fitted.get_feature_names_out()) == expected.shape[1]
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.transform(frame), expected)
    assert again.get_params() == fitted.get_params()


def test_parameters_take_effect_in_the_next_fit():
    fitted = vectorizer().fit(TEXTS).set_params(pooling="first_last")
    assert fitted.fit(TEXTS).transform(TEXTS).shape == (12, 32)
    with pytest.raises(UnknownReference):
        fitted.set_params(reference="xx.embed.no_such_model").fit(TEXTS)
    assert fitted.transform(TEXTS).shape == (12, 32)


def test_threads_are_those_of_the_call(openings):
    fitted = vectorizer().fit(TEXTS)
    np.testing.assert_array_equal(fitted.set_params(threads=1).transform(TEXTS), vectorizer().fit_transform(TEXTS))
    assert len(openings) == 2


APPLICABLE = [
    "check_estimator_cloneable",
    "check_valid_tag_types",
    "check_estimator_repr",
    "check_no_attributes_set_in_init",
    "check_parameters_default_constructible",
    "check_get_params_invariance",
    "check_set_params",
    "check_mixin_order",
]
"""The checks of scikit-learn that pass no numbers as X."""


@pytest.mark.parametrize("name", APPLICABLE)
def test_scikit_learns_own_checks(name):
    getattr(checks, name)("NluVectorizer", vectorizer())


def test_check_estimator_runs_what_it_has_for_texts():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SkipTestWarning)
        checks.check_estimator(vectorizer())


def test_it_must_be_fitted():
    with pytest.raises(NotFittedError):
        vectorizer().transform(TEXTS)
    with pytest.raises(NotFittedError):
        vectorizer().get_feature_names_out()


def test_a_model_is_opened_once_whatever_its_options(openings):
    for pooling in ("first", "mean"):
        vectorizer(pooling=pooling).fit(TEXTS).transform(TEXTS)
        pickle.loads(pickle.dumps(vectorizer(pooling=pooling).fit(TEXTS))).transform(TEXTS)
    assert openings == [(REFERENCE,)]
    vectorizer(threads=1).fit(TEXTS)
    assert len(openings) == 2


def test_the_first_classes_are_learnt():
    texts, labels = ["A cat.", "Dogs bark!"] * 6, [0, 1] * 6
    classifier = make_pipeline(vectorizer(), StandardScaler(), LogisticRegression())
    assert cross_val_score(classifier, texts, labels, cv=2).tolist() == [1, 1]


@pytest.mark.slow
def test_a_fitted_pipeline_is_dumped_without_weights(tmp_path):
    fitted = make_pipeline(vectorizer(), LogisticRegression()).fit(TEXTS, LABELS)
    joblib.dump(fitted, tmp_path / "model.joblib")
    assert (tmp_path / "model.joblib").stat().st_size < 10_000
    code = "import joblib, sys; print(joblib.load(sys.argv[1]).predict(['A cat.', 'Dogs bark!']).tolist())"
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "model.joblib")], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str(fitted.predict(["A cat.", "Dogs bark!"]).tolist())


def test_another_model_than_the_fitted_one_is_refused():
    fitted = vectorizer().fit(TEXTS)
    fitted.model_digest_ = "0" * 64
    with pytest.raises(IntegrityError, match=r"has other bytes than when fit was called.*Call fit again"):
        fitted.transform(TEXTS)


@pytest.mark.slow
def test_a_grid_search_in_two_processes(tmp_path):
    search = GridSearchCV(
        Pipeline([("texts", vectorizer(threads=1)), ("classes", LogisticRegression())]),
        {"texts__pooling": ["first", "mean"], "texts__layers": [(-1,), (0, -1)]},
        cv=2,
        n_jobs=2,
        error_score="raise",
    )
    with joblib.parallel_config("loky"):
        search.fit(TEXTS, LABELS)
    assert len(search.cv_results_["params"]) == 4
    assert search.predict(TEXTS).shape == (12,)
    joblib.externals.loky.get_reusable_executor().shutdown()


# --- bad input -------------------------------------------------------------------------------------------------------


def test_bad_texts_are_refused():
    fitted = vectorizer().fit(TEXTS)
    with pytest.raises(InputError, match="X is one str"):
        fitted.transform("A cat.")
    with pytest.raises(InputError, match="X is one str"):
        vectorizer().fit("A cat.")
    with pytest.raises(InputError, match="there is no text in rows 1, 2"):
        fitted.transform(["a", None, float("nan")])
    with pytest.raises(InputError, match=r"ndarray and shape \(2, 3\)"):
        fitted.transform(np.ones((2, 3)))
    assert fitted.transform([]).shape == (0, 16)


def test_bad_parameters_are_refused_by_fit():
    with pytest.raises(OptionError, match="pooling='maen'"):
        vectorizer(pooling="maen").fit(TEXTS)
    with pytest.raises(UnknownReference):
        NluVectorizer("xx.embed.no_such_model").fit(TEXTS)
    with pytest.raises(OptionError, match="the pipeline has no model"):
        NluVectorizer("en.tokenize").fit(TEXTS)
