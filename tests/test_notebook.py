"""The normal form of notebooks: the same content is the same file, on every machine, whoever saved it."""

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from opscourse import notebook
from opscourse.errors import OpsCourseError


def saved_in_jupyterlab():
    """A notebook with all that JupyterLab, a widget and a run leave in it."""
    shown = [
        new_output("stream", name="stdout", text="1\n"),
        new_output("stream", name="stdout", text="2\n"),
        new_output("display_data", {notebook.WIDGET: {"model_id": "4f1c"}, "text/plain": "interactive(…)"}),
        new_output("display_data", {"image/png": "iVBO"}, metadata={"image/png": {"width": 800}}),
    ]
    timing = {"execution": {"iopub.execute_input": "2026-01-01T00:00:00Z"}, "tags": ["answer", "mine"]}
    return new_notebook(
        metadata={"widgets": {"state": {}}, "language_info": {"name": "python", "version": "3.11.7"}},
        cells=[
            new_markdown_cell("# A", metadata={"editable": True}),
            new_code_cell("1", metadata=timing, outputs=shown, execution_count=1),
        ],
    )


def test_nothing_of_the_machine_or_the_editor_stays():
    normal = notebook.normalise(saved_in_jupyterlab(), "l04")
    assert [cell.id for cell in normal.cells] == ["l04-01", "l04-02"]
    assert [cell.metadata for cell in normal.cells] == [{}, {"tags": ["answer"]}]
    assert normal.metadata == {"kernelspec": notebook.KERNEL, "language_info": {"name": "python"}}
    stream, image = normal.cells[1].outputs
    assert stream.text == "1\n2\n"
    assert (image.data, image.metadata) == ({"image/png": "iVBO"}, {})
    nbformat.validate(normal)


def test_normal_is_normal():
    once = notebook.normalise(saved_in_jupyterlab(), "l04")
    assert notebook.normalise(once.copy(), "l04") == once


def test_running_a_notebook_stores_its_outputs_in_normal_form_and_changes_nothing_the_second_time(tmp_path):
    path = tmp_path / "04_a.ipynb"
    sources = ["from ipywidgets import interact\nprint(6 * 7)", "interact(lambda x: print(x), x=3);"]
    nbformat.write(new_notebook(cells=[new_code_cell(source) for source in sources]), path)
    assert not notebook.is_normal(path)
    notebook.execute(path)
    assert notebook.is_normal(path)
    first, demo = notebook.read(path).cells
    assert (first.execution_count, first.outputs[0].text) == (1, "42\n")
    assert demo.outputs == []
    stored = path.read_bytes()
    notebook.execute(path)
    assert path.read_bytes() == stored


def test_a_notebook_that_fails_stays_as_it_was_and_its_error_is_shown(tmp_path, capsys):
    path = tmp_path / "04_a.ipynb"
    notebook.write(new_notebook(cells=[new_code_cell("1 / 0")]), path)
    stored = path.read_bytes()
    with pytest.raises(CellExecutionError):
        notebook.execute(path)
    assert notebook.main([str(path)]) == 1
    assert "ZeroDivisionError" in capsys.readouterr().err
    assert path.read_bytes() == stored
    assert [file.name for file in tmp_path.iterdir()] == ["04_a.ipynb"]


def test_check_names_what_is_not_in_normal_form_and_writes_nothing(tmp_path, capsys):
    path = tmp_path / "04_a.ipynb"
    nbformat.write(saved_in_jupyterlab(), path)
    stored = path.read_bytes()
    assert notebook.main(["--check", str(path)]) == 1
    assert "opscourse build notebooks 04_a.ipynb" in capsys.readouterr().err
    assert path.read_bytes() == stored


@pytest.mark.parametrize("content", [None, "not JSON"])
def test_a_notebook_that_is_missing_or_damaged_is_said_in_a_sentence(tmp_path, content):
    path = tmp_path / "04_a.ipynb"
    if content:
        path.write_text(content)
    with pytest.raises(OpsCourseError, match=r"04_a\.ipynb"):
        notebook.read(path)


def test_a_notebook_without_number_is_refused(tmp_path):
    with pytest.raises(OpsCourseError, match="has no number"):
        notebook.id_prefix(tmp_path / "retention.ipynb")
