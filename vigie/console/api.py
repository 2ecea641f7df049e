"""The API: reports as JSON, CSV or Parquet, for programs and for the links under each figure."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from store.snapshot import Snapshot
from vigie.console.console import console_of
from vigie.console.gate import error_body
from vigie.reporting.catalogue import Report, run_report, to_csv, to_json, to_parquet
from vigie.reporting.params import BadRequestError

FORMATS = ("json", "csv", "parquet")
PARQUET = "application/vnd.apache.parquet"


def report(request: Request) -> Response:
    """GET /api/v1/reports/NAME?format=json|csv|parquet and what run_report takes."""
    console = console_of(request)
    name = request.path_params["name"]
    params = {name: value for name, value in request.query_params.items() if value}
    form = params.pop("format", "json")
    if form not in FORMATS:
        return refused(f"format={form} is unknown.", f"Give one of: {', '.join(FORMATS)}.")

    def compute(snapshot: Snapshot) -> Report:
        return run_report(name, params, console.settings, snapshot, console.context.clock())

    try:
        answer = console.answers.ask(("api", name, tuple(sorted(params.items()))), compute)
    except BadRequestError as error:
        return refused(error.what, error.right)
    if form == "csv":
        headers = {"Content-Disposition": f'attachment; filename="vigie-{name}.csv"'}
        return Response(to_csv(answer), media_type="text/csv; charset=utf-8", headers=headers)
    if form == "parquet":
        headers = {"Content-Disposition": f'attachment; filename="vigie-{name}.parquet"'}
        return Response(to_parquet(answer), media_type=PARQUET, headers=headers)
    return Response(to_json(answer), media_type="application/json")


def refused(what: str, right: str, status: int = 400) -> JSONResponse:
    return JSONResponse(error_body(what, right), status_code=status)
