"""The recipe for Dask of the page on engines."""

import re
from pathlib import Path

import dask.dataframe
import pandas as pd
import pytest

import nlu_lite
from nlu_lite import InputError

pytestmark = [pytest.mark.engines, pytest.mark.slow, pytest.mark.filterwarnings("ignore::Warning")]
PAGE = Path(__file__).parents[2] / "docs" / "engines.md"


def test_the_recipe_of_the_page_runs_in_each_partition():
    page = PAGE.read_text(encoding="utf-8")
    (recipe,) = re.findall(r"each partition of a frame:\n\n```python\n(.*?)```", page, re.DOTALL)
    texts = pd.DataFrame({"id": range(6), "text": [f"Text number {n}." for n in range(6)]})
    frame = dask.dataframe.from_pandas(texts, npartitions=3)
    lines = recipe.rstrip().splitlines()
    lines[-1] = f"result = {lines[-1]}"
    scope = {"pipe": nlu_lite.load("en.sentence_detector"), "frame": frame}
    exec("\n".join(lines), scope)
    assert scope["result"].compute(scheduler="sync")["document"].tolist() == texts["text"].tolist()


def test_frames_of_dask_are_refused_where_they_would_be_collected():
    frame = dask.dataframe.from_pandas(pd.DataFrame({"text": ["One."]}), npartitions=1)
    for data in (frame, frame["text"]):
        with pytest.raises(InputError, match=r"of dask.*map_partitions"):
            nlu_lite.load("en.tokenize").predict(data)
