"""A repository with one of everything, and the names by which tables speak of it."""

from dataclasses import dataclass
from random import Random

from twins.conformance.ground import Ground, Plot
from twins.conformance.moves import begin, check, file, issue, pull


@dataclass(frozen=True, slots=True)
class Landscape:
    """The plot, and what `{names}` in a path or a body stand for."""

    plot: Plot
    names: dict[str, str]

    def fill(self, value: object) -> object:
        """Return a path or a body with its names filled in; `#name` becomes a number."""
        if isinstance(value, str):
            if value.startswith("#") and value[1:] in self.names:
                return int(self.names[value[1:]])
            return value.format(**self.names) if "{" in value else value
        if isinstance(value, dict):
            return {key: self.fill(one) for key, one in value.items()}
        return [self.fill(one) for one in value] if isinstance(value, list) else value


def lay_out(ground: Ground, random: Random) -> Landscape:
    """Make one of everything."""
    plot = ground.plot(random, org=True)
    root = begin(plot)
    label = plot.ok("POST", "labels", {"name": plot.word("known"), "color": "ff0000"})
    filed = issue(plot, labels=[label["name"]], by="read")
    comment = plot.ok("POST", f"issues/{filed['number']}/comments", {"body": "x"}, by="read")
    opened = pull(plot, lines=3)
    number = opened["number"]
    order = {"body": "x", "path": opened["path"], "line": 1, "side": "RIGHT"}
    order |= {"commit_id": opened["head"]["sha"]}
    remark = plot.ok("POST", f"pulls/{number}/comments", order, by="write")
    verdict = {"event": "COMMENT", "body": "x"}
    review = plot.ok("POST", f"pulls/{number}/reviews", verdict, by="write")
    merged = pull(plot)
    plot.ok("PUT", f"pulls/{merged['number']}/merge", {})
    run = check(plot, root, plot.word("check"))
    open_run = plot.ok("POST", "check-runs", {"name": "open", "head_sha": root})
    head = file(plot, "known.txt", "known\n")
    blob = plot.ok("GET", "contents/known.txt")["sha"]
    clash = pull(plot)
    file(plot, clash["path"], "something else\n")
    draft = pull(plot, draft=True)
    names = {
        "root": root,
        "head": head,
        "blob": blob,
        "tree": plot.ok("GET", f"git/commits/{root}")["tree"]["sha"],
        "label": label["name"],
        "issue": filed["number"],
        "comment": comment["id"],
        "pull": number,
        "branch": opened["head"]["ref"],
        "path": opened["path"],
        "remark": remark["id"],
        "review": review["id"],
        "merged": merged["number"],
        "clash": clash["number"],
        "draft": draft["number"],
        "run": run["id"],
        "open_run": open_run["id"],
        "suite": run["check_suite"]["id"],
        "installation": plot.installation,
        "org": plot.owner,
        "writer": plot.logins["write"],
        "reader": plot.logins["read"],
        "stranger": plot.logins["stranger"],
        "unknown": plot.word("nothing"),
        "number": random.randrange(10_000, 99_999),
        "sha": f"{random.randrange(16**40):040x}",
    }
    return Landscape(plot, {name: str(value) for name, value in names.items()})
