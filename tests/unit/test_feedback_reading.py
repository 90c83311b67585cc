"""What is read in clients' words: concern, likeness, spam; and what is said of their answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.feedback.domain.attention import concern
from services.feedback.domain.likeness import essence, may_be_spam
from services.feedback.domain.satisfaction import FEWEST, results, words


@pytest.mark.parametrize(
    "text",
    [
        "I can't go on living like this.",
        "Sometimes I want to kill myself over this file",
        "There is no reason to live",
        "J'ai envie de mourir à force d'attendre",
        "Je pense à m'enlever la vie.",
        "je veux en finir avec la vie",
    ],
)
def test_words_of_self_harm_ask_for_a_person_at_once(text: str) -> None:
    assert concern(text) == "self_harm"


@pytest.mark.parametrize(
    "text",
    [
        "I will shoot whoever closed my file",
        "I know where you work.",
        "I'm going to bomb that office",
        "Je vais vous tuer",
        "je sais où vous habitez",
        "Je vais apporter une arme",
    ],
)
def test_words_of_threat_ask_for_a_person_at_once(text: str) -> None:
    assert concern(text) == "threat"


@pytest.mark.parametrize(
    "text",
    [
        "Your website kills my computer.",
        "The deadline is killing small businesses.",
        "La date limite est mortelle pour nous.",
        "They shoot down every idea.",
        "Ce formulaire me rend fou.",
    ],
)
def test_ordinary_anger_is_no_alarm(text: str) -> None:
    assert concern(text) is None


def test_the_same_words_are_the_same_matter_whatever_their_accents_case_and_order() -> None:
    one = essence("The office on Main Street was closed on Monday, without notice!")
    assert one == essence("without notice, the OFFICE on main street was closed on Monday")
    assert essence("Le bureau était fermé lundi sans aucun préavis ni explication") == essence(
        "le bureau etait ferme lundi sans aucun preavis ni explication"
    )


def test_short_texts_are_never_taken_for_the_same() -> None:
    assert essence("Very good service, thank you") is None


def test_links_and_wares_may_be_spam_and_a_single_link_is_not() -> None:
    assert may_be_spam("Buy cheap backlinks at https://example.org now")
    assert may_be_spam("http://a.example http://b.example http://c.example")
    assert not may_be_spam("The form at https://example.gc.ca/form does not load")


def test_a_result_has_its_weight_beside_it_and_nothing_is_made_of_no_answers() -> None:
    found = {each.question: each for each in results({"rating": (0, 0, 0, 1, 2)})}
    rating = found["rating"]
    assert (rating.answers, rating.satisfied, rating.mean, rating.few) == (3, 1.0, 4.67, True)
    assert rating.interval is not None
    assert rating.interval[0] < 0.5
    assert (found["ease"].answers, found["ease"].satisfied, found["ease"].mean) == (0, None, None)
    assert words(rating.few) is not None


@given(st.tuples(*[st.integers(0, 500)] * 5))
def test_a_share_lies_within_its_interval_and_a_mean_between_one_and_five(counts: tuple[int, ...]) -> None:
    found = results({"rating": counts})[0]
    assert found.answers == sum(counts)
    assert found.few == (sum(counts) < FEWEST)
    if sum(counts):
        assert found.satisfied is not None
        assert found.interval is not None
        assert found.mean is not None
        assert found.interval[0] <= found.satisfied <= found.interval[1]
        assert 1 <= found.mean <= 5
