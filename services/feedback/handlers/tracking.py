"""The code by which a client follows their case."""

from typing import Any, Final

from shared.encryption import Seal
from shared.language import Bilingual
from shared.tracking_codes import TrackingCodes

CODES: Final = TrackingCodes(
    "feedback tracking",
    "guichet_case",
    Bilingual(
        en="No case has this tracking code. Check it; it has 20 letters and digits.",
        fr="Aucun cas ne porte ce code de suivi. Vérifiez-le; il compte 20 lettres et chiffres.",
    ),
)


def opened(seal: Seal, key: str) -> dict[str, Any]:
    return {"tracking_code": CODES.code(seal, key)}
