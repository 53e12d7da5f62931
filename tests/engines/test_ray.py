"""`nlu_lite.ray` on a real Ray, with actors."""

import os

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # nothing is reported; read when ray is imported

import pyarrow as pa
import pytest
import ray

import nlu_lite
import nlu_lite.ray
from nlu_lite import InputError, OptionError
from tests.engines.corpus import LEVEL, MODEL, assert_equal, build_table

pytestmark = [pytest.mark.engines, pytest.mark.slow, pytest.mark.filterwarnings("ignore::Warning")]


@pytest.fixture(scope="module", autouse=True)
def _cluster():
    ray.init(
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


def test_the_result_is_that_of_predict(pipeline):
    table = build_table(300)
    dataset = ray.data.from_arrow([table.slice(0, 10), table.slice(10)])
    found = collect(nlu_lite.ray.predict(dataset, pipeline, workers=2, batch_size=40, **LEVEL))
    assert_equal(found, pipeline.predict(table, as_="arrow", **LEVEL))


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
