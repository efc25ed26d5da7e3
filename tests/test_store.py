"""What whoever loads data relies on: the declared types, a frame of one's own, and a sentence when something is amiss."""

from __future__ import annotations

import json
import shutil

import pandas as pd
import pytest

import opscourse
from opscourse import describe, load
from opscourse.company import dirt, store
from opscourse.company.tables import TABLES
from opscourse.errors import ArgumentError, DataFileError, DataUnavailable, UnknownName


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """A copy of the course's company in a folder of its own, in use."""
    folder = tmp_path / "jiadong"
    shutil.copytree(store.shipped_folder(), folder, ignore=shutil.ignore_patterns("keys", "cards"))
    monkeypatch.setattr(store, "_chosen", folder)
    return folder


@pytest.mark.parametrize("name", TABLES)
def test_load_gives_the_declared_columns_and_types(name):
    frame = load(name)
    assert list(frame.columns) == [column.name for column in TABLES[name].columns]
    assert {c: str(frame.dtypes[c]) for c in frame} == {column.name: column.dtype for column in TABLES[name].columns}
    assert isinstance(frame.index, pd.RangeIndex)


def test_load_gives_each_caller_a_frame_of_their_own():
    mine = load("orders")
    mine.loc[0, "net_cny"] = -1.0
    mine.loc[0, "pay_method"] = "shells"
    mine["new"] = 0
    assert "new" not in load("orders")
    assert load("orders").loc[0, ["net_cny", "pay_method"]].tolist() != [-1.0, "shells"]


def test_load_works_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert len(load("channels")) == 18


def test_describe_lists_every_table_and_every_column():
    assert list(describe().index) == list(TABLES)
    assert list(describe("orders").index) == [column.name for column in TABLES["orders"].columns]


@pytest.mark.parametrize("wrong", ["order", "Orders", "oders"])
def test_an_unknown_table_suggests_the_near_one(wrong):
    with pytest.raises(UnknownName, match="Did you mean 'orders'"):
        load(wrong)


@pytest.mark.parametrize("wrong", ["", "zzzz", None, 7, [1, 2]])
def test_anything_else_names_the_way_to_the_list(wrong):
    with pytest.raises(UnknownName, match=r"describe\(\) lists all tables"):
        load(wrong)
    with pytest.raises(UnknownName, match=r"describe\(\) lists all tables"):
        describe("" if wrong is None else wrong)


def test_dirty_is_a_yes_or_no():
    with pytest.raises(ArgumentError, match="dirty is True or False, not 'yes'"):
        load("events", dirty="yes")
    with pytest.raises(ArgumentError, match="no dirty version of 'orders'; there is one of events, sessions"):
        load("orders", dirty=True)


def test_a_missing_file_is_named_with_its_remedy(copied):
    (copied / "orders.parquet").unlink()
    with pytest.raises(DataUnavailable, match=r"orders.*missing: .*orders\.parquet\. Make the company again"):
        load("orders")
    assert len(load("users")) == 20_000  # the others are still there
    assert [p for p in store.verify() if "orders.parquet" in p] == store.verify()


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "text"])
def test_a_damaged_file_is_named_whatever_the_damage(copied, damage):
    path = copied / "orders.parquet"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes({"cut": content[:-100], "flip": content, "empty": b"", "text": b"order_id,user_id\n"}[damage])
    with pytest.raises(DataFileError, match=r"'orders' is damaged: .*orders\.parquet\. Make the company again"):
        load("orders")
    assert len(store.verify()) == 1


def test_a_damaged_hidden_table_is_named_too(copied):
    (copied / "truth" / "channels.parquet").write_bytes(b"")
    with pytest.raises(DataFileError, match="'channels' is damaged"):
        opscourse.truth("channels")
    assert len(load("channels")) == 18  # the table of the same name is another file
    assert len(store.verify()) == 1


def test_a_whole_company_has_no_problems(copied):
    assert store.verify(copied) == []
    assert store.verify(store.shipped_folder()) == []


def test_files_of_the_clone_are_restored_with_git(monkeypatch):
    if not (store.PACKAGE.parent / "datasets" / "company.json").is_file():
        pytest.fail("this suite runs in a clone")
    with pytest.raises(DataUnavailable, match="Restore it with: git checkout -- datasets"):
        store._content(store.PACKAGE.parent / "datasets", "orders", "no such file", "")


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"seed": 1}', "null"])
def test_a_damaged_manifest_is_named(copied, text):
    (copied / "company.json").write_text(text)
    with pytest.raises(DataFileError, match=r"company\.json is damaged"):
        load("orders")


def test_a_manifest_that_vanished_is_named(copied):
    (copied / "company.json").unlink()
    with pytest.raises(DataUnavailable, match=r"company\.json cannot be read"):
        load("orders")


def test_a_company_made_without_a_table_says_so(copied):
    made = json.loads((copied / "company.json").read_text())
    del made["tables"]["orders"]
    (copied / "company.json").write_text(json.dumps(made))
    with pytest.raises(DataUnavailable, match="was made without the table 'orders'"):
        load("orders")


def test_use_and_the_environment_choose_the_company(copied, tmp_path, monkeypatch):
    opscourse.use(None)
    assert store.data_folder() == store.shipped_folder()
    monkeypatch.setenv("OPSCOURSE_DATA", str(copied))
    assert store.data_folder() == copied
    opscourse.use(store.shipped_folder())
    assert store.data_folder() == store.shipped_folder()
    with pytest.raises(DataUnavailable, match=r"use\(\) names .*holds no company.*opscourse generate --out"):
        opscourse.use(tmp_path)
    monkeypatch.setenv("OPSCOURSE_DATA", str(tmp_path))
    opscourse.use(None)
    with pytest.raises(DataUnavailable, match="the environment variable OPSCOURSE_DATA names"):
        load("orders")


def test_a_company_beside_the_notebook_comes_before_the_shipped_one(copied, tmp_path, monkeypatch):
    opscourse.use(None)
    monkeypatch.delenv("OPSCOURSE_DATA", raising=False)
    copied.rename(tmp_path / "company")
    assert store.data_folder() == store.shipped_folder()
    monkeypatch.chdir(tmp_path)
    assert store.data_folder() == (tmp_path / "company").resolve()
    assert len(load("channels")) == 18
    monkeypatch.setenv("OPSCOURSE_DATA", str(store.shipped_folder()))
    assert store.data_folder() == store.shipped_folder()
    monkeypatch.delenv("OPSCOURSE_DATA")
    opscourse.use(store.shipped_folder())
    assert store.data_folder() == store.shipped_folder()


def test_the_dirty_log_is_the_same_every_time_and_its_defects_are_known():
    clean, dirty, defects = load("events"), load("events", dirty=True), opscourse.truth("defects")
    pd.testing.assert_frame_equal(dirty, load("events", dirty=True))
    assert dirty.dtypes.equals(clean.dtypes)
    known = store.parameters().dirt
    of_events = defects[defects["table"] == "events"]
    share = of_events["defect"].value_counts() / len(dirty)
    expected = {
        "duplicate": known.duplicates,
        "skewed": known.skewed,
        "bot": known.bots,
        "late": known.late,
        "dated": known.dated,
    }
    assert share.to_dict() == pytest.approx(expected, rel=0.06)
    assert (dirty.loc[of_events["row"], "event_id"].to_numpy() == of_events["key"].to_numpy()).all()


def test_each_planted_defect_can_be_found_and_nothing_else_is_wrong():
    clean, dirty, defects = load("events"), load("events", dirty=True), opscourse.truth("defects")
    rows = defects[defects["table"] == "events"].groupby("defect")["row"].agg(set)
    assert set(dirty.index[dirty["name"].str.contains(r"_\d{8}$")]) == rows["dated"]
    assert set(dirty.index[~dirty["session_id"].isin(clean["session_id"])]) == rows["bot"]
    duplicated = dirty.groupby("event_id").size().gt(1).sum()
    assert duplicated == len(rows["duplicate"])
    true = dirty["event_id"].map(clean.set_index("event_id")["ts"])
    assert set(dirty.index[true.notna() & (dirty["ts"] != true)]) == rows["skewed"] - rows["bot"]
    untouched = dirty.drop(index=set().union(*rows)).sort_values("event_id")
    same = clean.set_index("event_id").loc[untouched["event_id"]].reset_index()[list(clean.columns)]
    pd.testing.assert_frame_equal(untouched.reset_index(drop=True), same)


def test_late_rows_are_the_ones_far_behind_their_neighbours():
    dirty, defects = load("events", dirty=True), opscourse.truth("defects")
    rows = defects[defects["table"] == "events"].groupby("defect")["row"].agg(set)
    plain = dirty.drop(index=rows["skewed"] | rows["bot"])
    behind = set(plain.index[plain["ts"].cummax() - plain["ts"] > pd.Timedelta("23h")])
    late = rows["late"] & set(
        plain.index[plain["ts"] < plain["ts"].max() - pd.Timedelta("5D")]
    )  # later ones have no neighbours
    assert late <= behind <= rows["late"]


@pytest.mark.parametrize("name", ["sessions", "marketing_touches"])
def test_broken_tags_are_four_in_a_hundred_and_known(name):
    column = {"sessions": "utm_source", "marketing_touches": "utm"}[name]
    clean, dirty, defects = load(name), load(name, dirty=True), opscourse.truth("defects")
    broken = clean[column].notna() & (clean[column] != dirty[column])
    assert broken.sum() == round(store.parameters().dirt.broken_utm * clean[column].notna().sum())
    assert set(defects.loc[defects["table"] == name, "row"]) == set(dirty.index[broken])
    assert clean.drop(columns=column).equals(dirty.drop(columns=column))
    assert not set(dirty.loc[broken, column]) & set(clean[column].dropna())


def test_every_defect_has_a_known_table_and_key():
    defects = opscourse.truth("defects")
    assert set(defects["table"]) == set(dirt.KEYS)
    assert defects.columns.tolist() == ["table", "row", "key", "defect"]
