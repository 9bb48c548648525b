"""An edit in the words of a maintainer: where, what stood there, what stands there now."""

from twins.anthropic.search.engine.shapes import Edit

SNIPPET = 60
BEFORE = 15


def what_changed(text: str, edit: Edit) -> str:
    """Say what an edit does, such as "line 20: `<=` became `<`"."""
    old = " ".join(text[edit.start : edit.end].split())
    new = " ".join(edit.new.split())
    if not old:
        return f"line {edit.line}: added {_quoted_snippet(new)}"
    if not new or new == "pass":
        return f"line {edit.line}: removed {_quoted_snippet(old)}"
    if max(len(old), len(new)) > SNIPPET:
        old, new = _from_difference(old, new)
    return f"line {edit.line}: {_quoted_snippet(old)} became {_quoted_snippet(new)}"


def _from_difference(old: str, new: str) -> tuple[str, str]:
    """Start both texts shortly before they differ, so that cutting leaves the difference in."""
    pairs = enumerate(zip(old, new, strict=False))
    shared = min(len(old), len(new))
    skipped = next((at for at, (one, other) in pairs if one != other), shared) - BEFORE
    return (old, new) if skipped <= 0 else ("..." + old[skipped:], "..." + new[skipped:])


def _quoted_snippet(code: str) -> str:
    cut = code if len(code) <= SNIPPET else code[: SNIPPET - 3] + "..."
    return "`" + cut.replace("`", "'") + "`"
