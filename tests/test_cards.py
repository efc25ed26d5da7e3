"""Who opens the data without us finds what each column is, and what it says is what the schemas say."""

import json

import pytest

from opscourse.company import cards, store
from opscourse.company.tables import TABLES

FOLDER = store.shipped_folder()


def test_cards_index_and_descriptor_are_as_the_command_makes_them():
    assert cards.build(check=True) == []


def test_the_check_says_which_file_is_out_of_date_and_writes_nothing(tmp_path, capsys, monkeypatch):
    (tmp_path / "company.json").write_bytes((FOLDER / "company.json").read_bytes())
    cards.build(tmp_path)
    (tmp_path / "cards" / "orders.md").write_text("edited by hand")
    (tmp_path / "cards" / "gone.md").write_text("card of a table that is no more")
    stale = cards.build(tmp_path, check=True)
    assert [path.name for path in stale] == ["orders.md", "gone.md"]
    assert (tmp_path / "cards" / "orders.md").read_text() == "edited by hand"
    monkeypatch.setattr(store, "shipped_folder", lambda: tmp_path)
    assert cards.main(["--check"]) == 1
    assert "out of date" in capsys.readouterr().out
    assert cards.main([]) == 0
    assert cards.main(["--check"]) == 0
    assert not (tmp_path / "cards" / "gone.md").exists()


@pytest.mark.parametrize("name", TABLES)
def test_every_column_is_on_its_card_with_meaning_and_every_key_links_to_a_card(name):
    text = (FOLDER / "cards" / f"{name}.md").read_text(encoding="utf-8")
    for column in TABLES[name].columns:
        assert f"| `{column.name}` | {column.meaning} |" in text
        if column.reference:
            other, there = column.reference
            assert f"- `{column.name}` → [{other}]({other}.md)`.{there}`" in text
            assert there in TABLES[other].by_name
    assert f"](cards/{name}.md)" in (FOLDER / "README.md").read_text(encoding="utf-8")


def test_the_descriptor_names_the_shipped_files_with_their_checksums():
    package = json.loads((FOLDER / "datapackage.json").read_text(encoding="utf-8"))
    assert [resource["name"] for resource in package["resources"]] == list(TABLES)
    for resource in package["resources"]:
        assert (FOLDER / resource["path"]).is_file()
        made = store.manifest(FOLDER)["tables"][resource["name"]]
        assert resource["hash"].removeprefix("sha256:") == made["files"][resource["path"]]
        fields = {field["name"]: field for field in resource["schema"]["fields"]}
        assert set(resource["schema"]["primaryKey"]) <= set(fields)
        for key in resource["schema"].get("foreignKeys", []):
            other = key["reference"].get("resource", resource["name"])
            assert set(key["fields"]) <= set(fields)
            assert set(key["reference"]["fields"]) <= set(TABLES[other].by_name)
