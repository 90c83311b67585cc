import re
from collections import Counter
from statistics import quantiles

from guichet.inventory_files import read
from guichet.synthetic import SERVICES, STANDARDS, generate, written
from shared.contracts.reported.inventory import ServiceReported, ServiceStandardReported

IMPORT = read([STANDARDS, SERVICES])
SERVICES_READ = [row.data for row in IMPORT.rows if isinstance(row.data, ServiceReported)]
STANDARDS_READ = [row.data for row in IMPORT.rows if isinstance(row.data, ServiceStandardReported)]


def test_the_shipped_files_are_exactly_what_is_generated() -> None:
    services, standards = generate()
    assert SERVICES.read_bytes() == written(services).encode()
    assert STANDARDS.read_bytes() == written(standards).encode()


def test_another_seed_gives_another_inventory() -> None:
    assert generate(seed=1) != generate(seed=2)


def test_every_row_is_imported() -> None:
    assert IMPORT.count("imported") == len(IMPORT.rows) == len(SERVICES_READ) + len(STANDARDS_READ)
    assert not any(finding.severity == "error" for finding in IMPORT.findings)


def test_eighty_organizations_have_about_four_hundred_services_and_six_hundred_standards() -> None:
    assert {row.org_id for row in IMPORT.rows} == {str(number) for number in range(9001, 9081)}
    assert len(SERVICES_READ) == 400
    assert 550 <= len(STANDARDS_READ) <= 650


def test_no_text_is_missing_in_either_language_and_no_word_is_left_to_fill() -> None:
    for row in (*SERVICES_READ, *STANDARDS_READ):
        texts = {name: value for name, value in row.model_dump().items() if name[-3:] in {"_en", "_fr"}}
        for name, value in texts.items():
            assert (value is None) == (texts[f"{name[:-3]}_{'fr' if name.endswith('_en') else 'en'}"] is None)
            assert "{" not in (value or "")


def test_both_languages_state_the_same_limit() -> None:
    for standard in STANDARDS_READ:
        numbers = [
            re.findall(r"\d+", text or "") for text in (standard.service_standard_en, standard.service_standard_fr)
        ]
        assert numbers[0] == numbers[1] or numbers[1] == [*numbers[0], "24"]


def test_volumes_have_the_heavy_tail_of_the_real_inventory() -> None:
    totals = [each.total_volume for each in STANDARDS_READ if isinstance(each.total_volume, int) and each.total_volume]
    low, median, high = quantiles(totals, n=4)
    assert 12 <= low <= 35
    assert 85 <= median <= 230
    assert 1_000 <= high <= 3_500
    assert 1 <= sum(total > 1_000_000 for total in totals) <= 20


def test_standards_are_mostly_of_timeliness_with_some_of_access_and_accuracy() -> None:
    types = Counter(each.type for each in STANDARDS_READ)
    assert types["TML"] > 0.7 * len(STANDARDS_READ)
    assert min(types["ACS"], types["ACY"], types["OTH"]) > 10


def test_targets_are_mostly_the_usual_four() -> None:
    usual = sum(each.target in {0.8, 0.9, 0.95, 1.0} for each in STANDARDS_READ)
    assert usual > 0.75 * len(STANDARDS_READ)
