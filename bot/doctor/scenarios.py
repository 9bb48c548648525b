"""The scenario store, as the validator will find it. Of its contents only counts are told."""

from pathlib import Path

from bot.doctor.files import Files
from bot.doctor.part import Health, Part, broken
from bot.domain.mission import Gate
from bot.domain.role import Role
from bot.errors import NightshiftError
from bot.scenariostore import check_store
from bot.settings import is_git_address
from bot.up import role_user
from bot.validator.desk.lint import lint
from bot.validator.desk.remark import Weight
from bot.validator.desk.survey import survey
from bot.validator.loader import find_corpus


def scenarios(found: Files, repo: str) -> list[Part]:
    """Look at the store, and at the corpus of one repository."""
    where = found.of(Role.VALIDATOR).get("NIGHTSHIFT_SCENARIOS", "")
    if not where:
        return []
    if is_git_address(where):
        return [Part("scenarios", Health.GOOD, f"from {where}; the validator fetches it")]
    store = Path(where)
    try:
        check_store(store, role_user(Role.VALIDATOR))
    except NightshiftError as error:
        return [broken("scenarios", error)]
    if not repo:
        return [Part("scenarios", Health.GOOD, f"{store}, closed to others")]
    return [_corpus(store, repo)]


def _corpus(store: Path, repo: str) -> Part:
    folder = find_corpus(store, repo)
    if folder is None:
        detail = f"none for {repo}: pull requests are opened and wait for people"
        remedy = f"write some into {store / repo.replace('/', '__')}: nightshift scenario new"
        return Part("scenarios", Health.WEAK, detail, remedy)
    linted = lint(survey(folder), Gate().threshold)
    mistakes = sum(one.weight is Weight.MISTAKE for one in linted.remarks)
    findings = sum(one.weight is Weight.FINDING for one in linted.remarks)
    total = len(linted.survey.scenarios)
    remedy = f"nightshift scenario lint {folder}"
    if mistakes:
        detail = f"{mistakes} mistake(s) in the corpus of {repo}: nothing is judged"
        return Part("scenarios", Health.BROKEN, detail, remedy)
    if findings:
        detail = f"{total} for {repo}; {findings} finding(s): it proves less than it seems to"
        return Part("scenarios", Health.WEAK, detail, remedy)
    return Part("scenarios", Health.GOOD, f"{total} for {repo}")
