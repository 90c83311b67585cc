"""What can be wrong with an event or a request: a stable code, and sentences in both languages that say what to change.

Whole requests are answered by RFC 9457 problem details; single events by the `problem` of their receipt.
"""

from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from shared.language import Bilingual


def _text(en: str, fr: str) -> Bilingual:
    return Bilingual(en=en, fr=fr)


TITLES: dict[str, tuple[int, Bilingual]] = {
    "unreadable": (400, _text("This is not readable JSON.", "Ce n'est pas du JSON lisible.")),
    "invalid_envelope": (
        422,
        _text("This is not a CloudEvents 1.0 event.", "Ce n'est pas un événement CloudEvents 1.0."),
    ),
    "unknown_type": (422, _text("This type of event is not known here.", "Ce type d'événement n'est pas connu ici.")),
    "missing_field": (422, _text("A required field is missing.", "Un champ obligatoire manque.")),
    "unknown_field": (422, _text("A field is not in the contract.", "Un champ ne figure pas dans le contrat.")),
    "invalid_value": (422, _text("A value is not valid.", "Une valeur n'est pas valide.")),
    "too_large": (413, _text("It is too large.", "C'est trop volumineux.")),
    "too_deep": (422, _text("It is nested too deeply.", "Les éléments sont imbriqués trop profondément.")),
    "time_in_future": (422, _text("Its time lies in the future.", "Son heure est dans le futur.")),
    "wrong_organization": (
        403,
        _text("It speaks for another organisation.", "Il parle au nom d'une autre organisation."),
    ),
    "not_your_service": (
        403,
        _text("The service is another organisation's.", "Le service relève d'une autre organisation."),
    ),
    "oversight_only": (
        403,
        _text("Only oversight may report this.", "Seule la surveillance peut le déclarer."),
    ),
    "department_only": (
        403,
        _text("Only the department may report this.", "Seul le ministère peut le déclarer."),
    ),
    "id_conflict": (
        409,
        _text("This id was used for other data.", "Cet identifiant a déjà servi à d'autres données."),
    ),
    "barred_by_policy": (409, _text("The policy bars it.", "La politique l'exclut.")),
    "step_out_of_order": (409, _text("This step cannot follow.", "Cette étape ne peut suivre.")),
    "case_ended": (409, _text("The case has ended.", "Le cas a pris fin.")),
    "unknown_event": (
        422,
        _text("The event to correct is not known.", "L'événement à corriger n'est pas connu."),
    ),
    "corrected_before": (
        409,
        _text("The event was corrected before.", "L'événement a déjà été corrigé."),
    ),
    "withdrawn_before": (
        409,
        _text("There is nothing to withdraw.", "Il n'y a rien à retirer."),
    ),
    "too_entangled": (
        422,
        _text("Too many events hang on each other.", "Trop d'événements dépendent l'un de l'autre."),
    ),
    "correction_elsewhere": (
        409,
        _text("A correction keeps to its thing.", "Une correction porte sur le même objet."),
    ),
    "service_conflict": (
        409,
        _text("The application is for another service.", "La demande vise un autre service."),
    ),
    "after_final_state": (
        422,
        _text("The application had ended by then.", "La demande était alors terminée."),
    ),
    "too_many_reports": (422, _text("It has too many reports.", "Elle compte trop de rapports.")),
    "unknown_service": (422, _text("The service is not in the inventory.", "Le service n'est pas au répertoire.")),
    "unknown_case": (422, _text("The case itself is not known yet.", "Le cas lui-même n'est pas encore connu.")),
    "unknown_standard": (
        422,
        _text("The service standard is not in the inventory.", "La norme de service n'est pas au répertoire."),
    ),
    "measure_inferred": (
        422,
        _text("Its limit was read from its sentence.", "Sa limite a été lue dans sa phrase."),
    ),
    "measure_not_read": (
        422,
        _text("No limit could be read from its sentence.", "Aucune limite n'a pu être lue dans sa phrase."),
    ),
    "internal_error": (
        500,
        _text("We could not record it; it is kept for us to mend.", "Nous n'avons pu l'enregistrer; il est conservé."),
    ),
    "unauthorized": (401, _text("Who you are is not known.", "Votre identité n'est pas connue.")),
    "forbidden": (403, _text("You may not do this.", "Vous n'y êtes pas autorisé.")),
    "not_found": (404, _text("There is no such thing here.", "Cet élément n'existe pas.")),
    "precondition_required": (
        428,
        _text("Say which version you have read.", "Indiquez la version que vous avez lue."),
    ),
    "precondition_failed": (
        412,
        _text("It has changed since you read it.", "Cet élément a changé depuis votre lecture."),
    ),
    "gone": (410, _text("It is no longer kept.", "Cet élément n'est plus conservé.")),
    "method_not_allowed": (
        405,
        _text("This method is not allowed here.", "Cette méthode n'est pas permise ici."),
    ),
    "ambiguous": (409, _text("More than one thing has this id.", "Plusieurs éléments portent cet identifiant.")),
    "address_not_allowed": (
        422,
        _text("Nothing can be sent to this address.", "Rien ne peut être envoyé à cette adresse."),
    ),
    "channel_not_set_up": (
        422,
        _text("This channel is not set up here.", "Ce mode d'envoi n'est pas configuré ici."),
    ),
    "subscription_exists": (409, _text("There is such a subscription already.", "Cet abonnement existe déjà.")),
    "too_many_subscriptions": (409, _text("It has too many subscriptions.", "Elle compte trop d'abonnements.")),
    "cannot_retry": (409, _text("It cannot be delivered again.", "Cela ne peut être livré de nouveau.")),
    "key_exists": (409, _text("A key with this id exists already.", "Une clé porte déjà cet identifiant.")),
    "rebuild_under_way": (409, _text("The views are being rebuilt.", "Les vues sont en reconstruction.")),
    "nothing_kept": (409, _text("There is nothing to go back to.", "Il n'y a rien à quoi revenir.")),
    "unsupported_media_type": (
        415,
        _text("This kind of content is not read here.", "Ce type de contenu n'est pas accepté."),
    ),
    "invalid_request": (400, _text("The request is not understood.", "La requête n'est pas comprise.")),
    "request_timeout": (408, _text("The request came too slowly.", "La requête est arrivée trop lentement.")),
    "uri_too_long": (414, _text("The address is too long.", "L'adresse est trop longue.")),
    "headers_too_large": (431, _text("The headers are too large.", "Les en-têtes sont trop volumineux.")),
    "too_many_requests": (429, _text("Too many tries; wait a little.", "Trop d'essais; patientez un peu.")),
    "temporarily_unavailable": (
        503,
        _text("We cannot record anything just now; try again.", "Rien ne peut être enregistré maintenant; réessayez."),
    ),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """Why one event is refused, or what is doubtful about an accepted one."""

    code: str
    detail: Bilingual
    field: str | None = None

    @property
    def status(self) -> int:
        return TITLES[self.code][0]

    def as_dict(self) -> dict[str, Any]:
        title = TITLES[self.code][1]
        answer = {"code": self.code, "title": title.model_dump(), "detail": self.detail.model_dump()}
        return answer if self.field is None else {**answer, "field": self.field}


def problem(code: str, en: str, fr: str, field: str | None = None) -> Problem:
    """A problem; sentences that quote something endless are cut."""
    return Problem(code, _text(en[:2000], fr[:2000]), field)


class Refused(Exception):
    """A whole request is refused; `api` turns it into problem details."""

    def __init__(self, problem: Problem, headers: dict[str, str] | None = None) -> None:
        super().__init__(problem.code)
        self.problem = problem
        self.headers = headers or {}


class TemporarilyUnavailable(Refused):
    """Something needed is away; the same request may go through in a moment."""

    def __init__(self, en: str, fr: str, seconds: int = 2) -> None:
        super().__init__(problem("temporarily_unavailable", en, fr), {"Retry-After": str(seconds)})


_SENTENCES: dict[str, tuple[str, str, str]] = {
    "missing": ("missing_field", "The field {field} is required.", "Le champ {field} est obligatoire."),
    "extra_forbidden": (
        "unknown_field",
        "The field {field} is not part of this event; remove it.",
        "Le champ {field} ne fait pas partie de cet événement; retirez-le.",
    ),
    "literal_error": (
        "invalid_value",
        "The field {field} must be one of: {expected}.",
        "Le champ {field} doit être l'une de ces valeurs : {expected}.",
    ),
    "string_too_long": (
        "invalid_value",
        "The field {field} has more than {max_length} characters.",
        "Le champ {field} compte plus de {max_length} caractères.",
    ),
    "string_too_short": ("invalid_value", "The field {field} is empty.", "Le champ {field} est vide."),
    "string_pattern_mismatch": (
        "invalid_value",
        "The field {field} has characters that are not allowed there (control; in an id also comma, slash, space in front).",
        "Le champ {field} contient des caractères interdits (de commande; dans un identifiant aussi virgule, barre oblique, espace initiale).",
    ),
    "timezone_aware": (
        "invalid_value",
        "The field {field} needs a time zone, such as Z.",
        "Le champ {field} doit porter un fuseau horaire, tel que Z.",
    ),
    "greater_than_equal": (
        "invalid_value",
        "The field {field} must be {ge} or more.",
        "Le champ {field} doit être d'au moins {ge}.",
    ),
    "less_than_equal": (
        "invalid_value",
        "The field {field} must be {le} or less.",
        "Le champ {field} doit être d'au plus {le}.",
    ),
    "value_error": ("invalid_value", "The field {field}: {en}.", "Le champ {field} : {fr}."),
    **dict.fromkeys(
        ("datetime_type", "datetime_parsing", "datetime_from_date_parsing", "datetime_object_invalid"),
        (
            "invalid_value",
            "The field {field} must be a moment such as 2026-04-01T09:30:00Z.",
            "Le champ {field} doit être un moment tel que 2026-04-01T09:30:00Z.",
        ),
    ),
    **dict.fromkeys(
        ("date_type", "date_parsing", "date_from_datetime_parsing", "date_from_datetime_inexact"),
        (
            "invalid_value",
            "The field {field} must be a date such as 2026-04-01.",
            "Le champ {field} doit être une date telle que 2026-04-01.",
        ),
    ),
    **dict.fromkeys(
        ("model_type", "model_attributes_type", "dict_type"),
        ("invalid_value", "The field {field} must be an object.", "Le champ {field} doit être un objet."),
    ),
    **dict.fromkeys(
        ("list_type", "tuple_type"),
        ("invalid_value", "The field {field} must be a list.", "Le champ {field} doit être une liste."),
    ),
    **dict.fromkeys(
        ("int_type", "int_parsing", "int_from_float"),
        ("invalid_value", "The field {field} must be a whole number.", "Le champ {field} doit être un nombre entier."),
    ),
    **dict.fromkeys(
        ("float_type", "float_parsing"),
        ("invalid_value", "The field {field} must be a number.", "Le champ {field} doit être un nombre."),
    ),
    **dict.fromkeys(
        ("bool_type", "bool_parsing"),
        ("invalid_value", "The field {field} must be true or false.", "Le champ {field} doit être true ou false."),
    ),
    "string_type": ("invalid_value", "The field {field} must be a text.", "Le champ {field} doit être un texte."),
}
_OTHERWISE = (
    "invalid_value",
    "The field {field} is not valid: {message}.",
    "La valeur du champ {field} n'est pas valide.",
)


def first_problem(error: ValidationError, within: str = "") -> Problem:
    """The first thing a contract finds wrong, as a problem with the field's path."""
    return all_problems(error, within)[0]


def all_problems(error: ValidationError, within: str = "") -> list[Problem]:
    """Everything that a contract finds wrong, in the order of its fields."""
    return [_of(found, within) for found in error.errors(include_url=False, include_input=False)]


def _of(found: Any, within: str) -> Problem:
    path = ".".join([*([within] if within else []), *(str(part) for part in found["loc"])]) or within or "data"
    code, en, fr = _SENTENCES.get(found["type"], _OTHERWISE)
    facts = {**(found.get("ctx") or {}), "field": path, "message": found["msg"]}
    # A contract's own checks write both languages: `ValueError("in English | en français")`.
    facts["en"], _, facts["fr"] = str(facts.get("error", "")).partition(" | ")
    facts["fr"] = facts["fr"] or "valeur non valide"
    facts["expected"] = str(facts.get("expected", "")).replace(" or ", ", ")
    return problem(code, en.format(**facts), fr.format(**facts), path)
