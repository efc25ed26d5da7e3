"""Files that are broken, strange, or not what they seem: made when the tests run, so that the repository holds no bomb.

Each function is one submission. It gets the folder for what its student hands in, and the solved notebook as text, and says
what comes of it: words of the sentence by which the file is refused, or nothing if it is read, and everything is right.
"""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ["FILES", "NEIGHBOUR"]

NAME = "92_count_the_classes.ipynb"
NEIGHBOUR = "000-a-honest"  # whose marks some try to change
FILES: dict[str, tuple[Callable[[Path, str], Any], str]] = {}


def _file(refused: str = "") -> Callable:
    def known(make: Callable[[Path, str], Any]) -> Callable:
        FILES[f"file_{make.__name__}"] = (make, refused)
        return make

    return known


def _changed(text: str, **fields: Any) -> dict[str, Any]:
    return {**json.loads(text), **fields}


def _write(folder: Path, content: Any) -> None:
    text = content if isinstance(content, (str, bytes)) else json.dumps(content)
    (folder / NAME).write_bytes(text.encode() if isinstance(text, str) else text)


# damaged


@_file("is empty")
def empty(folder: Path, text: str) -> None:
    _write(folder, "")


@_file("is empty")
def only_spaces(folder: Path, text: str) -> None:
    _write(folder, " \n\t\n" * 1000)


@_file("is damaged at line")
def cut_short(folder: Path, text: str) -> None:
    _write(folder, text[: len(text) // 2])


@_file("is damaged at line")
def merge_conflict(folder: Path, text: str) -> None:
    at = text.index('"source"')
    _write(folder, f"{text[:at]}\n<<<<<<< HEAD\n{text[at:]}")


@_file("is damaged at line")
def all_zeros(folder: Path, text: str) -> None:
    _write(folder, b"\0" * 10_000)


@_file("is damaged at line")
def a_letter_to_the_teacher(folder: Path, text: str) -> None:
    _write(folder, "Dear teacher, my notebook is on my other computer.")


@_file("is no notebook")
def a_list(folder: Path, text: str) -> None:
    _write(folder, [json.loads(text)])


@_file("number that cannot be read")
def a_number_of_5000_digits(folder: Path, text: str) -> None:
    _write(folder, '{"nbformat": ' + "9" * 5000 + "}")


@_file("nested too deeply")
def nested_deeply(folder: Path, text: str) -> None:
    _write(folder, "[" * 200_000)


@_file("too many parts")
def two_million_lists(folder: Path, text: str) -> None:
    _write(folder, "[" + "[]," * 2_000_000 + "[]]")


@_file("larger than 20 MB")
def huge(folder: Path, text: str) -> None:
    picture = {"output_type": "display_data", "metadata": {}, "data": {"image/png": "A" * 21_000_000}}
    cells = json.loads(text)["cells"]
    cells[1]["outputs"] = [picture]
    _write(folder, _changed(text, cells=cells))


@_file("larger than 20 MB")
def ten_gigabytes_of_nothing(folder: Path, text: str) -> None:
    with open(folder / NAME, "wb") as file:
        file.truncate(10 * 2**30)


@_file("letters of code")
def data_pasted_into_the_code(folder: Path, text: str) -> None:
    _write(folder, text.replace('slide = \\"b\\"', "data = [" + "1, " * 300_000 + "]"))


@_file("1,019 cells")
def a_thousand_cells(folder: Path, text: str) -> None:
    empty = {"cell_type": "code", "id": "x", "metadata": {}, "outputs": [], "execution_count": None, "source": "1"}
    _write(folder, _changed(text, cells=json.loads(text)["cells"] + [empty] * 1000))


@_file("no cells")
def cells_are_an_object(folder: Path, text: str) -> None:
    _write(folder, _changed(text, cells={"0": json.loads(text)["cells"]}))


@_file("no cells that can be read")
def cells_of_other_kinds(folder: Path, text: str) -> None:
    _write(folder, _changed(text, cells=[None, 1, "check", [], {"cell_type": {}}]))


# strange, but to be read


@_file()
def with_a_mark_of_utf_8(folder: Path, text: str) -> None:
    _write(folder, text.encode("utf-8-sig"))


@_file()
def in_utf_16(folder: Path, text: str) -> None:
    _write(folder, text.encode("utf-16"))


@_file()
def in_latin_1(folder: Path, text: str) -> None:
    _write(folder, text.replace("# Count", "# Größe: Count").encode("latin-1"))


@_file()
def with_lines_of_windows(folder: Path, text: str) -> None:
    _write(folder, text.replace("\\n", "\\r\\n").replace("\n", "\r\n"))


@_file()
def with_half_letters(folder: Path, text: str) -> None:
    _write(folder, text.replace('slide = \\"b\\"', '# \\ud83d \\u202e\\nslide = \\"b\\"'))


@_file()
def with_numbers_that_json_does_not_know(folder: Path, text: str) -> None:
    _write(folder, _changed(text, metadata={"zoom": float("nan"), "height": float("inf"), "seed": 10**400}))


@_file()
def of_nbformat_3(folder: Path, text: str) -> None:
    cells = [{**cell, "input": cell["source"], "language": "python"} for cell in json.loads(text)["cells"]]
    for cell in cells:
        del cell["source"], cell["id"]
    _write(folder, {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": [{"cells": cells}]})


@_file()
def of_nbformat_9(folder: Path, text: str) -> None:
    _write(folder, _changed(text, nbformat=9, nbformat_minor=99, ai={"summary": "…"}, metadata=None))


@_file()
def without_ids(folder: Path, text: str) -> None:
    cells = json.loads(text)["cells"]
    for cell in cells:
        del cell["id"]
    _write(folder, _changed(text, cells=cells, nbformat_minor=4))


@_file()
def with_one_id_for_all(folder: Path, text: str) -> None:
    _write(folder, _changed(text, cells=[{**cell, "id": "ex92-02"} for cell in json.loads(text)["cells"]]))


@_file()
def with_ids_of_other_cells(folder: Path, text: str) -> None:
    cells = json.loads(text)["cells"]
    ids = [cell["id"] for cell in cells]
    _write(folder, _changed(text, cells=[{**cell, "id": other} for cell, other in zip(cells, ids[::-1], strict=True)]))


@_file()
def with_every_cell_twice(folder: Path, text: str) -> None:
    _write(folder, _changed(text, cells=[cell for cell in json.loads(text)["cells"] for _ in range(2)]))


@_file()
def with_the_last_cell_first(folder: Path, text: str) -> None:
    _write(folder, _changed(text, cells=json.loads(text)["cells"][::-1]))


@_file()
def with_tags_that_skip_cells(folder: Path, text: str) -> None:
    tags = {"tags": ["skip-execution", "nbval-skip", "raises-exception", "answer", "solution", "instructor"]}
    _write(folder, _changed(text, cells=[{**cell, "metadata": tags} for cell in json.loads(text)["cells"]]))


@_file()
def with_another_kernel(folder: Path, text: str) -> None:
    kernel = {"kernelspec": {"name": "bash", "display_name": "", "language": "bash"}, "language_info": {"name": "R"}}
    _write(folder, _changed(text, metadata=kernel))


# not the notebook


@_file("is no notebook")
def a_script(folder: Path, text: str) -> None:
    (folder / "92_count_the_classes.py").write_text("slide = 'b'")


@_file("is no notebook")
def a_pdf(folder: Path, text: str) -> None:
    (folder / "92_count_the_classes.pdf").write_bytes(b"%PDF-1.7")


@_file("is a link")
def a_link_to_the_neighbour(folder: Path, text: str) -> None:
    (folder / NAME).symlink_to(f"../{NEIGHBOUR}/{NAME}")


@_file("is a link")
def a_link_to_all_of_the_neighbours(folder: Path, text: str) -> None:
    (folder / "92").symlink_to("..", target_is_directory=True)


@_file("is no ordinary file")
def a_pipe(folder: Path, text: str) -> None:
    os.mkfifo(folder / NAME)


@_file("folders deep")
def deep_in_folders(folder: Path, text: str) -> None:
    deep = folder / "/".join("d" * 30)
    deep.mkdir(parents=True)
    _write(deep, text)


@_file()
def beside_old_copies(folder: Path, text: str) -> None:
    (folder / ".ipynb_checkpoints").mkdir()
    (folder / ".ipynb_checkpoints" / "92_count_the_classes-checkpoint.ipynb").write_text("{}")
    (folder / f"._{NAME}").write_bytes(b"\0\5\26\7")
    _write(folder, text)


@_file()
def after_a_worse_attempt(folder: Path, text: str) -> None:
    for number, content in (("9", "{"), ("10", text)):
        (folder / f"attempt_{number}").mkdir()
        _write(folder / f"attempt_{number}", content)


@_file()
def with_a_hostile_name(folder: Path, text: str) -> None:
    (folder / "=cmd|' C calc'!A0 <img src=x onerror=window.hacked=1>\n\u202e\x1b[31m 92.ipynb").write_text(text)


@_file()
def from_after_the_end_of_time(folder: Path, text: str) -> None:
    _write(folder, text)
    os.utime(folder / NAME, (2**33, 2**33))


@_file("is damaged at line")
def in_the_neighbours_name(folder: Path, text: str) -> None:
    (folder / NEIGHBOUR).mkdir()
    (folder / NEIGHBOUR / NAME).write_text("{ not yours")


# archives


def _zip(folder: Path, entries: dict[str, Any], packed: int = zipfile.ZIP_DEFLATED, name: str = "mine.zip") -> Path:
    with zipfile.ZipFile(folder / name, "w", packed) as archive:
        for entry, content in entries.items():
            archive.writestr(entry, content)
    return folder / name


@_file()
def in_an_archive_in_an_archive(folder: Path, text: str) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr(f"my homework/{NAME}", text)
    _zip(folder, {"inner.zip": inner.getvalue()})


@_file("archives deep")
def in_too_many_archives(folder: Path, text: str) -> None:
    content, name = text.encode(), NAME
    for level in range(8):
        inner = io.BytesIO()
        with zipfile.ZipFile(inner, "w") as archive:
            archive.writestr(name, content)
        content, name = inner.getvalue(), f"level_{level}.zip"
    (folder / "mine.zip").write_bytes(content)


@_file("times its size")
def a_zip_bomb(folder: Path, text: str) -> None:
    with zipfile.ZipFile(folder / "mine.zip", "w", zipfile.ZIP_DEFLATED) as archive, archive.open(NAME, "w") as file:
        for _ in range(50):
            file.write(bytes(2**20))


@_file("more than 200 MB")
def a_zip_bomb_of_archives(folder: Path, text: str) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(10):
            archive.writestr(f"{number}.ipynb", bytes(15 * 2**20))
    _zip(folder, {f"{number}.zip": inner.getvalue() for number in range(10)})


@_file("leads out of its archive")
def an_archive_that_climbs(folder: Path, text: str) -> None:
    _zip(folder, {f"../{NEIGHBOUR}/{NAME}": "{", f"../../../../../../tmp/{NAME}": "{"})


@_file("leads out of its archive")
def an_archive_from_the_root(folder: Path, text: str) -> None:
    _zip(folder, {f"/tmp/{NAME}": "{", f"C:\\Users\\{NAME}": "{"})


@_file("is a link")
def an_archive_with_a_link(folder: Path, text: str) -> None:
    entry = zipfile.ZipInfo(NAME)
    entry.create_system, entry.external_attr = 3, 0o120777 << 16
    with zipfile.ZipFile(folder / "mine.zip", "w") as archive:
        archive.writestr(entry, "/etc/passwd")


@_file("password")
def an_archive_with_a_password(folder: Path, text: str) -> None:
    path = _zip(folder, {NAME: text})
    content = bytearray(path.read_bytes())
    for mark, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        content[content.index(mark) + at] |= 1
    path.write_bytes(content)


@_file("unusual way")
def an_archive_of_another_kind(folder: Path, text: str) -> None:
    _zip(folder, {NAME: text}, zipfile.ZIP_LZMA)


@_file("no zip archive that can be opened")
def half_an_archive(folder: Path, text: str) -> None:
    path = _zip(folder, {NAME: text})
    path.write_bytes(path.read_bytes()[:-100])


@_file("damaged in its archive")
def an_archive_with_a_wrong_checksum(folder: Path, text: str) -> None:
    path = _zip(folder, {NAME: text}, zipfile.ZIP_STORED)
    content = path.read_bytes()
    path.write_bytes(content.replace(b"capacity", b"capacitY", 1))


@_file("is damaged at line")  # one of the first thousand; the others are not looked at
def an_archive_of_many_files(folder: Path, text: str) -> None:
    _zip(folder, {f"{number}/{NAME}": "{" for number in range(1_200)})
