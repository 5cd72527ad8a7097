"""What other people's scripts rely on."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

import reattune
from reattune import errors
from reattune.evaluate import TARGETS
from reattune.thresholds import load_points

PUBLIC = {
    "__version__",
    "CODES",
    "ReattuneError",
    "analyze",
    "read",
    "read_all",
    "assign_roles",
    "Analysis",
    "Episode",
    "Marker",
    "Session",
    "Turn",
}


def test_public_names_are_these_and_exist():
    assert set(reattune.__all__) == PUBLIC
    for name in PUBLIC:
        assert getattr(reattune, name) is not None
    with pytest.raises(AttributeError):
        _ = reattune.nothing_of_this_name


def test_importing_the_package_imports_nothing_heavy():
    code = "import reattune, sys; print({'numpy', 'onnxruntime', 'rich'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout.strip() == b"set()"


def test_the_error_tree_is_small_and_each_has_its_exit_code():
    classes = [
        c
        for _, c in inspect.getmembers(errors, inspect.isclass)
        if issubclass(c, errors.ReattuneError)
    ]
    assert len(classes) <= 8
    assert len({c.exit_code for c in classes}) == len(classes)


def test_an_error_says_what_where_and_what_to_do():
    error = errors.InputError("empty-file", "It is empty.", where="a.vtt", remedy="Export again.")
    assert str(error) == "a.vtt: It is empty. Export again."
    assert error.slug == "empty-file"


def test_few_flags_less_readily_than_many():
    points = load_points()
    assert list(points) == ["few", "balanced", "many"]
    for family in points["few"].decide:
        few, balanced, many = (points[name].decide[family] for name in points)
        assert few >= balanced >= many > 0
    for point in points.values():
        for name in TARGETS:
            assert 0 <= point.reliability[f"precision_{name}"] <= 1
        assert point.reliability["false_episodes_per_100_turns"] >= 0
