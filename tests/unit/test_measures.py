"""Clock rule 9: time limits read from sentences, most of them from the 2023-2024 GC Service Inventory."""

import pytest

from shared.contracts.measure import Measure
from shared.measures import infer


@pytest.mark.parametrize(
    ("en", "fr", "measure"),
    [
        (
            "Wireless Equipment Certification fee (14 Calendar days)",
            "Homologation de l’équipement sans fil (14 jours calendrier)",
            Measure(limit="P14D"),
        ),
        (
            "E-mail enquiries are answered within two working days",
            "Les courriels obtiennent une réponse dans un délai de deux jours ouvrables.",
            Measure(limit="P2D", days="business"),
        ),
        (
            "To process an application within 60 business days of the receipt of a complete application.",
            "Traiter une demande dans un délai de 60 jours ouvrables suivant la réception d'une demande complète.",
            Measure(limit="P60D", days="business", starts="complete"),
        ),
        (
            "Send you a payment within thirty (30) business days of receipt of a duly completed claim",
            "Vous verser un paiement dans les trente (30) jours ouvrables après réception d'une demande dûment remplie",
            Measure(limit="P30D", days="business", starts="complete", ends="issued"),
        ),
        (
            "Licences are issued within 45 days once the file is considered complete",
            "Les licences sont délivrées dans un délai de 45 jours une fois le dossier considéré complet",
            Measure(limit="P45D", starts="complete", ends="issued"),
        ),
        (
            "Our goal is to issue your notice of assessment within eight weeks of receiving your return.",
            "Notre but est d’émettre votre avis de cotisation en huit semaines après réception de votre déclaration.",
            Measure(limit="P8W"),
        ),
        (
            "IRCC's goal is to process applications for a work permit within 2 months.",
            "IRCC vise à traiter en 2 mois les demandes de permis de travail.",
            Measure(limit="P2M"),
        ),
        (
            "Non-urgent requests are to be processed within 48 hours.",
            "Les demandes non urgentes sont traitées en quarante-huit heures.",
            Measure(limit="PT48H"),
        ),
        (
            "Applications are decided in 90 minutes or less.",
            "Les demandes sont décidées en quatre-vingt-dix minutes ou moins.",
            Measure(limit="PT90M"),
        ),
        (
            "Requests receive a reply before the end of the next business day",
            "Les demandes reçoivent une réponse avant la fin du jour ouvrable suivant",
            Measure(limit="P1D", days="business"),
        ),
        (
            "Percentage of decisions made within a 7-business day service standard.",
            "Pourcentage des décisions rendues dans un délai de 7 jours ouvrables.",
            Measure(limit="P7D", days="business"),
        ),
        (
            "When you apply, your decision will be made within twenty-one days.",
            "Lorsque vous présentez une demande, une décision sera rendue dans un délai de vingt et un jours.",
            Measure(limit="P21D"),
        ),
        (
            "E-mail enquiries are responded to within five business days",
            "La réponse aux courriels est envoyée dans un délai de cinq jours ouvrables.",
            Measure(limit="P5D", days="business"),
        ),
        (
            "Render a payment decision within 25 days of receiving a signed and completed claim.",
            "Rendre une décision de paiement dans les 25 jours suivant la réception d’une demande de paiement signée et remplie.",
            Measure(limit="P25D", starts="complete"),
        ),
        (
            "The decision will be issued no later than 180 calendar days from the date the request for review is received.",
            "Une décision sera rendue au plus tard 180 jours civils suivant la date de réception de la demande de révision.",
            Measure(limit="P180D"),
        ),
        (
            "30 business days from the date an application is deemed complete to the date a decision is issued",
            "30 jours ouvrables à partir de la date à laquelle la demande est jugée complète jusqu’à la date d’une décision",
            Measure(limit="P30D", days="business", starts="complete"),
        ),
        (
            "To complete the review within 60 days of receiving the complete and accurate application",
            "Terminer l'examen dans les 60 jours après avoir reçu la demande complète et exacte",
            Measure(limit="P60D", starts="complete"),
        ),
        (
            "Register a copyright_x000D_ within 5 business days upon receipt of application that meets filing requirements including fees",
            "Enregistrement dans les 5 jours ouvrables suivant la réception d’une demande qui satisfait aux exigences en matière de dépôt, y compris le paiement des frais exigés",
            Measure(limit="P5D", days="business", starts="complete"),
        ),
        (
            "Issuance of a certificate of approval for an organization. 120 working days.",
            "Délivrance d'un certificat d'agrément pour un organisme. 120 jours ouvrables.",
            Measure(limit="P120D", days="business", ends="issued"),
        ),
        (
            "Our goal is to issue your notice and payment within eight weeks of receiving your application",
            "Notre objectif est d’émettre votre avis et votre paiement dans les huit semaines suivant la réception de votre demande",
            Measure(limit="P8W", ends="issued"),
        ),
        (
            "A decision within 90 business days for at least 75% of the requests",
            "Une décision en 90 jours ouvrables pour au moins 75 % des demandes",
            Measure(limit="P90D", days="business"),
        ),
        (
            "Respond to inquiries made to our phone number before the end of the next business day",
            "Répondre aux demandes formulées par téléphone au plus tard à la fin de la journée ouvrable suivante",
            Measure(limit="P1D", days="business"),
        ),
        (
            "Applications by mail (from inside or outside of Canada) are decided within 20 days",
            "Les demandes par la poste (à partir du Canada ou de l’étranger) sont décidées dans un délai de 20 jours",
            Measure(limit="P20D"),
        ),
        (
            "Process applications within 8 weeks (56 days or less)",
            "Traiter les demandes dans un délai de 56 jours (8 semaines)",
            Measure(limit="P8W"),
        ),
        (
            "Response within 30 days following receipt of request; a notice of extension within 30 days after receipt of request.",
            "Réponse dans les 30 jours suivant la réception de la demande; un avis de prolongation dans les 30 jours suivant la réception de la demande.",
            Measure(limit="P30D"),
        ),
    ],
)
def test_a_limit_stated_alike_in_both_languages_is_proposed_unconfirmed(en: str, fr: str, measure: Measure) -> None:
    inferred = infer(en, fr)
    assert (inferred.measure, inferred.note) == (measure, None)
    assert not measure.confirmed


@pytest.mark.parametrize(
    ("en", "fr", "limit", "source"),
    [
        ("Providing a decision (180 Business Days)", "Subventions et contributions", "P180D", "English"),
        ("Privacy Act Request", "Demande de renseignements personnels - 30 jours", "P30D", "French"),
    ],
)
def test_a_limit_in_one_language_is_proposed_with_a_note(en: str, fr: str, limit: str, source: str) -> None:
    inferred = infer(en, fr)
    assert inferred.measure is not None
    assert inferred.measure.limit == limit
    assert inferred.note is not None
    assert f"Read from the {source} text" in inferred.note.en


@pytest.mark.parametrize(
    ("en", "fr"),
    [
        ("Providing funding decision (105 business days)", "Fournir une décision de financement (90 jours ouvrables)"),
        ("Providing funding decision (80 business days)", "Fournir une décision de financement (80 jours civils)"),
        ("Response to applications within 5 business days", "Réponse aux demandes dans les cinq jours"),
        (
            "A decision within 5 days of receiving a complete application",
            "Une décision dans les cinq jours suivant la réception d’une demande",
        ),
        ("Requests are answered within 4 weeks", "Les demandes obtiennent une réponse en 1 mois"),
        ("Requests are answered within 4 weeks", "Les demandes obtiennent une réponse en 27 jours"),
        ("Requests are answered within 4 weeks", "Les demandes obtiennent une réponse en 28 jours ouvrables"),
    ],
)
def test_languages_which_disagree_give_nothing_and_say_so(en: str, fr: str) -> None:
    inferred = infer(en, fr)
    assert inferred.measure is None
    assert inferred.note is not None
    assert "differ" in inferred.note.en
    assert "diffèrent" in inferred.note.fr


@pytest.mark.parametrize(
    ("en", "fr", "reason"),
    [
        ("Report generated within an average of 15 minutes.", "Rapport produit en 15 minutes en moyenne.", "average"),
        ("Decisions in 10 days", "Décisions rendues dans un délai moyen de 10 jours", "average"),
        ("98 % of entries without errors in 5 days", "98 % des inscriptions sans erreurs en 5 jours", "accuracy"),
        ("Percentage of pages updated within 5 days", "Pourcentage de pages mises à jour en 5 jours", "access"),
        ("24/7 availability, restored within 4 hours", "Disponibilité 24/7, rétablie en 4 heures", "access"),
        (
            "Answer calls received within 60 seconds",
            "On répond aux appels dans un délai de 60 secondes",
            "access",
        ),
        (
            "Acknowledge receipt of application forms within 2 business days.",
            "Accuser réception du formulaire de demande dans un délai de 2 jours ouvrables.",
            "acknowledgement",
        ),
        (
            "The Library usually responds to requests within 48 hours of receipt.",
            "La bibliothèque répond généralement aux demandes dans les 48 heures.",
            "not firm",
        ),
        ("Resolve requests within 2-3 business days", "Résoudre les demandes en 2 à 3 jours ouvrables", "several"),
        ("3 days, or 30 days if reviewed", "3 jours, ou 30 jours en cas d'examen", "several"),
        ("Replies within ten (12) days", "Réponses en dix (12) jours", "several"),
        ("A decision within 24 business hours", "Une décision en 24 heures ouvrables", "unit"),
        ("A decision within 180 workable days", "Une décision en 180 jours traitables", "unit"),
        ("Requests are served within 30 seconds", "Les demandes sont servies en 30 secondes", "unit"),
        (
            "Issue a decision within six weeks of the hearing.",
            "Rendre une décision dans les six semaines suivant l'audience.",
            "something else",
        ),
        (
            "Review within 45 business days of the application deadline",
            "Examen dans les 45 jours ouvrables suivant la date limite des demandes",
            "something else",
        ),
        (
            "Once funding is approved, we will reply within 4 weeks.",
            "Une fois que le financement est approuvé, nous répondrons en 4 semaines.",
            "something else",
        ),
        ("Issuing payment (30 business days)", "Émission de paiement (30 jours ouvrables)", "payment"),
        ("Notify victims 14 days in advance.", "Aviser les victimes 14 jours à l’avance.", "advance"),
        (
            "Complete the initial review of an application within 35 days",
            "Effectuer l'examen initial d'une demande en 35 jours",
            "first step",
        ),
        (
            "Advise complainants of receipt of the complaint within five business days.",
            "Informer les plaignants de la réception de la plainte dans les cinq jours ouvrables.",
            "acknowledgement",
        ),
        (
            "Requests will be assigned to a translator within 24 hours following receipt of the request.",
            "Les demandes seront assignées à un traducteur dans les 24 heures suivant la réception de la demande.",
            "first step",
        ),
        (
            "Advise whether the complaint is admissible or not within 5 days",
            "Déterminer si la requête est admissible ou non dans un délai de 5 jours",
            "first step",
        ),
        (
            "Notify the applicant if the application is complete or incomplete within 60 days of receipt of the application.",
            "Aviser le demandeur si sa demande est complète ou non dans les 60 jours suivant la réception de la demande.",
            "first step",
        ),
        (
            "Review a request within three weeks of receiving it; grant recognition within three weeks of confirming success.",
            "Examiner une demande dans les trois semaines suivant sa réception; accorder la reconnaissance dans les trois semaines suivant la confirmation de la réussite.",
            "something else",
        ),
        (
            "Grants are paid within 65 days of the subscriber’s contribution if the application is complete",
            "Les subventions sont versées dans les 65 jours suivant la contribution du souscripteur si la demande est complète",
            "something else",
        ),
        (
            "Issue it within 4 months (between the date we grant citizenship and the date we send the invitation).",
            "Le délivrer en 4 mois (entre la date d’attribution de la citoyenneté et l’envoi de l’invitation).",
            "something else",
        ),
        (
            "Feedback on proposals within three business days of receipt.",
            "Commentaires sur les propositions dans les trois jours ouvrables suivant la réception de la rétroaction.",
            "something else",
        ),
        ("A decision within 90 net business days", "Une décision en 90 jours ouvrables nets", "unit"),
        ("Respond to calls within 1 hour", "Répondre aux appels dans un délai d'une heure", "access"),
        ("Clients are served within 25 minutes", "Les clients sont servis en 25 minutes", "access"),
        (
            "There is no service standard, but 10 business days are a target.",
            "Il n'existe aucune norme de service, mais 10 jours ouvrables sont un objectif.",
            "not firm",
        ),
        ("Timely response from staff", "Réponse en temps opportun du personnel", "Neither"),
        ("", "", "Neither"),
    ],
)
def test_where_it_is_unsure_nothing_is_guessed_and_the_reason_is_given(en: str, fr: str, reason: str) -> None:
    inferred = infer(en, fr)
    assert inferred.measure is None
    assert inferred.note is not None
    assert reason in inferred.note.en


def test_the_same_limit_in_weeks_and_in_days_is_one_limit_and_is_read_as_the_english_says_it() -> None:
    inferred = infer("Requests are answered within 4 weeks", "Les demandes obtiennent une réponse en 28 jours")
    assert (inferred.measure, inferred.note) == (Measure(limit="P4W"), None)


def test_a_decimal_number_is_not_read_by_its_last_digits() -> None:
    assert infer("Messages received within 8.91 minutes", "Messages reçus en 8,91 minutes").measure is None


@pytest.mark.parametrize("limit", ["P0D", "10D", "P1Y", "P1DT2H", "PT1D", "P-1D", "P1.5D", "p1d", "P٣D", "", "P10D\n"])
def test_a_measure_takes_only_a_whole_duration_of_one_part(limit: str) -> None:
    with pytest.raises(ValueError, match="limit"):
        Measure(limit=limit)


@pytest.mark.parametrize("limit", ["P2W", "P3M", "PT8H", "PT30M", "PT10S"])
def test_business_days_need_a_limit_in_days(limit: str) -> None:
    with pytest.raises(ValueError, match="business days need a limit in days"):
        Measure(limit=limit, days="business")
