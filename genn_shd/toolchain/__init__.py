"""Compile generated C code to a library and load it: compiler, cache, loading, templates, layout."""
