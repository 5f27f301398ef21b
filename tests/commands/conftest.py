from tests.figures import blank_figures, drawn_figures  # noqa: F401
from tests.reports.conftest import run_folder, search  # noqa: F401
