"""What a docstring shows is what a reader gets when typing it."""

import doctest
import importlib
import inspect
import pkgutil

import pytest

import opscourse

MODULES = sorted(module.name for module in pkgutil.walk_packages(opscourse.__path__, "opscourse."))
AREAS = ("foundations", "data", "product", "marketing", "content", "users", "promotion", "customers", "management")
MEASURES = [
    (module, name)
    for module in MODULES
    if module.removeprefix("opscourse.") in AREAS
    for name in importlib.import_module(module).__all__
]


@pytest.mark.parametrize("module", MODULES)
def test_every_example_in_a_docstring_runs_and_prints_what_it_says(module):
    failed, _ = doctest.testmod(importlib.import_module(module), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert failed == 0


@pytest.mark.parametrize("module", MODULES)
def test_every_module_lists_its_public_names_sorted_and_all_of_them_exist(module):
    public = getattr(importlib.import_module(module), "__all__", [])
    assert public == sorted(set(public), key=lambda name: (not name.isupper(), name[0].islower(), name))
    assert all(hasattr(importlib.import_module(module), name) for name in public)


@pytest.mark.parametrize(("module", "name"), MEASURES)
def test_every_measure_says_its_definition_source_and_an_example(module, name):
    measure = getattr(importlib.import_module(module), name)
    text = inspect.getdoc(measure)
    if inspect.isfunction(measure):
        for part in ("Definition", "Parameters\n-----", "Returns\n-----", "Source:", ">>> "):
            assert part in text, f"{name} lacks {part!r}"
