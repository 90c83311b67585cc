"""What the pages of compliance are written with."""

from typing import Any

from services.reporting.domain.compliance import RULE_SETS
from shared.language import Bilingual
from shared.web import Pages

pages = Pages("reporting")

STATES = {
    "compliant": ("good", Bilingual(en="compliant", fr="conforme")),
    "partially_compliant": ("warn", Bilingual(en="partially compliant", fr="partiellement conforme")),
    "non_compliant": ("bad", Bilingual(en="not compliant", fr="non conforme")),
    "insufficient_evidence": ("none", Bilingual(en="insufficient evidence", fr="preuves insuffisantes")),
    "not_applicable": ("none", Bilingual(en="not applicable", fr="sans objet")),
    "not_yet_in_force": ("none", Bilingual(en="not yet in force", fr="pas encore en vigueur")),
    "excepted": ("none", Bilingual(en="excepted", fr="visé par une exception")),
    "superseded": ("none", Bilingual(en="superseded", fr="remplacée")),
}
OUTCOMES = {
    "met": ("good", Bilingual(en="met", fr="respectée")),
    "partial": ("warn", Bilingual(en="in part", fr="en partie")),
    "failed": ("bad", Bilingual(en="not met", fr="non respectée")),
    "unknown": ("none", Bilingual(en="not known", fr="inconnu")),
    "excepted": ("none", Bilingual(en="excepted", fr="exception")),
    "pending": ("none", Bilingual(en="not due yet", fr="échéance à venir")),
}
POLICIES = {
    "policy-2014": Bilingual(en="Policy on Service (2014)", fr="Politique sur les services (2014)"),
    "policy-2020": Bilingual(
        en="Policy and Directive on Service and Digital (2020)",
        fr="Politique et Directive sur les services et le numérique (2020)",
    ),
}
ACTION_STATES = {
    "open": ("warn", Bilingual(en="open", fr="en cours")),
    "done": ("good", Bilingual(en="done", fr="terminée")),
    "cancelled": ("none", Bilingual(en="cancelled", fr="annulée")),
}
STEPS = {
    "corrective_action_recommended": Bilingual(
        en="recommend corrective action (8.2)", fr="recommander des mesures correctives (8.2)"
    ),
    "no_action_needed": Bilingual(en="no action needed (8.2)", fr="aucune mesure nécessaire (8.2)"),
    "investigation_opened": Bilingual(en="open an investigation (9.1)", fr="ouvrir une enquête (9.1)"),
    "investigation_ended": Bilingual(en="end the investigation (9.1)", fr="clore l'enquête (9.1)"),
    "review_or_audit_requested": Bilingual(
        en="request a review or an audit (9.2)", fr="demander un examen ou un audit (9.2)"
    ),
    "corrective_action_requested": Bilingual(
        en="request corrective action (9.2)", fr="demander des mesures correctives (9.2)"
    ),
    "results_reported": Bilingual(en="results were reported (9.2)", fr="les résultats ont été communiqués (9.2)"),
    "recommended_to_treasury_board": Bilingual(
        en="recommend to the Treasury Board (9.3)", fr="recommander au Conseil du Trésor (9.3)"
    ),
    "treasury_board_decided": Bilingual(
        en="the Treasury Board decided (9.3)", fr="décision du Conseil du Trésor (9.3)"
    ),
    "closed": Bilingual(en="close the finding", fr="clore la constatation"),
}


def words() -> dict[str, Any]:
    return {"states": STATES, "outcomes": OUTCOMES, "policies": POLICIES, "rule_sets": RULE_SETS}
