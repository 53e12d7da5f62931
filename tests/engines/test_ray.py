"""`nlu_lite.ray` on a real Ray, with actors."""

import os
import shutil

# Read when ray is imported.
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # nothing is reported
os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"  # one machine, on loopback: else Ray finds another address

import pyarrow as pa
import pytest
import ray

import nlu_lite
import nlu_lite.ray
from nlu_lite import InputError, OptionError
from tests.engines.corpus import LEVEL, MODEL, assert_equal, build_table
from tests.engines.processes import build_pause, killing, list_foreign_addresses

pytestmark = [pytest.mark.engines, pytest.mark.slow, pytest.mark.filterwarnings("ignore::Warning")]


@pytest.fixture(scope="module", autouse=True)
def _cluster(tmp_path_factory):
    sent = tmp_path_factory.mktemp("sent")  # the recipe of the page on engines
    nlu_lite.load(MODEL, threads=1).save(sent / "weights", weights=True)
    ray.init(
        runtime_env={"working_dir": str(sent)},
        num_cpus=2,
        include_dashboard=False,
        _node_ip_address="127.0.0.1",
        log_to_driver=False,
        object_store_memory=100_000_000,
    )
    ray.data.DataContext.get_current().enable_progress_bars = False
    yield
    ray.shutdown()


@pytest.fixture(scope="module")
def pipeline():
    return nlu_lite.load(MODEL, threads=1)


def collect(dataset):
    return pa.concat_tables(ray.get(dataset.to_arrow_refs()))


def dataset_of(table, blocks):
    size = -(-len(table) // blocks)
    return ray.data.from_arrow([table.slice(first, size) for first in range(0, len(table), size)])


def test_the_result_is_that_of_predict(pipeline):
    table = build_table(300)
    dataset = ray.data.from_arrow([table.slice(0, 10), table.slice(10)])
    found = collect(nlu_lite.ray.predict(dataset, pipeline, workers=2, batch_size=40, **LEVEL))
    assert_equal(found, pipeline.predict(table, as_="arrow", **LEVEL))


DOCUMENTS = build_table(3000)


@pytest.fixture(scope="module")
def reproducible(pipeline):
    return pipeline.with_(reproducible=True)


@pytest.fixture(scope="module")
def expected(reproducible):
    return reproducible.predict(DOCUMENTS, as_="arrow", **LEVEL)


@pytest.mark.parametrize("blocks", [1, 9])
def test_3000_documents_in_many_languages_have_the_result_of_predict_bit_for_bit(reproducible, expected, blocks):
    dataset = dataset_of(DOCUMENTS, blocks)
    found = collect(nlu_lite.ray.predict(dataset, reproducible, workers=2, **LEVEL))
    assert_equal(found, expected, atol=0)


def test_nothing_is_lost_when_an_actor_is_killed_in_the_middle(reproducible, expected, tmp_path, monkeypatch):
    build, pause = nlu_lite.ray._build_worker, build_pause(tmp_path / "paused")

    def build_pausing():
        class Pausing(build()):
            calls = 0

            def __call__(self, table):
                self.calls += 1
                if self.calls == 2:
                    pause()
                return super().__call__(table)

        return Pausing

    monkeypatch.setattr(nlu_lite.ray, "_build_worker", build_pausing)
    dataset = dataset_of(DOCUMENTS, 9)
    with killing(tmp_path / "paused") as killed:
        found = collect(nlu_lite.ray.predict(dataset, reproducible, workers=2, **LEVEL))
    assert len(killed) == 1
    assert_equal(found, expected, atol=0)


def test_ray_uses_loopback_only(pipeline):
    assert not list_foreign_addresses()


def test_blocks_of_another_schema_are_refused(pipeline):
    one, number = pa.table({"id": [1], "text": ["One."]}), pa.table({"id": [2], "text": [5]})
    with pytest.raises(InputError, match=r"blocks of the dataset have different schemas.*int64.*Cast the columns"):
        nlu_lite.ray.predict(ray.data.from_arrow([one, number]), pipeline, workers=1)
    other = ray.data.from_arrow([one, pa.table({"id": [2], "body": ["Two."]})])
    with pytest.raises(Exception, match=r"the row id='2', .*, process \d+: there is no text"):
        nlu_lite.ray.predict(other, pipeline, workers=1).materialize()


def test_weights_come_in_the_working_directory_of_the_actors(tmp_path):
    shutil.copytree(MODEL.removeprefix("path:"), tmp_path / "model")
    moved, table = nlu_lite.load(f"path:{tmp_path / 'model'}", threads=1), build_table(20)
    expected = moved.predict(table, as_="arrow", **LEVEL)
    shutil.rmtree(tmp_path / "model")
    dataset = ray.data.from_arrow(table)
    found = collect(nlu_lite.ray.predict(dataset, moved, workers=1, archive="weights", **LEVEL))
    assert_equal(found, expected, column=moved.models[0].column)
    for archive, text in ((None, "SourceError: host .*model"), ("missing", "SourceError: host .*missing")):
        with pytest.raises(Exception, match=text):
            nlu_lite.ray.predict(dataset, moved, workers=1, archive=archive, **LEVEL).materialize()


@pytest.mark.parametrize(
    ("table", "options", "text"),
    [
        (pa.table({"id": [1]}), {}, "no column is called 'text'"),
        (pa.table({"text": [1]}), {}, "the column 'text' is of type int64"),
        (pa.table({"body": ["One."]}), {"text_column": "bodi"}, "text_column='bodi' is no column"),
        (pa.table({"text": ["One."], "token": ["a"]}), {}, r"the columns \['token'\] have the names"),
    ],
)
def test_datasets_that_do_not_fit_are_refused_before_anything_runs(pipeline, table, options, text):
    with pytest.raises(InputError, match=text):
        nlu_lite.ray.predict(ray.data.from_arrow(table), pipeline, workers=1, **options)


def test_a_callable_that_actors_cannot_import_is_refused(pipeline):
    words = pipeline.with_(tokenizer=lambda text: [(0, len(text))])
    with pytest.raises(OptionError, match="cannot be imported by other processes"):
        nlu_lite.ray.predict(ray.data.from_arrow(build_table(2)), words, workers=1)


def test_rows_of_a_megabyte_and_without_words(pipeline):
    table = pa.table({"id": [0, 1, 2], "text": ["word " * 210_000, "", "Short."]})
    found = collect(
        nlu_lite.ray.predict(ray.data.from_arrow(table), pipeline, workers=1, output_level="document", lang="en")
    )
    assert sorted(found["id"].to_pylist()) == [0, 2]


def test_models_on_gpus_need_a_backend_that_runs_there():
    dataset = ray.data.from_arrow(build_table(2))
    with pytest.raises(OptionError, match="device='cuda' with backend=\"openvino\""):
        nlu_lite.ray.predict(dataset, nlu_lite.load(MODEL, backend="openvino"), workers=1, gpus=1)


def test_300_documents_with_the_packaged_model():
    packaged = nlu_lite.load(threads=1)
    table, column = build_table(300), packaged.models[0].column
    dataset = dataset_of(table, 2)
    found = collect(nlu_lite.ray.predict(dataset, packaged, workers=2, **LEVEL))
    assert_equal(found, packaged.predict(table, as_="arrow", **LEVEL), column=column)


def test_an_error_of_an_actor_names_row_host_and_remedy(pipeline):
    dataset = ray.data.from_arrow(pa.table({"id": [6, 7], "text": ["One.", None]}))
    with pytest.raises(Exception, match=r"the row id='7', host .*, process \d+: there is no text(.|\n)*skip"):
        nlu_lite.ray.predict(dataset, pipeline, workers=1).materialize()


def test_datasets_of_ray_are_refused_where_they_would_be_collected(pipeline):
    dataset = ray.data.from_arrow(build_table(2))
    with pytest.raises(InputError, match=r"of ray.*Call nlu_lite\.ray\.predict"):
        pipeline.predict(dataset)
    with pytest.raises(InputError, match="expected a Dataset of Ray"):
        nlu_lite.ray.predict(build_table(2), pipeline, workers=1)
    with pytest.raises(OptionError, match="workers=0"):
        nlu_lite.ray.predict(dataset, pipeline, workers=0)
