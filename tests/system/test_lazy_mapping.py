"""Values of a lazy mapping are made once, when they are looked up."""

import pytest

from genn_shd.system.lazy_mapping import LazyMapping


def test_only_what_is_looked_up_is_made_and_that_once():
    made = []
    mapping = LazyMapping({name: lambda name=name: made.append(name) or name.upper() for name in "ab"})
    assert list(mapping) == ["a", "b"] and len(mapping) == 2 and "b" in mapping and "c" not in mapping
    assert made == []
    assert [mapping["b"], mapping["b"]] == ["B", "B"]
    assert made == ["b"]
    with pytest.raises(KeyError):
        mapping["c"]
