# SPDX-License-Identifier: GPL-3.0-or-later
"""`xband test` must not hide a failing part."""

from __future__ import annotations

from pathlib import Path

import pytest

from xband_station.cli import main
from xband_station.commands import test as test_command
from xband_station.test_parts import Outcome, Part, count_junit, run_check

REPORT = """<testsuites><testsuite>
<testcase classname="a" name="good"/>
<testcase classname="a" name="bad"><failure/></testcase>
<testcase classname="a" name="broken"><error/></testcase>
<testcase classname="a" name="left_out"><skipped/></testcase>
<testcase name="qa_x" status="notrun"/>
</testsuite></testsuites>"""


def test_counts_every_kind_of_outcome(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text(REPORT, encoding="utf-8")
    assert count_junit(report, 1, "python") == Outcome(1, 2, 2, ("a::bad", "a::broken"))


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (None, 139),  # crashed before it wrote anything
        ("<testsuites", 139),  # crashed while writing
        (None, 0),  # found no test and was content
        ('<testsuite><testcase name="good"/></testsuite>', 3),  # wrote good news, then failed
    ],
)
def test_a_crash_or_an_empty_run_is_a_failure(tmp_path: Path, content: str | None, status: int) -> None:
    report = tmp_path / "report.xml"
    if content is not None:
        report.write_text(content, encoding="utf-8")
    assert count_junit(report, status, "python").failed == 1


def test_a_missing_program_is_a_failure(tmp_path: Path) -> None:
    outcome = run_check("lint", ["no-such-program"], tmp_path)
    assert outcome.failed == 1
    assert "not installed" in outcome.failures[0]


def test_summary_ends_with_the_counts_and_the_exit_code_follows(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    parts = (
        Part("lint", "a part that passes", lambda _top, _arguments: Outcome(passed=3, skipped=1)),
        Part("core", "a part that fails", lambda _top, _arguments: Outcome(2, 1, 0, ("core::qa_x",))),
    )
    monkeypatch.setattr(test_command, "PARTS", parts)
    assert main(["test"]) == 1
    output = capsys.readouterr().out
    assert "failed: core::qa_x" in output
    assert output.splitlines()[-1] == "5 passed, 1 failed, 1 skipped"
    assert main(["test", "--only", "lint"]) == 0


def test_parts_that_do_not_exist_are_refused() -> None:
    with pytest.raises(SystemExit) as refused:
        main(["test", "--only", "everything"])
    assert refused.value.code == 2
