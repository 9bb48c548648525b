"""Runs the mission's visible checks in a box, on a clean checkout of exactly one attempt."""

from collections.abc import Sequence

from bot.adapters.box import BoxPool, Layer, Limits
from bot.domain.finding import CheckResult
from bot.flows.tools import shorten
from bot.policy.checks import collected, passed

_OUTPUT_SHOWN = 6000


async def run_checks(
    pool: BoxPool,
    *,
    tree: bytes,
    restored: bytes,
    commands: Sequence[str],
    layers: Sequence[Layer],
    timeout_s: float,
) -> tuple[tuple[CheckResult, ...], float]:
    """Run every command; return the results and the processor seconds they took.

    `restored` is a tar of the protected files as they are at the base: it is laid over the tree,
    so that a candidate is never judged by tests it could have edited. The shell's pipefail makes
    a red suite behind a pipe red.
    """
    results: list[CheckResult] = []
    cpu = 0.0
    for command in commands:
        async with pool.box(layers=layers) as box:
            await box.put(tree)
            await box.put(restored)
            done = await box.run(
                ["bash", "-o", "pipefail", "-c", command],
                limits=Limits(wall_s=timeout_s, cpu_s=int(timeout_s), output_bytes=1_000_000),
                merge_stderr=True,
            )
        cpu += done.cpu_s
        output = done.stdout.decode("utf-8", "replace")
        results.append(
            CheckResult(
                command=command,
                passed=passed(done.exit_code, output),
                exit_code=done.exit_code,
                output=shorten(output, _OUTPUT_SHOWN),
                seconds=done.wall_s,
                collected=collected(output),
            )
        )
    return tuple(results), cpu
