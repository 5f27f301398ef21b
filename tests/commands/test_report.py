import pytest

from genn_shd import report
from genn_shd.sweep.state import FILE_NAME, State


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda folder: folder / "nowhere", "there is no such folder"),
        (lambda folder: folder, "neither a run (no config.toml) nor a sweep (no state.sqlite)"),
    ],
)
def test_what_is_neither_is_refused_in_one_line(tmp_path, capsys, make, message):
    assert report.main([str(make(tmp_path))]) == 2
    said = capsys.readouterr().err
    assert message in said and "python -m genn_shd.train" in said
    assert said.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_run_within_is_pointed_to(run_folder, capsys):
    assert report.main([str(run_folder.parent)]) == 2
    assert f"It contains one: {run_folder}." in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b"no database at all, but text", None])
def test_a_file_that_is_no_state_is_refused(tmp_path, capsys, content):
    if content is None:
        State(tmp_path / FILE_NAME).close()
    else:
        (tmp_path / FILE_NAME).write_bytes(content)
    assert report.main([str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.slow
def test_a_report_goes_where_it_is_asked_to(search, tmp_path, capsys):
    assert report.main([str(search / FILE_NAME), "--out", str(tmp_path / "there")]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'there' / 'report.html'}\n"
    assert (tmp_path / "there" / "best_so_far.pdf").exists()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["report.html", "best_so_far.png", "best_so_far.pdf"])
def test_files_of_others_stay(search, tmp_path, capsys, name):
    there = tmp_path / "there"
    there.mkdir()
    (there / name).write_text("my own notes")
    assert report.main([str(search), "--out", str(there), "--overwrite"]) == 2
    said = capsys.readouterr().err
    assert f"{there / name} exists and is not a" in said
    assert said.count("\n") == 1
    assert [p.name for p in there.iterdir()] == [name]
    assert (there / name).read_text() == "my own notes"


@pytest.mark.slow
def test_a_page_of_ones_own_stays_unless_it_is_to_go(search, tmp_path, capsys):
    page = tmp_path / "report.html"
    page.write_text("<!DOCTYPE html><title>my thesis</title>")
    words = [str(search), "--out", str(tmp_path)]
    assert report.main(words) == 2
    assert "report.html exists and was not made by this command" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [page]
    assert report.main([*words, "--overwrite"]) == 0
    for _ in range(2):  # its own is written again
        assert report.main(words) == 0
    assert "my thesis" not in page.read_text()
