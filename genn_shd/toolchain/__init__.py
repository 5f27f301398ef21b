"""Compilation of generated source to a library in this process: compiler, cache, loading, templates."""
