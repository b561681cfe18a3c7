"""The notebook runs from its first cell to its last on the tiny folder it makes itself."""

from __future__ import annotations

import json
import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from deepfake_detector.models.bundle import Bundle

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "kaggle.ipynb"


def test_it_is_kept_without_outputs() -> None:
    cells = nbformat.read(NOTEBOOK, 4).cells
    assert not [cell for cell in cells if cell.cell_type == "code" and (cell.outputs or cell.execution_count)]


@pytest.mark.skipif(Path("/kaggle/input").is_dir(), reason="there it would read Kaggle's data")
def test_it_trains_evaluates_and_explains(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Path(__file__).parents[1] / "src"
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(source), os.environ.get("PYTHONPATH", "")]))
    notebook = nbformat.read(NOTEBOOK, 4)
    NotebookClient(notebook, timeout=900, resources={"metadata": {"path": str(tmp_path)}}).execute()
    printed = "".join(
        output.text for cell in notebook.cells for output in cell.get("outputs", ()) if output.output_type == "stream"
    )
    assert "Polarity: what is labelled fake" in printed
    assert "Metadata alone" in printed
    assert set(Bundle.load(tmp_path / "mine.h5").about["data"]["training pictures"]) == {"tiny real", "tiny fake"}
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert {"mine", "default"} <= set(json.dumps(report).replace('"', " ").split())
    assert (tmp_path / "report.html").stat().st_size > 10_000
    explained = next(cell for cell in notebook.cells if cell.get("id") == "explain")
    assert any("image/png" in output.get("data", {}) for output in explained.outputs)
    words = "".join(output.get("text", "") for output in explained.outputs)
    assert "Speaks for" in words or "No region by itself" in words
