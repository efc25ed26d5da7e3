"""A roster is read as teachers have it, or one sentence names the line and what to do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opscourse.errors import ArgumentError, DataFileError, DataUnavailable
from opscourse.grading import roster
from opscourse.grading.records import Student

CLASS = "id,name,email\nmulberry_ada,Ada Mulberry,ada@example.org\n1002,Bo Quince,\n"
STUDENTS = [Student("mulberry_ada", "Ada Mulberry", "ada@example.org"), Student("1002", "Bo Quince")]


def written(tmp_path, content):
    path = tmp_path / "roster.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    "content",
    [
        CLASS,
        CLASS.encode("utf-8-sig"),
        CLASS.encode("utf-16"),
        b"\xfe\xff" + CLASS.encode("utf-16-be"),
        CLASS.replace(",", ";"),
        CLASS.replace(",", "\t"),
        CLASS.replace("\n", "\r\n"),
        CLASS.replace("\n", "\r"),
        CLASS.replace("id,name,email", ' ID , Name,"E mail"').replace("E mail", "Email"),
        CLASS.replace("\n", "\n\n") + ",,\n , ,\n\n",
        CLASS.replace("Ada Mulberry", '"Ada Mulberry"').replace("1002", " 1002\t"),
        CLASS.rstrip("\n"),
        "section2,name,id,email\nx,Ada Mulberry,mulberry_ada,ada@example.org\ny,Bo Quince,1002,\n",
        '"id";"name";"email"\nmulberry_ada;Ada Mulberry;ada@example.org\n1002;Bo Quince;\n',
    ],
)
def test_every_usual_way_to_save_a_table_gives_the_same_students(tmp_path, content):
    assert roster.read(written(tmp_path, content)) == STUDENTS


def test_the_ids_of_a_learning_platform_and_the_section_are_read(tmp_path):
    text = "Canvas ID;moodle_id;NAME;id;Section;grade\n77;123456;Cy Medlar;cy;B;1\n"
    assert roster.read(written(tmp_path, text)) == [Student("cy", "Cy Medlar", "", "77", "123456", "B")]


def test_a_roster_that_excel_saved_keeps_its_accents(tmp_path):
    students = roster.read(written(tmp_path, "id;name\n1;Zoë Damson-Mérœ €\n".encode("cp1252")))
    assert students == [Student("1", "Zoë Damson-Mérœ €")]


NAMES = [
    "小明 李",
    "‮Ada‬",
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    'Ada "the Q", Esq.',
    "عائشة",
    "two\nlines",
    "😀",
    "../x",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_may_be_anything(tmp_path, name):
    quoted = '"' + name.replace('"', '""') + '"'
    assert roster.read(written(tmp_path, f"id,name\n1,{quoted}\n2,Bo\n"))[0].name == name


IDS = ["a", "7", "00123", "ada.mulberry", "ada@example.org", "ada-mulberry_2", "李小明", "Zoë", "a" * 64, "console", "com12"]


@pytest.mark.parametrize("given_id", IDS)
def test_an_id_that_can_name_a_file_is_taken(tmp_path, given_id):
    (student,) = roster.read(written(tmp_path, f"id,name\n{given_id},Ada\n"))
    assert student.id == given_id
    (tmp_path / f"{student.id}.zip").write_bytes(b"")


BAD_IDS = [
    "../x",
    "a/b",
    "a\\b",
    "/x",
    "C:x",
    "..",
    ".x",
    "x.",
    "-x",
    "x-",
    "CON",
    "con.txt",
    "LPT1",
    "nul",
    "a b",
    "a*",
    "a\x07b",
    "a.zip",
]
BAD_IDS += ["<b>", "~x", "$x", "x\u202ey", "x\u200by", "'x'", "%2e", "a|b", "#1", "a\u0085b"]


@pytest.mark.parametrize("given_id", BAD_IDS)
def test_an_id_that_cannot_name_a_file_everywhere_is_refused(tmp_path, given_id):
    with pytest.raises(ArgumentError, match=r"Line 3 of .* cannot name a file on every computer; use letters") as error:
        roster.read(written(tmp_path, f"id;name\n1;Bo\n{given_id};Ada\n"))
    assert "\x07" not in str(error.value)


@given(st.text(max_size=80))
def test_whatever_is_taken_as_an_id_is_one_plain_name(given_id):
    if not roster.ID.fullmatch(given_id) or roster.RESERVED.fullmatch(given_id):
        return
    assert not set(given_id) & set('/\\:*?"<>|\0\n\r\t ')
    assert given_id[0] not in ".-"
    assert given_id[-1] not in ".-"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty; its first line names the columns: id,name"),
        ("\n ,\n", "is empty"),
        ("id,name\n", "names no student below its header"),
        ("number,name\n1,Ada\n", "has no column 'id'; its first line names 'number', 'name'"),
        ("id,first,last\n1,Ada,M\n", "has no column 'name'"),
        ("1,Ada\n2,Bo\n", "has no column 'id'; its first line names '1', 'Ada'"),
        ("id,name,ID\n1,Ada,2\n", "has two columns 'id': remove one"),
        ("id,name\n1,Ada\n1,Bo\n", "Lines 2 and 3 of .* have the same id '1': give each"),
        ("id,name\nada,Ada\nx,Bo\nADA,Cy\n", r"Lines 2 and 4 .* 'ADA' \(equal but for case"),
        ("id,name\nﬁ,Ada\nfi,Bo\n", "Lines 2 and 3"),
        ("id,name\n,Ada\n", "Line 2 of .* has no id: fill it in"),
        ('id,name\n1,"two\nlines"\n ,Bo\n', "Line 4 of .* has no id"),
        (f"id,name\n{'a' * 65},Ada\n", "longer than 64 bytes"),
        (f"id,name\n{'李' * 22},Ada\n", "longer than 64 bytes"),
        ("id,name\n1,Ada\n2\n", "Line 3 of .* has 1 field, the header has 2"),
        ("id,name\n1,Mulberry, Ada\n", "Line 2 of .* has 3 fields, .* not inside quotes"),
        ('id,name\n1,"Ada\n2,Bo\n', "Line 2 of .* cannot be read .*quotation mark"),
        (b"id,name\n1,A\0da\n", "holds NUL bytes: save it as 'CSV UTF-8'"),
        (CLASS.encode("utf-16-le"), "holds NUL bytes"),
        (b"PK\x03\x04\x14\0\x06\0", "holds NUL bytes"),
        ("id,name\n1,A\0da\n".encode("utf-16"), "Line 2 of .* holds a NUL"),
        (CLASS.encode("utf-16")[:-1], "encoding that cannot be told"),
        ("id,name\n1,Ada\n2,李小明\n".encode("gb18030"), "Line 3 of .* encoding that cannot be told: save it as 'CSV UTF-8'"),
        ("id,name\n1,Мария\n".encode("cp1251"), "Line 2 of .* encoding that cannot be told"),
        (b"id,name\n1,A\x81\n", "Line 2 of .* encoding that cannot be told"),
    ],
)
def test_a_damaged_roster_gets_one_sentence_with_the_line(tmp_path, content, said):
    with pytest.raises((ArgumentError, DataFileError), match=said) as error:
        roster.read(written(tmp_path, content))
    assert "\n" not in str(error.value)


def test_a_roster_that_is_not_there_is_named(tmp_path):
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(DataUnavailable, match="cannot be read"):
            roster.read(path)
