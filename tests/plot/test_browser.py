"""Pages in a real Chromium: marks are drawn, hover texts are right, and no request leaves the page."""

import json
import re
import shutil
import subprocess
from html import unescape

import pytest

from tests.plot.frames import tokens

pytestmark = pytest.mark.browser

FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--enable-unsafe-swiftshader", "--disable-quic"),
    *("--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--host-resolver-rules=MAP * ~NOTFOUND", "--virtual-time-budget=10000", "--window-size=900,640"),
]
SCRIPT = "<script>document.title='owned'</script><img src=https://example.com/x onerror=document.title='owned'>"
OUTSIDE = re.compile(r"^(?:https?|wss?|ftp)://")


def open_page(path, tmp_path, *more):
    """Open a page, and return its document when all scripts have run, and the addresses that it requested."""
    log = tmp_path / "net.json"
    command = [shutil.which("chromium") or "chromium", *FLAGS, f"--user-data-dir={tmp_path / 'profile'}"]
    command += [f"--log-net-log={log}", "--dump-dom", *more, path.as_uri()]
    done = subprocess.run(command, capture_output=True, timeout=120, check=True)
    return done.stdout.decode(), find_requests(log.read_text(encoding="utf-8", errors="replace"))


def find_requests(log):
    """Return the addresses that pages requested; those of Chromium itself have no origin."""
    events = [json.loads(line.rstrip(",]}") + "}") for line in log.splitlines() if '"initiator"' in line]
    return [event["params"]["url"] for event in events if event["params"]["initiator"] != "not an origin"]


def drawn(picture, tmp_path):
    """Return the document of a picture, after checking that nothing outside was requested."""
    page, addresses = open_page(picture.save(tmp_path / "page.html"), tmp_path)
    assert [one for one in addresses if OUTSIDE.match(one)] == []
    return page


def test_a_request_to_the_outside_would_be_seen(tmp_path):
    (tmp_path / "page.html").write_text("<img src=https://example.com/x.png>", encoding="utf-8")
    _, addresses = open_page(tmp_path / "page.html", tmp_path)
    assert "https://example.com/x.png" in addresses


def test_a_scatter_plot_has_marks_and_labels(tmp_path):
    frame = tokens(kind=["a", "b", "a", "b", "a", "b", "a"])
    page = drawn(frame.nlu.plot(color="kind", by="kind", title="Two kinds"), tmp_path)
    assert len(re.findall(r'<path class="point"', page)) == 7 + 2
    labels = [unescape(re.sub("<.*?>", "", one)) for one in re.findall(r'<g class="textpoint".*?</g>', page)]
    assert set(frame["token"]) < set(labels)
    assert "Two kinds" in page
    assert "PCA of 7 rows" in page
    assert "mean of a" in page


def test_plots_in_three_dimensions_are_drawn(tmp_path):
    page = drawn(tokens().nlu.plot(dimensions=3), tmp_path)
    assert "<canvas" in page
    assert "WebGL is not supported" not in re.sub(r"(?s)<(script|style).*?</\1>", "", page)


def test_a_heat_map_has_cells_and_tokens(tmp_path):
    page = drawn(tokens().nlu.heatmap(tokens(["The dog.", "No!"])), tmp_path)
    assert 'class="heatmaplayer' in page
    assert "data:image/png" in page
    ticks = [re.sub("<.*?>", "", one).strip("\u2068\u2069") for one in re.findall(r'<g class="[xy]tick">.*?</g>', page)]
    assert ticks == ["The", "dog", ".", "No", "!", *tokens()["token"]]


HOVER = """<script>
addEventListener("load", () => setTimeout(() => {
    Plotly.Fx.hover("picture", [{curveNumber: 0, pointNumber: 1}]);
}, 500));
</script>"""


def test_hover_shows_the_token_in_its_sentence(tmp_path):
    picture = tokens(["A <b>cat</b> & co"]).nlu.plot()
    (tmp_path / "page.html").write_text(picture.to_html().replace("</body>", f"{HOVER}</body>"), encoding="utf-8")
    page, _ = open_page(tmp_path / "page.html", tmp_path)
    [hover] = re.findall(r'<g class="hoverlayer">(.*?)</g></g>', page, re.DOTALL)
    text = unescape(re.sub("<.*?>", "", hover)).translate({0x2068: None, 0x2069: None})
    assert text == "<b>cat</b>A <b>cat</b> & co"


def test_a_token_view_has_the_text_its_direction_and_hover_texts(tmp_path):
    page = drawn(tokens(["A cat sat.", "البنك رفض"]).nlu.html([1, 0, 0, 0]), tmp_path)
    assert len(re.findall(r"<span style=\"--a:[\d.]+\" title=", page)) == 6
    assert 'title="cat\nsimilarity' in page
    assert "البنك" in page


@pytest.mark.parametrize("kind", ["plot", "heatmap", "html"])
def test_scripts_in_the_data_do_not_run(tmp_path, kind):
    frame = tokens(kind=SCRIPT).assign(token=SCRIPT).rename(columns={"kind": SCRIPT})
    pictures = {
        "plot": lambda: frame.nlu.plot(color=SCRIPT, by=SCRIPT, labels=SCRIPT, title=SCRIPT),
        "heatmap": lambda: frame.nlu.heatmap(title=SCRIPT),
        "html": lambda: frame.nlu.html([1, 0, 0, 0], title=SCRIPT),
    }
    page = drawn(pictures[kind](), tmp_path)
    assert re.findall("<title>(.*?)</title>", page) != ["owned"]
    assert "<img" not in page.replace(json.dumps(SCRIPT), "")


def test_a_notebook_shows_a_plot_in_a_frame(tmp_path):
    (tmp_path / "page.html").write_text(tokens().nlu.plot()._repr_html_(), encoding="utf-8")
    page, addresses = open_page(tmp_path / "page.html", tmp_path)
    assert "<iframe" in page
    assert [one for one in addresses if OUTSIDE.match(one)] == []
