"""Scenario files: what is read, and how mistakes are named without telling content."""

import re
import time
from pathlib import Path

import pytest

from bot.errors import ScenarioError
from bot.validator.loader import corpus_digest, find_corpus, load_corpus, parse_scenario
from bot.validator.scenario import Kind, Scenario, ScenarioSet

README = Path(__file__).parents[3] / "scenarios" / "README.md"
TEXT = """\
---
id: quote-total
feature: quote
kind: cli
set: gate
---
# Story
A clerk asks for CANARY-story.

# Setup
```yaml
vars:
  weight: {decimal: [0.5, 20, 2]}
  day: {date: [2024-01-01, 2024-12-31]}
compute:
  total: "quantize(weight * 1.20, 2)"
files:
  in.txt: |
    # not a heading
    ${total}
```

# Steps
```yaml
- run: quote --weight ${weight} --note "two words" --json
  as: quote
- run: [help, 1, 2.5]
```

# Checks
```yaml
- exit: {of: quote, code: 0}
- equals: {of: quote, at: "stdout.json.items[0].a", value: "${total}"}
- regex: {at: stdout, pattern: "CANARY-${total}"}
  must: false
  weight: 2
  class: wrong format
- invariant: number(json(quote.stdout).total) > 0
```
"""


def changed(old: str, new: str) -> str:
    """Return the example with one change that really is one."""
    assert old in TEXT
    return TEXT.replace(old, new, 1)


def complaint(text: str) -> str:
    """Return the whole message of the error."""
    with pytest.raises(ScenarioError) as caught:
        parse_scenario(text, "some/file.md")
    return str(caught.value)


def test_a_whole_scenario() -> None:
    """Every part is read, short forms and defaults are written out."""
    scenario = parse_scenario(TEXT, "a.md")
    first, last = scenario.steps[0], scenario.steps[1]
    checks = {check.verb: check for check in scenario.checks}

    assert (scenario.id, scenario.kind, scenario.set) == ("quote-total", Kind.CLI, ScenarioSet.GATE)
    assert (scenario.weight, scenario.repeats, scenario.must_pass, scenario.issue) == (
        1,
        None,
        False,
        None,
    )
    assert first.body["argv"] == ["quote", "--weight", "${weight}", "--note", "two words", "--json"]
    assert (first.name, last.name) == ("quote", "step2")
    assert checks["equals"].body["at"] == ["stdout", "json", "items", 0, "a"]
    assert checks["regex"].body["of"] == "step2"
    assert (checks["regex"].must, checks["regex"].weight) == (False, 2)
    assert scenario.setup.files["in.txt"].startswith("# not a heading")
    assert scenario.setup.vars["day"] == {"date": ["2024-01-01", "2024-12-31"]}


def test_a_key_beside_its_verb_is_told_where_it_belongs() -> None:
    """The most common slip: the arguments of a call stand next to it."""
    text = (
        "---\nid: a\nfeature: f\nkind: lib\nset: gate\n---\n# Story\ns\n# Steps\n```yaml\n"
        "- call: till:total\n  args: [1]\n```\n# Checks\n```yaml\n- equals: {value: 7}\n```\n"
    )
    with pytest.raises(ScenarioError) as caught:
        parse_scenario(text, "some/file.md")

    assert "the key 'args' stands beside 'call'" in str(caught.value)
    assert "inside: call: {..., args: ...}" in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "key", "nearest"),
    [
        ("feature: quote", "feature: quote\nwieght: 2", "wieght", "weight"),
        ("kind: cli", "kindd: cli", "kindd", "kind"),
        ("vars:", "var:", "var", "vars"),
        ("{decimal:", "{decimals:", "decimals", "decimal"),
        ("- run: quote", "- runs: quote", "runs", "run"),
        ("  as: quote", "  stdn: x\n  as: quote", "stdn", "stdin"),
        ("- exit:", "- exits:", "exits", "exit"),
        ("code: 0", "cod: 0", "cod", "code"),
        ("must: false", "mustt: false", "mustt", "must"),
        ("# Setup", "# Setups", "Setups", "Setup"),
    ],
)
def test_an_unknown_key_is_named_with_its_neighbour(
    old: str, new: str, key: str, nearest: str
) -> None:
    """Every section says which key, and which one was probably meant."""
    text = complaint(changed(old, new))

    assert f"unknown key {key!r}" in text
    assert f"did you mean {nearest!r}" in text
    assert "some/file.md" in text


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("---\nid", "id"),
        ("id: quote-total", "id: Not An Id"),
        ("id: quote-total", "id: a\nid: b"),
        ("set: gate", "set: public"),
        ("feature: quote", "feature: quote\nweight: 6"),
        ("feature: quote", "feature: quote\nrepeats: 0"),
        ("feature: quote", "feature: quote\nmust_pass: yes"),
        ("# Story\nA clerk asks for CANARY-story.", "# Story\n"),
        ("# Steps", "# Steps\n```yaml\n- run: x\n```"),
        ("[0.5, 20, 2]", "[20, 0.5, 2]"),
        ("{decimal: [0.5, 20, 2]}", "{decimal: [0.5, 20, 2], int: [1, 2]}"),
        ("weight * 1.20", "weigth * 1.20"),
        ("weight * 1.20", "weight.__class__"),
        ("weight * 1.20", 'later * 1.20"\n  later: "1'),
        ("${weight}", "${wieght}"),
        ("${weight}", "${quantize(weight, 1)}"),
        ('"two words"', '"two words'),
        ("as: quote", "as: weight"),
        ("as: quote", "as: Quote"),
        ("of: quote, code", "of: nobody, code"),
        ("code: 0", "code: true"),
        ('at: "stdout.json', 'at: "body.json'),
        ('at: stdout, pattern: "CANARY-${total}"', 'pattern: "(a+)+$"'),
        ('pattern: "CANARY', 'pattern: "(CANARY'),
        ("class: wrong format", "class: my own class"),
        ("quote.stdout).total", "quotes.stdout).total"),
        ("- run: [help, 1, 2.5]", '- call: {function: "a:b"}'),
        ("- run: [help, 1, 2.5]", "- write: {path: ../x, text: y}"),
        ("- run: [help, 1, 2.5]", "- write: {path: /etc/x, text: y}"),
        ("in.txt: |", "a/../../b: |"),
        ("# Checks\n```yaml\n", "# Checks\n```yaml\n- equals: {value: 3}\n"),
        ("- exit: {of: quote, code: 0}", "- exit: 0\n  regex: {pattern: x}"),
        ("files:", "clock: tomorrow\nfiles:"),
        ("files:", "x: !!python/object:os.system {}\nfiles:"),
    ],
)
def test_mistakes_are_refused_without_telling_content(old: str, new: str) -> None:
    """The message names file and place; what the scenario says stays inside."""
    text = complaint(changed(old, new))

    assert "some/file.md" in text
    assert "CANARY" not in text


def test_not_text_at_all(tmp_path: Path) -> None:
    """Bytes that are no UTF-8, and a file beyond all measure, are one clear error each."""
    (tmp_path / "a.md").write_bytes(b"\xff\xfe")
    with pytest.raises(ScenarioError, match=r"a\.md: not UTF-8"):
        load_corpus(tmp_path)
    (tmp_path / "a.md").write_bytes(b"x" * 300_000)
    with pytest.raises(ScenarioError, match="larger"):
        load_corpus(tmp_path)


def test_yaml_is_data() -> None:
    """`on` and `no` and dates stay the words that were written."""
    text = changed("files:", "env: {A: no, B: 2024-01-31, C: on}\nfiles:")

    assert parse_scenario(text, "a.md").setup.env == {"A": "no", "B": "2024-01-31", "C": "on"}


def test_every_example_of_the_readme_loads() -> None:
    """The page and the reader agree: one example per kind."""
    found = re.findall(r"````markdown\n(.*?)````", README.read_text(), re.DOTALL)

    assert {parse_scenario(text, "x.md").kind for text in found} == set(Kind)


def test_a_corpus_has_a_digest_of_its_files(tmp_path: Path) -> None:
    """A changed, renamed or added file changes it; README and hidden names do not count."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "one.md").write_text(TEXT)
    (tmp_path / "README.md").write_text("not a scenario")
    (tmp_path / "_draft.md").write_text("not a scenario")
    corpus = load_corpus(tmp_path)
    digests = {corpus.digest}
    (tmp_path / "two.md").write_text(TEXT.replace("quote-total", "other"))
    digests.add(corpus_digest(tmp_path))
    (tmp_path / "two.md").rename(tmp_path / "three.md")
    digests.add(load_corpus(tmp_path).digest)

    assert len(corpus.scenarios) == 1
    assert len(digests) == 3
    assert corpus_digest(tmp_path) == load_corpus(tmp_path).digest


def test_an_id_stands_once(tmp_path: Path) -> None:
    """Two files with one id are refused, naming both."""
    for name in ("a.md", "b.md"):
        (tmp_path / name).write_text(TEXT)

    with pytest.raises(ScenarioError, match=r"b\.md.*a\.md"):
        load_corpus(tmp_path)


def test_a_corpus_is_found_by_repository(tmp_path: Path) -> None:
    """The owner's folder wins over the general one, and no name leads elsewhere."""
    (tmp_path / "parcel").mkdir()
    assert find_corpus(tmp_path, "acme/parcel") == tmp_path / "parcel"
    (tmp_path / "acme__parcel").mkdir()
    assert find_corpus(tmp_path, "acme/parcel") == tmp_path / "acme__parcel"
    for name in ("acme/other", "../parcel", "acme/..", "parcel", "a/b/c", "acme/par cel", ""):
        assert find_corpus(tmp_path, name) is None


def test_two_hundred_files_load_quickly(tmp_path: Path) -> None:
    """A corpus is read again for every verdict, so reading is cheap."""
    for index in range(200):
        (tmp_path / f"{index}.md").write_text(TEXT.replace("quote-total", f"quote-{index}"))
    begun = time.process_time()
    scenarios: tuple[Scenario, ...] = load_corpus(tmp_path).scenarios

    assert len(scenarios) == 200
    assert time.process_time() - begun < 2
