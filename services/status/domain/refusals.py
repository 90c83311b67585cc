"""Why a report is refused, or what is doubtful about one that is accepted."""

from shared.contracts.reported.status import ApplicationStatusReported
from shared.decoding import Received
from shared.problems import Problem, problem


def other_service(application_id: str, service_id: str, data: ApplicationStatusReported) -> Problem:
    return problem(
        "service_conflict",
        f"Application {application_id} is for service {service_id}, not {data.service_id}; "
        "give a new application an id of its own.",
        f"La demande {application_id} vise le service {service_id}, non {data.service_id}; "
        "donnez à une nouvelle demande son propre identifiant.",
        "data.service_id",
    )


def after_final(data: ApplicationStatusReported) -> Problem:
    return problem(
        "after_final_state",
        f"Application {data.application_id} had ended by then; this is kept in its history and changes nothing. "
        "Report reopened first.",
        f"La demande {data.application_id} était alors terminée; ceci reste à l'historique et ne change rien. "
        "Déclarez d'abord reopened.",
        "data.state",
    )


def known_step(event: Received) -> Problem:
    return problem(
        "id_conflict",
        f"The event {event.id} stands in this application's history already, from more than 13 months ago.",
        f"L'événement {event.id} figure déjà à l'historique de cette demande, depuis plus de 13 mois.",
        "id",
    )


def too_many(application_id: str, most: int) -> Problem:
    return problem(
        "too_many_reports",
        f"Application {application_id} has {most} reports, the most one may have; check the sender.",
        f"La demande {application_id} compte {most} rapports, le maximum permis; vérifiez l'expéditeur.",
        "data.application_id",
    )


def gone(event: Received) -> Problem:
    return problem(
        "unknown_event",
        f"The application of event {event.corrects and event.corrects.event_id} is not kept any more.",
        f"La demande de l'événement {event.corrects and event.corrects.event_id} n'est plus conservée.",
        "data.corrects",
    )
