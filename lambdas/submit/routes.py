"""The routes of runs: what people ask of them, and what is answered."""

from http import HTTPStatus

from aws_lambda_powertools.event_handler.api_gateway import Response
from aws_lambda_powertools.logging.correlation_paths import API_GATEWAY_HTTP

from lambdas import runtime
from lambdas.desk import LogPlace, OrchestrationDesk, compose_desk
from lambdas.http_app import body_of, document, flag, http_app, number, team_caller
from lambdas.instruments import Instruments
from quantos.environment.functions import SUBMIT
from quantos.observability.metric_names import SUBMISSIONS
from quantos.orchestration.spec.reading import read_submission
from quantos.orchestration.submission.ports import Caller

instruments = Instruments("submit", correlation_path=API_GATEWAY_HTTP)
app = http_app(SUBMIT, instruments.logger)


def _compose(current: runtime.Runtime) -> OrchestrationDesk:
    return compose_desk(current, report=instruments.undelivered)


service = runtime.PerRuntime(_compose)


@app.post("/api/orch/submit")
def submit() -> Response[str]:
    """Accept a run: 202 with its routing, hold and price; with `dry_run=true` 200 with what they would be."""
    caller = _caller()
    request = read_submission(body_of(app.current_event), shown="body", environment=runtime.current().settings.name)
    dry_run = flag(app.current_event, "dry_run")
    answer = service().submit(request, caller, dry_run=dry_run)
    instruments.count(SUBMISSIONS, not dry_run)
    return document(answer, status=HTTPStatus.OK if dry_run else HTTPStatus.ACCEPTED)


@app.post("/api/orch/cancel/<id>")
def cancel(id: str) -> Response[str]:  # noqa: A002  the path's parameter
    """Ask the last run under an id to end."""
    return document(service().desk.cancel(_caller(), id), status=HTTPStatus.ACCEPTED)


@app.post("/api/orch/rerun/<id>")
def rerun(id: str) -> Response[str]:  # noqa: A002
    """Begin the next run under an id whose last one ended without success."""
    return document(service().desk.rerun(_caller(), id), status=HTTPStatus.ACCEPTED)


@app.post("/api/orch/approve-burst/<id>")
def approve(id: str) -> Response[str]:  # noqa: A002
    """Grant a waiting run what it misses, of its team's credit."""
    return document(service().desk.approve(_caller(), id), status=HTTPStatus.ACCEPTED)


@app.get("/api/orch/submissions")
def submissions() -> Response[str]:
    """Runs of the caller's team, the newest first."""
    caller, event = _caller(), app.current_event
    most = number(event, "limit", default=50, most=100)
    return document(service().desk.runs(caller, before=event.query_string_parameters.get("before", ""), most=most))


@app.get("/api/orch/status/<id>")
def status(id: str) -> Response[str]:  # noqa: A002
    """A run as it stands."""
    return document(service().desk.status(_caller(), id, run=_run()))


@app.get("/api/orch/why/<id>")
def why(id: str) -> Response[str]:  # noqa: A002
    """Why a run does not go on."""
    return document(service().desk.why(_caller(), id))


@app.get("/api/orch/logs/<id>")
def logs(id: str) -> Response[str]:  # noqa: A002
    """A page of what a node's attempt wrote."""
    caller, parameters = _caller(), app.current_event.query_string_parameters
    page = LogPlace(
        node=parameters.get("node", ""),
        attempt=number(app.current_event, "attempt", default=0, most=1000),
        cursor=parameters.get("cursor", ""),
    )
    return document(service().logs(caller, id, run=_run(), page=page))


@app.get("/api/orch/lineage/<id>")
def lineage(id: str) -> Response[str]:  # noqa: A002
    """What a run took and gave."""
    return document(service().lineage(_caller(), id, run=_run()))


def _caller() -> Caller:
    current = runtime.current().settings
    return team_caller(app.current_event, claim=current.api.team_claim, teams=current.platform.teams)


def _run() -> int | None:
    return number(app.current_event, "run", default=0, most=1_000_000) or None
