"""The principles asked again at each session: answers are kept, the unanswered wait."""

from typer.testing import CliRunner

from qi_equity import project_file
from qi_equity.cli import app

EXAMPLE = project_file.examples()["pph_reduction"]


def test_an_answer_is_kept_and_waits_again_at_the_next_session(tmp_path):
    def run(*more):
        store = ["--database", str(tmp_path / "network.sqlite")]
        return CliRunner().invoke(app, ["principles", str(EXAMPLE), *store, *more])

    def printed(*more):
        return " ".join(run(*more).output.split())

    assert "7 principles wait" in printed()
    told = printed("--of", "3", "--answer", "Two mothers now sit in the group")
    assert "6 principles wait" in told
    assert "Two mothers now sit in the group" in told
    later = printed("--since", "2100-01-01")
    assert "7 principles wait" in later
    assert "Two mothers now sit in the group" in later
    assert "1 to 7" in str(run("--of", "8", "--answer", "x").exception)
    assert "1 to 7" in str(run("--of", "2").exception)
