import csv
from pathlib import Path

import pytest

from shared.organizations import by_name, by_slug, organizations

DATA = Path(__file__).parents[2] / "../shared/data"
needs_real_files = pytest.mark.skipif(not DATA.is_dir(), reason="the public inventory files are not at ../shared/data")


def test_an_organization_is_found_by_its_portal_slug() -> None:
    found = by_slug("nrcan-rncan")
    assert found is not None
    assert (found.org_id, found.name.fr, found.fictional) == ("134", "Ressources naturelles Canada", False)


def test_the_first_slug_is_the_one_in_use_but_former_ones_resolve() -> None:
    assert organizations()["326"].slugs[0] == "tbs-sct"
    assert by_slug("tb-ct") is by_slug("tbs-sct")


@pytest.mark.parametrize(
    ("name", "org_id"),
    [
        ("PECHES ET OCEANS CANADA", "125"),
        ("Department of Fisheries and Oceans", "125"),
        ("Infrastructure Canada", "237"),
        ("Western Economic Diversification Canada", "140"),
        ("Diversification de l’économie de l’Ouest Canada", "140"),
        ("Ministère des Phares", "9001"),
    ],
)
def test_an_organization_is_found_by_any_of_its_names(name: str, org_id: str) -> None:
    found = by_name(name)
    assert found is not None
    assert found.org_id == org_id


def test_what_is_in_no_table_is_not_found() -> None:
    assert by_name("Ministry of Silly Walks") is None
    assert by_name("") is None
    assert by_slug("") is None


def test_eighty_fictional_organizations_have_names_in_both_languages_and_a_slug() -> None:
    fictional = [each for each in organizations().values() if each.fictional]
    assert [each.org_id for each in fictional] == [str(number) for number in range(9001, 9081)]
    assert [each.slugs for each in fictional] == [(f"demo-{number:03d}",) for number in range(1, 81)]
    assert {each.policy_scope for each in fictional} == {"IN_SCOPE"}
    assert len({each.name.en for each in fictional}) == len({each.name.fr for each in fictional}) == 80


def test_slugs_and_names_are_of_one_organization_each() -> None:
    slugs = [slug for each in organizations().values() for slug in each.slugs]
    assert len(slugs) == len(set(slugs))
    for each in organizations().values():
        assert by_name(each.name.en) is by_name(each.name.fr) is each


def test_the_bodies_the_policy_names_have_their_scope() -> None:
    scopes = [each.policy_scope for each in organizations().values() if not each.fictional]
    assert len(scopes) == 107
    assert scopes.count("EXCLUDED_2_1") == 6
    assert scopes.count("AGENT_OF_PARLIAMENT_2_2") == 6


@needs_real_files
@pytest.mark.parametrize("year", ["2018-2019", "2019-2020"])
@pytest.mark.parametrize("kind", ["services", "standards"])
def test_every_name_in_the_real_files_of_the_policy_years_resolves(kind: str, year: str) -> None:
    with (DATA / f"{kind}_{year}.csv").open(encoding="utf-8-sig", newline="") as file:
        names = {(row["department_name_en"], row["department_name_fr"]) for row in csv.DictReader(file)}
    assert [pair for pair in names if by_name(pair[0]) is None or by_name(pair[0]) is not by_name(pair[1])] == []
