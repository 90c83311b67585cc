"""Names that several pages use."""

from typing import Any

from fastapi.responses import HTMLResponse

from shared.language import Bilingual
from shared.web import Pages

pages = Pages("feedback")

KINDS = {
    "compliment": Bilingual(en="Compliment", fr="Compliment"),
    "suggestion": Bilingual(en="Suggestion", fr="Suggestion"),
    "complaint": Bilingual(en="Complaint", fr="Plainte"),
    "issue": Bilingual(en="Service issue", fr="Problème de service"),
}
STATES = {
    "received": Bilingual(en="Received", fr="Reçu"),
    "acknowledged": Bilingual(en="Acknowledged", fr="Accusé de réception envoyé"),
    "assigned": Bilingual(en="Given to an officer", fr="Confié à un agent"),
    "interim_reply": Bilingual(en="Interim reply", fr="Réponse provisoire"),
    "resolved": Bilingual(en="Resolved", fr="Résolu"),
    "redirected": Bilingual(en="Sent to those who decide it", fr="Transmis à qui en décide"),
    "reopened": Bilingual(en="Reopened", fr="Rouvert"),
    "closed": Bilingual(en="Closed", fr="Clos"),
}
RECOURSES = {
    "decision": Bilingual(en="A decision on my application", fr="Une décision sur ma demande"),
    "appeal": Bilingual(en="An appeal or a review of a decision", fr="Un appel ou la révision d'une décision"),
    "personnel": Bilingual(en="A personnel matter", fr="Une question de personnel"),
}
WHERE_TO = {
    "decision": Bilingual(
        en="A decision is changed by asking the department that made it to reconsider it, not by feedback: your letter of "
        "decision says how and by when. We told the department of your message.",
        fr="Pour changer une décision, il faut demander au ministère qui l'a rendue de la réexaminer; la rétroaction n'y peut "
        "rien : votre lettre de décision dit comment et jusqu'à quand. Nous avons avisé le ministère de votre message.",
    ),
    "appeal": Bilingual(
        en="Appeals are decided by the body that your letter of decision names; time limits apply. We told the department of "
        "your message.",
        fr="Les appels sont tranchés par l'instance que nomme votre lettre de décision; des délais s'appliquent. Nous avons "
        "avisé le ministère de votre message.",
    ),
    "personnel": Bilingual(
        en="Personnel matters are dealt with by the department's human resources, apart from feedback on services. We told the "
        "department of your message.",
        fr="Les questions de personnel relèvent des ressources humaines du ministère, à part de la rétroaction sur les services. "
        "Nous avons avisé le ministère de votre message.",
    ),
}
CONCERNS = {
    "threat": Bilingual(en="This may hold a threat", fr="Ce texte contient peut-être une menace"),
    "self_harm": Bilingual(en="Somebody may harm themselves", fr="Une personne pourrait se faire du mal"),
}
NAMES: dict[str, Any] = {"kinds": KINDS, "states": STATES, "concerns": CONCERNS}


def kept_nowhere(page: HTMLResponse) -> HTMLResponse:
    """What a client wrote, or the code that leads to it, stays in no browser's or proxy's memory."""
    page.headers["Cache-Control"] = "private, no-store"
    return page
