"""Subscriptions over HTTP: made, listed, tried, rotated and ended by the department or the client that made them."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response

from services.status import store
from services.status.api.preferences import Preferences, change_preferences
from services.status.api.showing import shown
from services.status.api.subscribing import Wanted, not_set_up, subscribe
from services.status.delivering import sealing
from services.status.delivering.worker import attempt
from services.status.domain.messages import trial
from services.status.domain.subscriptions import BOTH_SECRETS, MOST_SECRETS, Subscription, notice
from services.status.handlers import CODES, client_hash
from shared.access import May
from shared.database import transaction
from shared.described import refusals
from shared.identity import Department, Person, unauthorized
from shared.problems import Refused, problem
from shared.reading import After, Limit, after, answer, page

_MAY = May("department", "client", "tracking")
_TEST_PAUSE = timedelta(seconds=2)


async def owner(request: Request, found: Annotated[Department | Person | None, Depends(_MAY)]) -> store.Owner:
    """As whom the caller makes subscriptions and sees them. Raises Refused (401) for nobody."""
    if isinstance(found, Department):
        return store.Owner(org_id=found.org_id)
    carried = CODES.key_of_cookie(request)
    if isinstance(found, Person):
        return store.Owner(client_hash=client_hash(request.app.state.seal, found.subject), key=carried)
    if carried is None:
        raise unauthorized(
            problem(
                "unauthorized",
                "Give your tracking code at POST /v1/tracking, or send a token or your department's key.",
                "Donnez votre code de suivi à POST /v1/tracking, ou envoyez un jeton ou la clé de votre ministère.",
            )
        )
    return store.Owner(key=carried)


router = APIRouter(tags=["subscriptions"])
OwnerOf = Annotated[store.Owner, Depends(owner)]
SubscriptionId = Annotated[str, Path(max_length=100)]
_ONE = "/v1/subscriptions/{subscription_id}"


@router.post(
    "/v1/subscriptions",
    summary="Be told of changes: of one application, or of all of a service",
    status_code=201,
    responses={
        200: {"description": "It was made before; the letter to confirm is sent once more"},
        **refusals(
            "ambiguous", "subscription_exists", "too_many_subscriptions", "address_not_allowed", "channel_not_set_up"
        ),
    },
)
async def make(request: Request, who: OwnerOf, wanted: Wanted, org: str | None = None) -> Response:
    made = await subscribe(request, who, wanted, org)
    response = answer(request, {"id": made.subscription_id, "secret": made.secret, "state": made.state})
    response.status_code = 200 if made.again else 201
    return response


@router.get("/v1/subscriptions", summary="The caller's own subscriptions, their addresses masked")
async def list_(request: Request, who: OwnerOf, limit: Limit = 100, after_: After = None) -> Response:
    found = await store.list_subscriptions(request.app.state.pool, who, after(after_), limit + 1)
    items = [shown(request, each) for each in found]
    return answer(request, page(items, limit, lambda each: [each["id"]], as_of=datetime.now(UTC)))


async def _own(request: Request, who: store.Owner, subscription_id: str) -> Subscription:
    """Raises Refused for another's."""
    found = await store.find_subscription(request.app.state.pool, who, subscription_id)
    if found is None:
        raise Refused(
            problem(
                "not_found",
                "You have no subscription of this id.",
                "Vous n'avez aucun abonnement portant cet identifiant.",
            )
        )
    return found


@router.get(_ONE, summary="One subscription")
async def one(request: Request, who: OwnerOf, subscription_id: SubscriptionId) -> Response:
    found = await _own(request, who, subscription_id)
    return answer(request, {**shown(request, found), "as_of": datetime.now(UTC)})


@router.patch(
    _ONE,
    summary="Be told in another language, at other hours; what is left out stays",
    responses=refusals("address_not_allowed", "channel_not_set_up"),
)
async def change(request: Request, who: OwnerOf, subscription_id: SubscriptionId, wanted: Preferences) -> Response:
    await change_preferences(request, await _own(request, who, subscription_id), wanted)
    return await one(request, who, subscription_id)


@router.delete(_ONE, summary="Be told no more; its deliveries are forgotten", status_code=204, response_class=Response)
async def remove(request: Request, who: OwnerOf, subscription_id: SubscriptionId) -> Response:
    await _own(request, who, subscription_id)
    await store.remove_subscription(request.app.state.pool, subscription_id)
    return Response(status_code=204)


@router.get(f"{_ONE}/deliveries", summary="What was delivered or is to be, the newest first, with every attempt")
async def deliveries(
    request: Request, who: OwnerOf, subscription_id: SubscriptionId, limit: Limit = 100, after_: After = None
) -> Response:
    await _own(request, who, subscription_id)
    (before,) = after(after_)
    first = int(before) if before.isascii() and before.isdigit() and len(before) < 19 else None
    found = await store.list_deliveries(request.app.state.pool, subscription_id, first, limit + 1)
    return answer(request, page(found, limit, lambda each: [str(each["n"])], as_of=datetime.now(UTC)))


@router.post(
    f"{_ONE}/test",
    summary="Send a test message now; one that arrives, or that GC Notify takes on, resumes what was suspended",
    responses=refusals("cannot_retry", "channel_not_set_up"),
)
async def test(request: Request, who: OwnerOf, subscription_id: SubscriptionId) -> Response:
    own = await _own(request, who, subscription_id)
    state, now = request.app.state, datetime.now(UTC)
    sender = state.senders.get(own.channel)
    if sender is None:
        raise Refused(not_set_up(own.channel))
    if not await store.may_test(state.pool, subscription_id, _TEST_PAUSE):
        raise Refused(
            problem(
                "too_many_requests",
                "A test every two seconds is allowed; wait a moment.",
                "Un essai toutes les deux secondes est permis; patientez un instant.",
            ),
            {"Retry-After": "2"},
        )
    message = await store.to_test(state.pool, subscription_id, sealing.new_message_id(), trial(now))
    if message is None or own.state in {"ended", "unconfirmed"}:
        raise Refused(_not_now(own))
    tried = await attempt(sender, [message])
    if tried.delivered or tried.reference is not None:
        async with transaction(state.pool) as connection:
            await store.resume_subscription(connection, subscription_id)
        state.committed.set()
    after_ = await _own(request, who, subscription_id)
    return answer(
        request, {"delivered": tried.delivered, "code": tried.code, "error": tried.error, "state": after_.state}
    )


def _not_now(own: Subscription) -> Any:
    said = notice(own)
    return problem("cannot_retry", said.en if said else "It is gone.", said.fr if said else "Il n'existe plus.")


@router.post(
    f"{_ONE}/deliveries/{{n}}/retry",
    summary="Deliver again, now, what failed or waits to be tried again",
    status_code=202,
    responses=refusals("cannot_retry"),
)
async def retry(
    request: Request, who: OwnerOf, subscription_id: SubscriptionId, n: Annotated[int, Path(ge=1, lt=2**63)]
) -> Response:
    await _own(request, who, subscription_id)
    async with transaction(request.app.state.pool) as connection:
        found = await store.retry_delivery(connection, subscription_id, n)
    if found is None:
        raise Refused(
            problem(
                "not_found",
                f"This subscription has no delivery {n}.",
                f"Cet abonnement n'a pas de livraison {n}.",
            )
        )
    status, state = found
    if status not in {"failed", "pending"} or state != "active":
        raise Refused(
            problem(
                "cannot_retry",
                f"Delivery {n} is {status}, and its subscription {state}: only what failed or waits goes out again, of "
                "an active subscription; POST .../test resumes a suspended one.",
                f"La livraison {n} est à l'état {status}, son abonnement à l'état {state} : seul repart ce qui a "
                "échoué ou attend, d'un abonnement actif; POST .../test reprend un abonnement suspendu.",
            )
        )
    request.app.state.committed.set()
    response = answer(request, {"n": n, "status": "pending"})
    response.status_code = 202
    return response


@router.post(
    f"{_ONE}/rotate",
    summary="A new secret; for a day, messages are signed by the old one too",
    responses=refusals("cannot_retry"),
)
async def rotate(request: Request, who: OwnerOf, subscription_id: SubscriptionId) -> Response:
    own = await _own(request, who, subscription_id)
    if own.channel != "webhook":
        raise Refused(
            problem(
                "cannot_retry",
                "Only webhooks are signed with a secret.",
                "Seuls les points de réception web (webhooks) ont un secret.",
            )
        )
    secret = sealing.new_secret()
    sealed = sealing.seal_secret(request.app.state.seal, subscription_id, secret)
    async with transaction(request.app.state.pool) as connection:
        promised = await store.secrets_until(connection, subscription_id)
        if len(promised) >= MOST_SECRETS - 1:
            raise _too_many_secrets(promised[0] - datetime.now(UTC))
        until = await store.rotate_secret(connection, subscription_id, sealed, BOTH_SECRETS)
    return answer(request, {"id": subscription_id, "secret": secret, "previous_secret_until": until})


def _too_many_secrets(wait: timedelta) -> Refused:
    return Refused(
        problem(
            "too_many_requests",
            f"{MOST_SECRETS} secrets sign messages already, each as long as it was promised; wait until the first has ended.",
            f"{MOST_SECRETS} secrets signent déjà les messages, chacun aussi longtemps que promis; attendez la fin du premier.",
        ),
        {"Retry-After": str(max(int(wait.total_seconds()), 0) + 1)},
    )
