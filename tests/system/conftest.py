from tests.figures import blank_figures  # noqa: F401
