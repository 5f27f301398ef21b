from tests.figures import blank_figures, drawn_figures  # noqa: F401
