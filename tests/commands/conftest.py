from tests.reports.conftest import run_folder, search  # noqa: F401
