"""What a model asks for runs in a box; what comes back is text, whatever happened."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.box import BoxPool
from bot.flows import tools
from bot.flows.checks import run_checks
from bot.flows.tools import Ran, run_batch, shorten
from bot.policy.turns import ToolCall, next_move
from tests.integration.adapters.box.conftest import pool, scratch
from tests.tars import contents_of, tar_of

__all__ = ["pool", "scratch"]

BOXED = Path(tools.__file__).parent / "boxed"
TREE = {"a.txt": b"one\ntwo\nthree\n", "t/test_a.py": b"print('base')\n"}

in_module = pytest.mark.asyncio(loop_scope="module")


def call(name: str, **arguments: object) -> ToolCall:
    """Make one call, as it comes out of a model's reply."""
    block = {"type": "tool_use", "id": f"id-{name}", "name": name, "input": arguments}
    move: Any = next_move([block], "tool_use")
    return ToolCall(move.calls[0].id, name, move.calls[0].arguments, move.calls[0].problem)


async def batch(pool: BoxPool, *calls: ToolCall, timeout_s: float = 20) -> tuple[Ran, bytes]:
    """Run calls on the tree; return what they did and what they left."""
    async with pool.box() as box:
        await box.put(tar_of(TREE))
        return await run_batch(box, calls, timeout_s=timeout_s), await box.get()


@in_module
async def test_a_batch_runs_in_order_and_ends_at_submit(pool: BoxPool) -> None:
    """Each call has one result but the submit; what came after it was not run."""
    ran, left = await batch(
        pool,
        call("edit", path="a.txt", old="two", new="2"),
        call("bash", command="cat a.txt; echo no >&2; exit 3"),
        call("view", path="a.txt", start=2, end=2),
        call("curl", url="x"),
        call("submit", summary="s"),
        call("bash", command="rm a.txt"),
    )
    texts = [result["content"] for result in ran.results]
    assert texts[0].startswith("edited a.txt at line 2\n[exit 0,")
    assert texts[1].startswith("one\n2\nthree\nno\n[exit 3,")
    assert texts[2].startswith("     2\t2\n[exit 0,")
    assert texts[3] == "there is no tool `curl`"
    assert texts[4].startswith("not run:")
    assert [result["is_error"] for result in ran.results] == [False, False, False, True, True]
    assert ran.ended == call("submit", summary="s")
    assert (ran.failed, contents_of(left)["a.txt"][2]) == (1, b"one\n2\nthree\n")
    assert ran.wall_s > 0


@in_module
@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("sleep 30", "the time limit"),
        ("kill -9 $$", "[exit 137,"),
        ("printf 'a\\0b\\xff'", "[exit 0,"),
        ("echo a\0b", "NUL byte"),
        ("head -c 3000000 /dev/zero | tr '\\0' x", "characters left out"),
        ("x=" + "y" * 99_000, "[exit 0,"),
        ("x=" + "y" * 300_000, "longer than 100000 bytes"),
    ],
)
async def test_every_command_has_a_result(pool: BoxPool, command: str, told: str) -> None:
    """Too slow, killed, no text, odd bytes, too much: the model hears it, and the run goes on."""
    ran, left = await batch(pool, call("bash", command=command), timeout_s=1)
    assert told in ran.results[0]["content"]
    assert len(ran.results[0]["content"]) < 11_000
    json.dumps(ran.results).encode()
    assert "a.txt" in contents_of(left)


@in_module
async def test_a_long_text_is_written_by_edit(pool: BoxPool) -> None:
    """Megabytes go through standard input, not through an argument."""
    ran, left = await batch(pool, call("edit", path="big.txt", old="", new="x" * 3_000_000))
    assert ran.results[0]["content"].startswith("created big.txt")
    assert len(contents_of(left)["big.txt"][2]) == 3_000_000


@in_module
async def test_an_odd_time_limit_is_bounded(pool: BoxPool) -> None:
    """Never longer than ours, never none."""
    odd: list[float] = [0, -5, 10**400, 1e308]
    ran, _ = await batch(pool, *[call("bash", command="echo ok", timeout_s=n) for n in odd])
    assert all(result["content"].startswith("ok\n[exit 0,") for result in ran.results)


@in_module
async def test_checks_run_on_a_clean_tree_with_the_protected_files_of_the_base(
    pool: BoxPool,
) -> None:
    """What one command leaves the next does not see; a red suite behind a pipe is red."""
    results, cpu = await run_checks(
        pool,
        tree=tar_of({**TREE, "t/test_a.py": b"print('changed')\n"}),
        restored=tar_of({"t/test_a.py": TREE["t/test_a.py"]}),
        commands=["python3 t/test_a.py; touch left", "test ! -e left", "false | cat"],
        layers=(),
        timeout_s=20,
    )
    assert [result.passed for result in results] == [True, True, False]
    assert results[0].output == "base\n"
    assert cpu >= 0


def boxed(script: str, folder: Path, **ask: object) -> tuple[int, str]:
    """Run one of the scripts that a box runs."""
    done = subprocess.run(
        [sys.executable, "-I", str(BOXED / script)],
        cwd=folder,
        input=json.dumps(ask).encode(),
        capture_output=True,
        timeout=20,
        check=False,
    )
    assert b"Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout.decode()


def test_edit_replaces_one_passage_or_nothing(tmp_path: Path) -> None:
    """Exactly one place; line ends and everything else stay as they are."""
    file = tmp_path / "a.txt"
    file.write_bytes(b"one\r\ntwo\r\ntwo \xc3\xa4")
    assert boxed("edit.py", tmp_path, path="a.txt", old="one", new="1") == (
        0,
        "edited a.txt at line 1\n",
    )
    assert file.read_bytes() == b"1\r\ntwo\r\ntwo \xc3\xa4"
    for old, times in (("two", 2), ("three", 0)):
        code, said = boxed("edit.py", tmp_path, path="a.txt", old=old, new="x")
        assert (code, f"occurs {times} times" in said) == (1, True)
    assert file.read_bytes() == b"1\r\ntwo\r\ntwo \xc3\xa4"


def test_edit_makes_a_file_but_never_over_another(tmp_path: Path) -> None:
    """Folders on the way are made; what stands there stays."""
    assert boxed("edit.py", tmp_path, path="x/y.txt", old="", new="new\n")[0] == 0
    assert (tmp_path / "x" / "y.txt").read_text() == "new\n"
    code, said = boxed("edit.py", tmp_path, path="x/y.txt", old="", new="other")
    assert (code, "exists already" in said) == (1, True)


def test_edit_explains_what_it_cannot_do(tmp_path: Path) -> None:
    """A folder, a binary file, a path below a file, no UTF-8: one sentence, nothing written."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "binary").write_bytes(b"\xff\x00")
    (tmp_path / "file").write_text("x")
    for path, old, new in [
        ("folder", "a", "b"),
        ("binary", "a", "b"),
        ("file/below", "", "b"),
        ("absent", "a", "b"),
        ("file", "x", "\ud800"),
        ("", "", "b"),
    ]:
        code, said = boxed("edit.py", tmp_path, path=path, old=old, new=new)
        assert (code, said.startswith("cannot edit")) == (1, True), said
    assert (tmp_path / "file").read_text() == "x"


def test_view_shows_lines_and_folders(tmp_path: Path) -> None:
    """Numbered lines of the part that was asked for; a folder's names; a sentence otherwise."""
    (tmp_path / "a.txt").write_text("".join(f"{n}\n" for n in range(1, 3001)))
    (tmp_path / "sub").mkdir()
    assert boxed("view.py", tmp_path, path="a.txt", start=5, end=6)[1] == "     5\t5\n     6\t6\n"
    assert len(boxed("view.py", tmp_path, path="a.txt")[1].splitlines()) == 2000
    assert boxed("view.py", tmp_path, path="a.txt", start=-9, end=10**9)[1].startswith("     1\t1")
    assert boxed("view.py", tmp_path, path=".")[1] == "a.txt\nsub/\n"
    assert boxed("view.py", tmp_path, path="none") == (
        1,
        "cannot show none: No such file or directory\n",
    )


def test_long_texts_lose_their_middle() -> None:
    """Head and tail stay, and how much is missing is said."""
    text = "a" * 600 + "b" * 600
    short = shorten(text, 100)
    assert short.startswith("a" * 50 + "\n[... 1100 characters left out ...]\n")
    assert short.endswith("b" * 50)
    assert shorten("x" * 100, 100) == "x" * 100
