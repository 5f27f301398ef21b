import subprocess
import sys

import pytest

from genn_shd.command import exit_code
from genn_shd.errors import DataError


def failing(error):
    def command():
        raise error

    return command


def test_a_mistake_is_one_line_and_2(capsys):
    assert exit_code(failing(DataError("the file is empty."))) == 2
    assert capsys.readouterr().err == "error: the file is empty.\n"


def test_ctrl_c_is_130(capsys):
    assert exit_code(failing(KeyboardInterrupt())) == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_a_bug_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError):
        exit_code(lambda: 1 // 0)


def test_a_reader_that_has_seen_enough_is_no_error():
    program = "import sys; from genn_shd.command import exit_code; sys.exit(exit_code(lambda: print('x' * 10**6) or 0))"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141
