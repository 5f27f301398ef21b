"""From generated source to a library in this process: compiler, cache, loading, templates."""
