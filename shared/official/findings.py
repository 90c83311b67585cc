"""What can be found about a row of the inventory: how severe it is, whether it refuses the row, and what to do, in both languages.

Codes beginning with `qa_` are the data-quality checks of policy.md 2.4; those before them in the table refuse the row.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from shared.language import Bilingual

Severity = Literal["error", "warning", "suggestion"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found about one row; `field` is the contract's name of a column, or the file's."""

    severity: Severity
    code: str
    field: str | None
    text: Bilingual
    rejected: bool
    file: str
    line: int
    org_id: str | None
    service_id: str | None
    service_standard_id: str | None


@dataclass(frozen=True, slots=True)
class Remark:
    """A finding that does not know its row yet."""

    code: str
    field: str | None = None
    facts: Mapping[str, str] | None = None

    @property
    def rejects(self) -> bool:
        return _REMARKS[self.code][0] == "rejected"

    @property
    def severity(self) -> Severity:
        severity = _REMARKS[self.code][0]
        return "error" if severity == "rejected" else severity

    @property
    def text(self) -> Bilingual:
        _, en, fr = _REMARKS[self.code]
        facts = {"field": self.field or "", **{name: _short(fact) for name, fact in (self.facts or {}).items()}}
        return Bilingual(en=en.format(**facts), fr=fr.format(**facts))


def _short(fact: str) -> str:
    return fact if len(fact) <= 200 else f"{fact[:199]}…"


_REMARKS: Mapping[str, tuple[Literal["rejected"] | Severity, str, str]] = {
    "no_key": (
        "rejected",
        "The row has no {field}, so it describes nothing that can be found again; fill it in.",
        "La ligne n'a pas de {field} et ne décrit donc rien qu'on puisse retrouver; remplissez ce champ.",
    ),
    "malformed_key": (
        "rejected",
        "{field} is “{value}”; an id has at most 100 characters, none of them a comma, a slash or a line break.",
        (
            "{field} vaut « {value} »; un identifiant compte au plus 100 caractères, sans virgule, barre oblique "
            "ni saut de ligne."
        ),
    ),
    "second_row_of_key": (
        "rejected",
        "Line {first} already describes {key} with other data, and is kept; remove one of the two rows.",
        "La ligne {first} décrit déjà {key} avec d'autres données et est conservée; supprimez l'une des deux lignes.",
    ),
    "unknown_organization": (
        "rejected",
        "The organisation “{value}” is not in the reference table; correct its name, or have it added to the table.",
        "L'organisation « {value} » ne figure pas dans la table de référence; corrigez son nom ou faites-la ajouter.",
    ),
    "malformed_number": (
        "rejected",
        "{field} is “{value}”; it must be {expected_en}.",
        "{field} vaut « {value} »; la valeur attendue est {expected_fr}.",
    ),
    "malformed_fiscal_year": (
        "rejected",
        "{field} is “{value}”; write a fiscal year as 2025-2026 (official list: 2005-2006 to 2029-2030).",
        (
            "{field} vaut « {value} »; écrivez un exercice sous la forme 2025-2026 (liste officielle : 2005-2006 "
            "à 2029-2030)."
        ),
    ),
    "code_outside_list": (
        "rejected",
        "{field} is “{value}”, which is not on the official list; use one of: {expected}.",
        "{field} vaut « {value} », qui n'est pas sur la liste officielle; utilisez l'un de ces codes : {expected}.",
    ),
    "standard_without_service": (
        "rejected",
        "No service {service} of this organisation was imported for {year}; import the service first, or mend its id.",
        (
            "Aucun service {service} de cette organisation n'a été importé pour {year}; importez-le d'abord ou "
            "corrigez son numéro."
        ),
    ),
    "invalid_value": (
        "rejected",
        "{field} is not valid ({problem}); correct it.",
        "La valeur de {field} n'est pas valide ({problem}); corrigez-la.",
    ),
    "mandatory_missing": (
        "warning",
        "{field} is blank, but the official schema makes it mandatory; fill it in.",
        "{field} est vide, alors que le schéma officiel le rend obligatoire; remplissez ce champ.",
    ),
    "conditional_text_missing": (
        "suggestion",
        "{field} is blank, but {cause} calls for an explanation in both languages; write one.",
        "{field} est vide, alors que {cause} appelle une explication dans les deux langues; rédigez-la.",
    ),
    "one_language_missing": (
        "warning",
        "{field} is blank, but its counterpart in the other official language is not; give both or neither.",
        "{field} est vide, mais non son équivalent dans l'autre langue officielle; donnez les deux ou aucun.",
    ),
    "text_too_long": (
        "warning",
        "{field} has {length} characters; the official limit is {limit}. Shorten it.",
        "{field} compte {length} caractères; la limite officielle est de {limit}. Raccourcissez le texte.",
    ),
    "several_codes": (
        "warning",
        "{field} has several codes ({value}) where one is expected; they are kept in order. Choose one.",
        (
            "{field} porte plusieurs codes ({value}) là où un seul est attendu; ils sont gardés dans l'ordre. "
            "Choisissez-en un."
        ),
    ),
    "target_not_a_share": (
        "suggestion",
        "The target is no percentage (target_type “{value}”), so no result can be held against it; state a share.",
        (
            "La cible n'est pas un pourcentage (target_type « {value} ») : aucun résultat ne peut y être "
            "comparé; donnez une part."
        ),
    ),
    "surplus_cells": (
        "warning",
        (
            "The row has more cells than the header has columns; what is beyond them is not read. Check its "
            "commas and quotes."
        ),
        (
            "La ligne a plus de cellules que l'en-tête n'a de colonnes; le surplus n'est pas lu. Vérifiez "
            "virgules et guillemets."
        ),
    ),
    "qa_performance_over_100": (
        "error",
        "The volume that met the standard ({met}) exceeds the total volume ({total}); correct one of them.",
        "Le volume qui respecte la norme ({met}) dépasse le volume total ({total}); corrigez l'un des deux.",
    ),
    "qa_no_ss_volume": (
        "warning",
        "The service standard has no volume, so whether it was met cannot be known; report its volumes.",
        "La norme de service n'a pas de volume : on ne peut savoir si elle a été respectée; déclarez ses volumes.",
    ),
    "qa_ss_vol_without_si_vol": (
        "suggestion",
        "The standard counts {total} outputs, but its service no application; add the service's volumes by channel.",
        "La norme compte {total} extrants, mais son service aucune demande; ajoutez les volumes du service par canal.",
    ),
    "qa_onl_feedback_contradiction": (
        "suggestion",
        (
            "Client feedback is said to be taken online (ONL), but the interaction point for feedback is not "
            "online; mend one."
        ),
        (
            "La rétroaction se ferait en ligne (ONL), mais le point d'interaction correspondant n'est pas en "
            "ligne; corrigez l'un."
        ),
    ),
    "qa_econom_without_bn": (
        "suggestion",
        (
            "Businesses are clients (ECONOM), but the CRA business number is said not to apply; check whether it "
            "identifies them."
        ),
        (
            "Des entreprises sont clientes (ECONOM), mais le numéro d'entreprise de l'ARC serait sans objet; "
            "vérifiez s'il les identifie."
        ),
    ),
    "older_service_type": (
        "suggestion",
        "Service type {value} is of the collection of 2016-2020; the nearest of today's list: {nearest}.",
        "Le type de service {value} est celui de la collecte de 2016-2020; le plus proche de la liste actuelle : {nearest}.",
    ),
    "no_priority_decision": (
        "suggestion",
        "Whether it is a priority service is not said; decide it, with the criteria and the reasons.",
        "On ne dit pas s'il s'agit d'un service prioritaire; décidez-en, avec les critères et les motifs.",
    ),
    "qa_si_fiscal_yr_in_future": (
        "error",
        "The fiscal year {year} has not ended, so its volumes cannot be final; report it again after {end}.",
        "L'exercice {year} n'est pas terminé : ses volumes ne peuvent être définitifs; déclarez-le de nouveau après le {end}.",
    ),
    "qa_same_volume_for_years": (
        "suggestion",
        "{field} has been {value} for {years} fiscal years in a row; check that it was counted anew.",
        "{field} vaut {value} depuis {years} exercices de suite; vérifiez qu'on l'a compté de nouveau.",
    ),
    "qa_volume_far_from_earlier": (
        "suggestion",
        "{field} is {value}, more than 20 standard deviations from the mean of earlier years ({mean}); check it.",
        "{field} vaut {value}, à plus de 20 écarts-types de la moyenne des exercices précédents ({mean}); vérifiez.",
    ),
    "qa_no_si_volume": (
        "suggestion",
        "The service reports no application in any channel; report its volumes, or 0 where there were none.",
        "Le service ne déclare aucune demande, tous canaux confondus; déclarez ses volumes, ou 0 s'il n'y en a pas eu.",
    ),
}
