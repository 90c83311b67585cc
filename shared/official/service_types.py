"""Service types of both eras: the list of 2025, and that of the policy's own years (2014-2020) with what is nearest today.

The older list had five external types and ten internal ones (Guideline on Service Management, appendices 1C and 1D); three
codes of the collection of 2016-2020 are the same today. An older type is never replaced by its nearest: it is kept, and the
nearest proposed. Internal types have none.
"""

from collections.abc import Mapping

from shared.language import Bilingual


def _label(en: str, fr: str) -> Bilingual:
    return Bilingual(en=en, fr=fr)


TODAY: Mapping[str, Bilingual] = {
    "APIR": _label("agreements, permissions, inspections, rulings", "accords, autorisations, inspections, décisions"),
    "CER": _label("care, education, recreation", "soins, éducation, loisirs"),
    "GNC": _label("grants and contributions", "subventions et contributions"),
    "INFO": _label("information", "informations"),
    "LRP": _label("legislation, regulation, policy", "législation, réglementation, politique"),
    "PPI": _label("penalties, protection, intervention", "pénalités, protection, interventions"),
    "REG_VOL": _label("high volume regulatory transactions", "opérations réglementaires à demande élevée"),
    "RES": _label("resources", "ressources"),
}
OLDER: Mapping[str, Bilingual] = {
    "adv": _label("advisory", "consultation"),
    "ecu": _label(
        "educational, recreational and cultural encounters", "rencontres éducatives, récréatives et culturelles"
    ),
    "reg": _label("regulatory compliance and enforcement", "conformité et application de la réglementation"),
    "rule": _label("rule making", "établissement de règles"),
    "acq": _label("acquisitions", "acquisitions"),
    "comm": _label("communications", "communications"),
    "fm": _label("financial management", "gestion financière"),
    "hr": _label("human resources management", "gestion des ressources humaines"),
    "im": _label("information management", "gestion de l'information"),
    "its": _label("information technology", "technologie de l'information"),
    "legal": _label("legal services", "services juridiques"),
    "mat": _label("materiel", "matériel"),
    "mgnt": _label("management and oversight", "gestion et surveillance"),
    "prop": _label("real property", "biens immobiliers"),
}
NEAREST: Mapping[str, tuple[str, ...]] = {
    "adv": ("INFO",),
    "ecu": ("CER",),
    "reg": ("APIR", "PPI", "REG_VOL"),
    "rule": ("LRP",),
    **dict.fromkeys(("acq", "comm", "fm", "hr", "im", "its", "legal", "mat", "mgnt", "prop"), ()),
}
