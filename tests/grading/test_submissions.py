"""Every file that was handed in is found, given to its student or reported, whatever else lies beside it."""

import io
import os
import random
import shutil
import stat
import struct
import sys
import time
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from opscourse.errors import DataFileError, DataUnavailable
from opscourse.grading import submissions
from opscourse.grading.records import Student
from opscourse.grading.submissions import found

EXERCISES = Path(__file__).parents[2] / "exercises"
FOUR = (EXERCISES / "data/04_read_a_retention_curve.ipynb").read_bytes()
NINE = (EXERCISES / "product/09_judge_a_quality_claim.ipynb").read_bytes()
LESSON = (EXERCISES.parent / "notebooks/data/04_read_a_retention_curve.ipynb").read_bytes()
CLASS = [
    Student("ada", "Ada Mulberry", canvas_id="12345", moodle_id="123456"),
    Student("bo", "Bo Quince", canvas_id="12399", moodle_id="123999"),
    Student("cy-2", "Cy Maria Medlar"),
    Student("m.rowan@example.org", "Mei Rowan"),
    Student("20250017", "苏 小梅"),
    Student("7", "Robin Haw"),
    Student("sam1", "Sam Sloe"),
    Student("sam2", "Sam Sloe"),
]


def write(root, **files):
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def zipped(files):
    """A zip: name or ZipInfo -> content."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items() if isinstance(files, dict) else files:
            archive.writestr(name, content)
    return file.getvalue()


def saved(path, content):
    path.write_bytes(content)
    return path


def seen(attempts):
    return [(attempt.student, attempt.exercise, attempt.number, attempt.origin) for attempt in attempts]


def problems(attempts, student):
    return [attempt.problem for attempt in attempts if attempt.student == student and attempt.problem]


def good(attempts, student="bo"):
    return [attempt.origin for attempt in attempts if attempt.student == student and not attempt.problem]


# Whose


WHOSE = {
    "ada/04.ipynb": "ada",
    "ADA/04.ipynb": "ada",
    "ada.ipynb": "ada",
    "04_ada.ipynb": "ada",
    "ada_04.ipynb": "ada",
    "ada-exercise 4 (1).ipynb": "ada",
    "ada/attempt_2/x.ipynb": "ada",
    "section b/ada/04.ipynb": "ada",
    "submitted/ada/retention/x.ipynb": "ada",
    "Ada Mulberry.ipynb": "ada",
    "Mulberry, Ada/04.ipynb": "ada",
    "04_mulberry_ada.ipynb": "ada",
    "Medlar_Cy_Maria_04.ipynb": "cy-2",
    "cy-2_04.ipynb": "cy-2",
    "m.rowan@example.org.ipynb": "m.rowan@example.org",
    "苏小梅_04.ipynb": "20250017",
    "20250017-苏小梅.ipynb": "20250017",
    "7/x.ipynb": "7",
    "bo/7/x.ipynb": "bo",
    "mulberryada_12345_678901_04_read_a_retention_curve.ipynb": "ada",
    "mulberryada_LATE_12345_678901_04_read_a_retention_curve-1.ipynb": "ada",
    "quincebo_12399_678902_mulberryada.ipynb": "bo",
    "rowanmei_555_678902_04.ipynb": "m.rowan@example.org",
    "Ada Mulberry_123456_assignsubmission_file/04.ipynb": "ada",
    "Ada Mulberry_123456_assignsubmission_file_/04.ipynb": "ada",
    "Ada Mulberry_123456_assignsubmission_file_04.ipynb": "ada",
    "Participant_123456_assignsubmission_file_04.ipynb": "ada",
    "Teilnehmer_123456_assignsubmission_file/04.ipynb": "ada",
    "Participant_123456.ipynb": "ada",
    "Mei Rowan_777_assignsubmission_file_04.ipynb": "m.rowan@example.org",
    # who hands in decides, not what they call their file
    "ada/bo.ipynb": "ada",
    "ada/Bo Quince/bo/04.ipynb": "ada",
    "ada/quincebo_12399_678902_04.ipynb": "ada",
    "Ada Mulberry_123456_assignsubmission_file/Bo Quince_123999_assignsubmission_file/04.ipynb": "ada",
    "Ada Mulberry_123456_assignsubmission_file_Bo Quince_123999_assignsubmission_file_04.ipynb": "ada",
    "mulberryada_12345_678901_bo.ipynb": "ada",
    # two, or nobody
    "ada_bo.ipynb": "",
    "7/bo.ipynb": "",
    "bo_888_678901_04.ipynb": "",
    "ada_hw/bo/04.ipynb": "",
    "x_12399_12345_678901_04.ipynb": "",
    "mossmallory_LATE_777777_501000_x_12345_678901_04-2.ipynb": "",  # her own number is unknown; the other is her file's name
    "Sam Sloe.ipynb": "",
    "samsloe_888_678901_04.ipynb": "",
    "mulberryada_888_678901_04.ipynb": "",
    "stranger_888_678901_bo.ipynb": "",
    "Bo Quince_888_assignsubmission_file_04.ipynb": "",
    "Participant_888_assignsubmission_file_bo.ipynb": "",
    "04.ipynb": "",
    "07_ada.ipynb": "ada",
    "bonnie.ipynb": "",
    "ada2.ipynb": "",
    "Ada.ipynb": "ada",
    "Mulberry.ipynb": "",
}


@pytest.mark.parametrize("name", WHOSE)
def test_whose_a_file_is(tmp_path, name):
    (attempt,) = found(write(tmp_path, **{name: FOUR}), CLASS, [4])
    assert (attempt.student, attempt.origin) == (WHOSE[name], name)
    assert (attempt.content == FOUR) == bool(WHOSE[name]) == (attempt.problem == "")
    if not WHOSE[name]:
        assert attempt.problem.startswith(f"{name} fits ")


def test_without_canvas_s_numbers_on_the_roster_the_name_before_them_decides(tmp_path):
    source = write(tmp_path, **{"bo_888_678901_04.ipynb": FOUR, "stranger_889_678902_ada.ipynb": FOUR})
    students = [Student("ada"), Student("bo")]
    assert [attempt.student for attempt in found(source, students, [4])] == ["bo", ""]


def test_a_file_that_fits_two_students_names_both(tmp_path):
    assert "fits sam1 and sam2" in found(write(tmp_path, **{"Sam Sloe/04.ipynb": FOUR}), CLASS, [4])[0].problem


@pytest.mark.parametrize("name", WHOSE)
def test_in_archives_it_is_the_same(tmp_path, name):
    archive = saved(tmp_path / "export.zip", zipped({name: FOUR}))
    assert found(archive, CLASS, [4]) == found(write(tmp_path / "folder", **{name: FOUR}), CLASS, [4])


def test_a_bundle_in_an_export_of_canvas(tmp_path):
    bundle = zipped(
        {
            "ada/04_read_a_retention_curve.ipynb": FOUR,
            "ada/.ipynb_checkpoints/04_read_a_retention_curve-checkpoint.ipynb": b"",
            "ada/company/users.parquet": b"PAR1",
            "ada/company/x.ipynb": b"",
            "ada/README.txt": b"",
            "__MACOSX/ada/._04_read_a_retention_curve.ipynb": b"",
            "ada/figure.png": b"",
        }
    )
    source = saved(tmp_path / "export.zip", zipped({"mulberryada_12345_678901_ada.zip": bundle}))
    origin = "mulberryada_12345_678901_ada.zip/ada/04_read_a_retention_curve.ipynb"
    assert seen(found(source, CLASS, [4])) == [("ada", 4, 1, origin)]


# Which exercise, which attempt


@pytest.mark.parametrize(
    ("name", "content", "exercise"),
    [
        ("ada/x.ipynb", FOUR, 4),
        ("ada/09.ipynb", FOUR, 4),
        ("ada/x.ipynb", b'{"cells": [{"source": ["check(\\"9.2\\", 1)"]}]}', 9),
        ("ada/x.ipynb", FOUR.decode().encode("utf-16"), 4),
        ("ada/x.ipynb", FOUR[:-200], 4),
        ("ada/04.ipynb", b"", 4),
        ("ada/exercise 9.ipynb", b"{}", 9),
        ("ada/4/x.ipynb", b"{}", 4),
        ("ada/09_x_attempt_4.ipynb", b"", 9),
        ("ada/09-Copy4.ipynb", b"", 9),
        ("mulberryada_12345_4_09_x-4.ipynb", b"", 9),
        ("Ada Mulberry_123456_assignsubmission_file_09.ipynb", b"", 9),
    ],
)
def test_which_exercise_a_file_is(tmp_path, name, content, exercise):
    (attempt,) = found(write(tmp_path, **{name: content}), CLASS, [4, 9])
    assert (attempt.exercise, attempt.problem, attempt.content) == (exercise, "", content)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (NINE, "is exercise 9, and graded now are 4, 15."),
        (b"{}", "is no exercise by its cells or its name, and graded now are 4, 15."),
    ],
)
def test_a_file_of_no_exercise_that_is_graded_is_reported(tmp_path, content, told):
    (attempt,) = found(write(tmp_path, **{"ada/x.ipynb": content}), CLASS, [4, 15])
    assert (attempt.student, attempt.exercise, attempt.problem) == ("ada", None, f"ada/x.ipynb {told}")


def test_a_lesson_of_the_same_name_is_no_attempt(tmp_path):
    source = write(tmp_path, **{"ada/exercises/04.ipynb": FOUR, "ada/notebooks/04.ipynb": LESSON})
    assert good(found(source, CLASS, [4]), "ada") == ["ada/exercises/04.ipynb"]


def test_the_lms_s_counter_decides_then_the_attempt_then_the_time_then_the_name(tmp_path):
    in_order = [
        "ada_10_04.ipynb",
        "ada_9_04.ipynb",
        "ada_x_04.ipynb",
        "ada/attempt_2/04.ipynb",
        "ada/attempt_10/04.ipynb",
        "mulberryada_12345_99_04-1.ipynb",
        "mulberryada_12345_100_04-2.ipynb",
        "mulberryada_12345_101_04-2.ipynb",
        "mulberryada_LATE_12345_55_04-11.ipynb",
    ]
    source = write(tmp_path, **dict.fromkeys(in_order, FOUR))
    for name in in_order:
        os.utime(source / name, (1e9, 1e9))
    os.utime(source / in_order[0], (9e8, 9e8))
    attempts = found(source, CLASS, [4])
    assert seen(attempts) == [("ada", 4, number, name) for number, name in enumerate(in_order, start=1)]
    assert {attempt.content for attempt in attempts} == {FOUR}


def test_times_in_folders_and_archives_compare(tmp_path):
    entry = zipfile.ZipInfo("x.ipynb", date_time=(2026, 3, 1, 12, 0, 0))
    source = write(tmp_path, **{"ada.zip": zipped({entry: FOUR}), "ada/1.ipynb": FOUR, "ada/2.ipynb": FOUR})
    for name, day in (("1", 2), ("2", 1)):
        at = time.mktime((2026, 3, day, 11, 0, 0, 0, 0, -1))
        os.utime(source / f"ada/{name}.ipynb", (at, at))
    assert good(found(source, CLASS, [4]), "ada") == ["ada/2.ipynb", "ada.zip/x.ipynb", "ada/1.ipynb"]


def test_each_exercise_is_counted_by_itself_and_identical_files_of_two_students_are_kept(tmp_path):
    source = write(tmp_path, **{"ada/4.ipynb": FOUR, "ada/5.ipynb": FOUR, "ada/9.ipynb": NINE, "bo/4.ipynb": FOUR})
    for name in ("ada/4.ipynb", "ada/5.ipynb"):
        os.utime(source / name, (1e9, 1e9))
    assert seen(found(source, CLASS, [4, 9])) == [
        ("ada", 4, 1, "ada/4.ipynb"),
        ("ada", 4, 2, "ada/5.ipynb"),
        ("ada", 9, 1, "ada/9.ipynb"),
        ("bo", 4, 1, "bo/4.ipynb"),
    ]


def test_an_attempt_that_cannot_be_read_does_not_count_as_the_last(tmp_path):
    source = write(tmp_path, **{"ada/04.ipynb": FOUR, "ada/attempt_2/04.ipynb": b" " * 20_000_001})
    attempts = found(source, CLASS, [4])
    assert [(attempt.number, bool(attempt.problem)) for attempt in attempts] == [(1, True), (2, False)]
    assert "larger than 20 MB" in attempts[0].problem


def test_the_result_does_not_depend_on_the_order_in_which_files_were_written(tmp_path):
    names = [name for name in WHOSE if not name.startswith(("Ada.", "ADA"))]
    results = []
    for seed in (1, 2):
        random.Random(seed).shuffle(names)
        source = write(tmp_path / str(seed), **dict.fromkeys(names, FOUR))
        for name in names:
            os.utime(source / name, (1e9, 1e9))
        results.append(found(source, CLASS, [4]))
    assert results[0] == results[1]


# Other files


def test_another_file_instead_of_a_notebook_is_said(tmp_path):
    files = {"ada/04.pdf": b"", "bo/04.py": b"", "bo/04.ipynb": FOUR, "cy-2.html": b"", "plan.docx": b"", "roster.csv": b""}
    attempts = found(write(tmp_path, **files), CLASS, [4])
    told = "is no notebook: hand in the notebook file, which ends in .ipynb."
    assert problems(attempts, "ada") == [f"ada/04.pdf {told}"]
    assert problems(attempts, "cy-2") == [f"cy-2.html {told}"]
    assert problems(attempts, "bo") == []
    assert [attempt.origin for attempt in attempts if not attempt.student] == ["plan.docx"]


def test_a_text_written_in_the_lms_is_no_notebook(tmp_path):
    files = {"mulberryada_12345_text.html": b"", "Bo Quince_123999_assignsubmission_onlinetext/onlinetext.html": b""}
    assert [attempt.student for attempt in found(write(tmp_path, **files), CLASS, [4])] == ["ada", "bo"]


# Hostile folders


@pytest.fixture
def folder(tmp_path):
    """What was handed in, with an honest student in it."""
    return write(tmp_path / "handed_in", **{"bo/04.ipynb": FOUR})


def test_links_are_not_followed(folder, tmp_path):
    write(tmp_path / "elsewhere", **{"04.ipynb": FOUR})
    for name, target in {
        "ada.ipynb": "/etc/passwd",
        "ada": folder / "bo",
        "cy-2": tmp_path / "elsewhere",
        "7.zip": "/x",
    }.items():
        (folder / name).symlink_to(target)
    (folder / "loop").symlink_to(folder)
    attempts = found(folder, CLASS, [4])
    assert good(attempts) == ["bo/04.ipynb"]
    assert {(attempt.student, attempt.content) for attempt in attempts if "is a link" in attempt.problem} == {
        ("ada", b""),
        ("cy-2", b""),
        ("7", b""),
        ("", b""),
    }
    assert len(attempts) == 6


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_named_pipe_is_not_waited_for(folder):
    os.mkfifo(folder / "ada.ipynb")
    os.mkfifo(folder / "ada.zip")
    attempts = found(folder, CLASS, [4])
    assert good(attempts) == ["bo/04.ipynb"]
    assert len(problems(attempts, "ada")) == 2


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_files_that_must_not_be_read_are_said(folder):
    write(folder, **{"ada/04.ipynb": FOUR, "cy-2/04.ipynb": FOUR, "7.zip": b""})
    for name in ("ada/04.ipynb", "cy-2", "7.zip"):
        (folder / name).chmod(0)
    attempts = found(folder, CLASS, [4])
    (folder / "cy-2").chmod(0o700)
    assert good(attempts) == ["bo/04.ipynb"]
    assert [attempt.problem for attempt in attempts if attempt.problem] == [
        "7.zip cannot be read: Permission denied.",
        "ada/04.ipynb cannot be read: Permission denied.",
        "cy-2 cannot be opened: Permission denied.",
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_names_of_any_bytes_can_be_printed(folder):
    for name in (b"ada_\xff\xfe.ipynb", b"ada_\n\x1b[31m.ipynb", "ada_\u202egnp.ipynb".encode(), "ada_🎓.ipynb".encode()):
        (Path(os.fsdecode(os.fsencode(folder) + b"/" + name))).write_bytes(FOUR)
    attempts = found(folder, CLASS, [4])
    assert len(good(attempts, "ada")) == 4
    for attempt in attempts:
        assert attempt.origin.isprintable()
        attempt.origin.encode()


def test_folders_without_end_end(folder):
    deep = folder / "ada"
    for _ in range(60):
        deep /= "x"
    write(deep, **{"04.ipynb": FOUR})
    attempts = found(folder, CLASS, [4])
    assert [told.partition(" ")[2] for told in problems(attempts, "ada")] == ["is too many folders deep: move it up."]
    assert good(attempts) == ["bo/04.ipynb"]


# Hostile archives


def entry(name, mode=0, **fields):
    info = zipfile.ZipInfo("x")
    info.filename = info.orig_filename = name
    info.external_attr = mode << 16
    for field, value in fields.items():
        setattr(info, field, value)
    return info


def patched(content, signature, offset, value):
    """An archive with other bytes at an offset in each of its headers of a kind."""
    content, place = bytearray(content), -1
    while (place := content.find(signature, place + 1)) >= 0:
        content[place + offset : place + offset + len(value)] = value
    return bytes(content)


ONE = zipped({"04.ipynb": FOUR})
ARCHIVES = {
    "no zip": (lambda: b"PK\x05\x06 no zip", "no zip archive"),
    "a name that is no text": (lambda: zipped({"é.ipynb": FOUR}).replace("é".encode(), b"\xff\xfe"), "no zip archive"),
    "cut off": (lambda: ONE[:-30], "no zip archive"),
    "nothing": (lambda: b"", "no zip archive"),
    "a wrong byte": (lambda: ONE[:1000] + bytes([ONE[1000] ^ 255]) + ONE[1001:], "is damaged in its archive"),
    "another name in its header": (lambda: ONE.replace(b"04.ipynb", b"05.ipynb", 1), "is damaged in its archive"),
    "more than its header says": (lambda: patched(ONE, b"PK\x01\x02", 24, struct.pack("<L", 10)), "is damaged in its archive"),
    "a password": (lambda: patched(ONE, b"PK\x01\x02", 8, b"\x01\x00"), "locked with a password"),
    "another method": (lambda: patched(ONE, b"PK\x01\x02", 10, struct.pack("<H", 14)), "packed in an unusual way"),
    "out": (lambda: zipped({"../bo/04.ipynb": FOUR}), "leads out of its archive"),
    "out, as Windows writes it": (lambda: zipped({"x\\..\\..\\bo\\04.ipynb": FOUR}), "leads out of its archive"),
    "absolute": (lambda: zipped({"/tmp/04.ipynb": FOUR}), "leads out of its archive"),
    "a drive": (lambda: zipped({"C:\\bo\\04.ipynb": FOUR}), "leads out of its archive"),
    "NUL": (lambda: zipped([("04X.ipynb", FOUR)]).replace(b"04X", b"04\0"), "leads out of its archive"),
    "a link": (lambda: zipped([(entry("04.ipynb", stat.S_IFLNK | 0o777), b"/etc/passwd")]), "is a link or no ordinary file"),
    "a link to a student": (lambda: zipped([(entry("bo", stat.S_IFLNK | 0o777), b"../bo")]), "is a link or no ordinary file"),
    "a pipe": (lambda: zipped([(entry("04.ipynb", stat.S_IFIFO | 0o644), b"")]), "is a link or no ordinary file"),
    "a device": (lambda: zipped([(entry("04.ipynb", stat.S_IFBLK | 0o644), b"")]), "is a link or no ordinary file"),
    "too large": (
        lambda: zipped([(entry("04.ipynb", compress_type=0), random.Random(1).randbytes(20_000_001))]),
        "larger than 20 MB",
    ),
    "a bomb": (lambda: zipped({"04.ipynb": bytes(15_000_000)}), "unpacks to more than 250 times its size"),
    "a bomb in a bomb": (
        lambda: zipped({"1.zip": zipped({"2.zip": zipped({"04.ipynb": bytes(15_000_000)})})}),
        "unpacks to more",
    ),
    "too deep": (lambda: zipped({"1.zip": zipped({"2.zip": zipped({"3.zip": ONE})})}), "too many archives deep"),
    "a million files": (lambda: zipped({f"{n:0200}.txt": b"" for n in range(5_000)}), "too many files in it"),
    "too many notebooks": (lambda: zipped({f"{n + 1_000}.ipynb": b"" for n in range(1_001)}), "has more than 1,000 files"),
}


@pytest.mark.parametrize("kind", ARCHIVES)
@pytest.mark.parametrize("way", ["file", "export"])
def test_a_hostile_archive_harms_nobody_else(tmp_path, kind, way):
    made, told = ARCHIVES[kind]
    content = made()
    files = {"ada.zip": content, "bo.zip": zipped({"bo/04.ipynb": FOUR})}
    source = write(tmp_path, **files) if way == "file" else saved(tmp_path / "export.zip", zipped(files))
    before = sorted(tmp_path.rglob("*"))
    attempts = found(source, CLASS, [4])
    assert good(attempts) == ["bo.zip/bo/04.ipynb"]
    assert good(attempts, "ada") == []
    assert any(told in problem for problem in problems(attempts, "ada"))
    assert {attempt.student for attempt in attempts} == {"ada", "bo"}
    assert all(attempt.origin.isprintable() and attempt.problem.isprintable() for attempt in attempts)
    assert sorted(tmp_path.rglob("*")) == before


def test_what_one_student_s_archives_take_is_limited(tmp_path, monkeypatch):
    monkeypatch.setattr(submissions, "STUDENT_BYTES", 3 * len(FOUR))
    many = zipped({f"{n}.ipynb": FOUR for n in range(5)})
    attempts = found(write(tmp_path, **{"ada.zip": many, "bo.zip": many, "bo.ipynb": FOUR}), CLASS, [4])
    assert len(good(attempts, "ada")) == 3
    assert "this student's files are more than" in problems(attempts, "ada")[0]
    assert len(good(attempts)) == 3


def test_memory_stays_small_whatever_an_archive_unpacks_to(tmp_path):
    inner = zipped({"04.ipynb": bytes(100_000_000)})
    source = write(tmp_path, **{"ada.zip": zipped({f"{n}.zip": inner for n in range(3)})})
    tracemalloc.start()
    attempts = found(source, CLASS, [4])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(problems(attempts, "ada")) == 3
    assert peak < 80_000_000


def test_entries_of_the_same_name_or_but_for_case_are_all_kept(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate name"):
        content = zipped(
            [("ada/04.ipynb", FOUR), ("ada/04.ipynb", FOUR + b"\n"), ("Ada/04.IPYNB", FOUR), ("ada\\05.ipynb", FOUR)]
        )
    attempts = found(saved(tmp_path / "export.zip", content), CLASS, [4])
    assert [attempt.number for attempt in attempts] == [1, 2, 3, 4]
    assert {attempt.student for attempt in attempts} == {"ada"}
    assert sorted(attempt.content for attempt in attempts) == [FOUR, FOUR, FOUR, FOUR + b"\n"]


@pytest.mark.parametrize(
    "name", ["ada_\n.ipynb", "ada_\u202e.ipynb", "ada_🎓.ipynb", "ada_" + "x" * 10_000 + ".ipynb", "ada/" * 2_000 + "04.ipynb"]
)
def test_any_name_in_an_archive_can_be_printed(tmp_path, name):
    (attempt,) = found(saved(tmp_path / "export.zip", zipped({name: FOUR})), CLASS, [4])
    assert (attempt.student, attempt.content) == ("ada", FOUR)
    assert attempt.origin.isprintable()
    assert len(attempt.origin) <= 300


@pytest.mark.parametrize("name", ["/", ".", "./", "//", "ada/", "ada/x.ipynb/"])
def test_entries_that_are_no_files_are_ignored(tmp_path, name):
    assert found(saved(tmp_path / "export.zip", zipped([(entry(name), b"")])), CLASS, [4]) == []


def test_archives_of_random_bytes_are_said(tmp_path):
    chance = random.Random(5)
    for _ in range(200):
        content = bytearray(zipped({"ada/04.ipynb": b"{}", "ada/x.zip": ONE}))
        for _ in range(chance.randrange(1, 6)):
            content[chance.randrange(len(content))] = chance.randrange(256)
        attempts = found(write(tmp_path, **{"ada.zip": bytes(content), "bo.ipynb": FOUR}), CLASS, [4])
        assert good(attempts) == ["bo.ipynb"]
        assert {attempt.student for attempt in attempts} <= {"ada", "bo"}


# The source


def test_a_source_that_is_not_there_or_damaged_is_an_error(tmp_path):
    with pytest.raises(DataUnavailable, match="There is no folder or file"):
        found(tmp_path / "x.zip", CLASS, [4])
    with pytest.raises(DataFileError, match="no zip archive"):
        found(saved(tmp_path / "x.zip", b"PK"), CLASS, [4])


def test_a_single_notebook_and_an_empty_folder(tmp_path):
    assert found(tmp_path, CLASS, [4]) == []
    assert seen(found(saved(tmp_path / "ada.ipynb", FOUR), CLASS, [4])) == [("ada", 4, 1, "ada.ipynb")]
    shutil.rmtree(tmp_path)
