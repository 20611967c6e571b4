"""OGC API - Processes, Part 1 (OGC 18-062r2): the process ``impact``, at once or as a job.

Thin views over the question of ``POST /api/v1/hazards/impact``; jobs are those of :mod:`layers.services.jobs`.
"""

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from layers.catalog import layers
from layers.errors import InvalidParameter, NotFound, problem_response
from layers.models import Job
from layers.ogc.editing import user_of
from layers.ogc.job_list import IMPACT, TYPE, job_params, jobs_asked
from layers.ogc.links import DOCUMENT, JSON, REL, Address, Link, base_url, link, negotiated
from layers.ogc.resource import resource
from layers.query.features import item_fetch
from layers.query.params import params_single
from layers.query.spatial import DEFAULT_CRS
from layers.query.values import id_parse, limit_parse
from layers.rest.formats import Json
from layers.rest.hazards import FRESH
from layers.rest.impact_body import geojson_geometries
from layers.rest.impact_inputs import INPUTS, impact_answer, inputs_parse
from layers.rest.views import Strict
from layers.services.jobs import EXCEPTION, job_dismiss, job_get, job_submit, jobs_of
from layers.text import text

RESPONSES = ("raw", "document")

LISTED, MAX_LISTED = 100, 1_000
"""Processes or jobs in a list, if nothing is said and at most."""


@resource
def processes(request: HttpRequest) -> HttpResponse:
    """
    Raises:
        InvalidParameter: ``limit`` is none.
    """
    limit = _limit(request.GET.dict())
    links = Address.of(request).alternates(negotiated(request, DOCUMENT), DOCUMENT)
    return _answer(request, "processes", {"processes": [_summary(request)][:limit], "links": links})


@resource
def process(request: HttpRequest, id: str) -> HttpResponse:
    """
    Raises:
        NotFound: there is no such process.
    """
    _process_check(id)
    inputs = {
        name: {"title": str(title), "schema": schema, "minOccurs": 0, "maxOccurs": 1}
        for name, (title, schema) in INPUTS.items()
    }
    title = text("Dampak, seperti jawaban POST hazards/impact", "The impact, as POST hazards/impact answers it")
    output = {"title": str(title), "schema": {"type": "object", "contentMediaType": JSON}}
    return _answer(request, "process", _summary(request) | {"inputs": inputs, "outputs": {IMPACT: output}})


@partial(resource, takes=("POST",))
def execution(request: HttpRequest, id: str) -> HttpResponse:
    """POST: 200 with the answer; with ``Prefer: respond-async`` 201 with a job.

    Raises:
        NotFound: there is no such process.
    """
    _process_check(id)
    return ExecutionView.as_view()(request)


class ExecutionView(Strict):
    permission_classes = [AllowAny]
    parser_classes = [Json]
    renderer_classes = [JSONRenderer]

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """Whatever ``Accept`` says: there is nothing to choose from."""
        return super().perform_content_negotiation(request, force=True)

    def perform_authentication(self, request: Request) -> None:
        """Only where there will be a job: whose it is matters, and otherwise nobody needs to sign in."""

    def post(self, request: Request) -> HttpResponse:
        """
        Raises:
            InvalidParameter: a member or an input is unknown or malformed, or no area is named.
            TooLarge: a geometry with too many vertices.
            Unavailable: too many jobs wait already.
        """
        inputs, response = self._asked(request.data)
        query = inputs_parse(inputs)
        if not _async_preferred(request.headers.get("Prefer", "")):
            return _result(impact_answer(query), response)
        owner = request.user if request.user.is_authenticated else None
        job = job_submit(inputs, response, get_language() or "id", owner)
        headers = {"Location": _address(request, job), "Preference-Applied": "respond-async", **FRESH}
        return HttpResponse(orjson.dumps(_status(request, job)), status=201, content_type=JSON, headers=headers)

    def _asked(self, body: Any) -> tuple[dict[str, Any], str]:
        """The inputs, each as its value alone, and whether the answer comes raw or in a document."""
        if not isinstance(body, dict) or not isinstance(body.get("inputs"), dict):
            wanted = '{"inputs": {"zone": 12}}'
            raise InvalidParameter(
                "inputs", text(f"Kirim objek seperti {wanted}.", f"Send an object such as {wanted}.")
            )
        for name in sorted(body.keys() - {"inputs", "outputs", "response"}):
            raise InvalidParameter(name, text("Anggota ini tidak didukung.", "This member is not supported."))
        if not _outputs_known(body.get("outputs", {})):
            wanted = f'{{"{IMPACT}": {{"transmissionMode": "value"}}}}'
            raise InvalidParameter("outputs", text(f"Hanya ada {wanted}, JSON.", f"There is only {wanted}, JSON."))
        response = body.get("response", "raw")
        if response not in RESPONSES:
            raise InvalidParameter("response", text("raw atau document.", "Give raw or document."))
        return {name: self._value(name, value) for name, value in body["inputs"].items()}, response

    def _value(self, name: str, given: Any) -> Any:
        """An input out of ``{"value": …}``; GeoJSON, which may be a feature here, without members
        that an area has no use for and a job would keep."""
        if isinstance(given, dict) and "value" in given:
            given = given["value"]
        if name != "geometry" or not isinstance(given, dict):
            return given
        if "href" in given:
            given = self._geometry_at(str(given["href"]))
        geometries = geojson_geometries(given)
        if len(geometries) == 1:
            return geometries[0]
        return {"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": one} for one in geometries]}

    def _geometry_at(self, href: str) -> dict[str, Any]:
        """The geometry of an item of this portal, which asks no other server for what strangers name."""
        base = re.escape(base_url(self.request))
        place = re.fullmatch(rf"{base}/collections/([^/?#]+)/items/([0-9]+)(\?[^#]*)?", href)
        layer = next((layer for layer in layers() if place and layer.id == place[1]), None)
        number = id_parse(place[2]) if place else None
        found = item_fetch(layer, number, DEFAULT_CRS)[1] if layer and number is not None else None
        if found is None:
            example = f"{base_url(self.request)}/collections/disaster_zones/items/1"
            raise InvalidParameter(
                "geometry",
                text(
                    f"href: harus alamat item portal ini yang ada, seperti {example}.",
                    f"href: it must be the address of an item that this portal has, such as {example}.",
                ),
            )
        geometry: dict[str, Any] = orjson.loads(found)["geometry"]
        return geometry


@resource
def jobs(request: HttpRequest) -> HttpResponse:
    """Those of who is signed in, of everyone for staff; an empty list for others.

    Raises:
        Unauthorized: the credentials are not valid.
        InvalidParameter: a parameter is unknown or malformed.
    """
    given = job_params(dict(request.GET.lists()))
    asked, limit = jobs_asked(given), _limit(given)
    user = user_of(request)
    listed = jobs_of(user if user.is_authenticated else None).filter(asked)[:limit]
    links = Address.of(request).alternates(negotiated(request, DOCUMENT), DOCUMENT)
    return _answer(request, "jobs", {"jobs": [_status(request, job) for job in listed], "links": links})


@partial(resource, takes=("GET", "HEAD", "DELETE"))
def job(request: HttpRequest, id: str) -> HttpResponse:
    """How far a job is; DELETE dismisses it.

    Raises:
        NotFound: there is no such job.
    """
    if request.method == "DELETE":
        document = _status(request, job_dismiss(id)) | {"status": "dismissed", "links": []}
        return HttpResponse(orjson.dumps(document), content_type=JSON, headers=FRESH)
    return _answer(request, "job", _status(request, job_get(id)))


@resource
def results(request: HttpRequest, id: str) -> HttpResponse:
    """The answer, or the problem that prevented it.

    Raises:
        InvalidParameter: a parameter is unknown.
        NotFound: there is no such job, or it is not finished.
    """
    params_single(dict(request.GET.lists()), ["f", "lang"])
    negotiated(request, {"json": JSON})
    found = job_get(id)
    if found.problem:
        return problem_response(found.problem, FRESH)
    if not found.finished_at:
        raise NotFound(
            text("Pekerjaan ini belum selesai.", "This job is not finished yet."),
            headers={"Retry-After": "1"},
            type=f"{EXCEPTION}/result-not-ready",
        )
    return _result(found.result, found.response)


def _limit(given: Mapping[str, str]) -> int:
    return limit_parse(given, LISTED, MAX_LISTED)


def _process_check(id: str) -> None:
    if id != IMPACT:
        raise NotFound(
            text(f"Tidak ada proses {id!r}; yang ada: {IMPACT}.", f"There is no process {id!r}; there is: {IMPACT}."),
            type=f"{EXCEPTION}/no-such-process",
        )


def _async_preferred(prefer: str) -> bool:
    """Whether a header ``Prefer`` (RFC 7240) asks for a job."""
    return any(part.partition(";")[0].strip().lower() == "respond-async" for part in prefer.split(","))


def _outputs_known(outputs: Any) -> bool:
    if not isinstance(outputs, dict) or outputs.keys() - {IMPACT}:
        return False
    wanted = outputs.get(IMPACT, {})
    if not isinstance(wanted, dict) or not isinstance(format := wanted.get("format", {}), dict):
        return False
    return (wanted.get("transmissionMode", "value"), format.get("mediaType", JSON)) == ("value", JSON)


def _summary(request: HttpRequest) -> dict[str, Any]:
    address = f"{base_url(request)}/processes/{IMPACT}"
    description = text(
        "Penduduk terdampak di sebuah wilayah dan kebutuhannya, isi setiap lapisan, dan yang tak terjangkau.",
        "People affected in an area and their needs, what every layer has inside, and what is out of reach.",
    )
    return {
        "id": IMPACT,
        "version": "1.0.0",
        "title": str(text("Dampak di sebuah wilayah", "Impact on an area")),
        "description": str(description),
        "jobControlOptions": ["sync-execute", "async-execute", "dismiss"],
        "outputTransmission": ["value"],
        "links": [
            *_both(address, text("Uraian proses", "Description of the process")),
            link(f"{REL}/execute", f"{address}/execution", text("Jalankan", "Execute")),
        ],
    }


def _status(request: HttpRequest | Request, job: Job) -> dict[str, Any]:
    """The job as statusInfo; times in UTC."""
    address = _address(request, job)
    times = {"created": job.created_at, "started": job.started_at, "finished": job.finished_at}
    links = _both(address, text("Pekerjaan ini", "This job"))
    if job.finished_at:
        links.append(link(f"{REL}/results", f"{address}/results", text("Hasil", "Results")))
    return {
        "jobID": str(job.pk),
        "processID": IMPACT,
        "type": TYPE,
        "status": job.status,
        **({"message": job.problem["detail"]} if job.problem else {}),
        **{name: moment.isoformat() for name, moment in times.items() if moment},
        "links": links,
    }


def _address(request: HttpRequest | Request, job: Job) -> str:
    return f"{base_url(request)}/jobs/{job.pk}"


def _both(address: str, title: Any) -> list[Link]:
    return [
        link("self", f"{address}?f=json", title),
        link("alternate", f"{address}?f=html", title, DOCUMENT["html"]),
    ]


def _result(impact: str, response: str) -> HttpResponse:
    body = impact if response == "raw" else f'{{"{IMPACT}":{{"value":{impact},"mediaType":"{JSON}"}}}}'
    return HttpResponse(body, content_type=JSON, headers=FRESH)


def _answer(request: HttpRequest, template: str, document: dict[str, Any]) -> HttpResponse:
    if negotiated(request, DOCUMENT) == "html":
        page = render(request, f"ogc/{template}.html", {"document": document, "base": base_url(request)})
        page["Cache-Control"] = FRESH["Cache-Control"]
        return page
    return HttpResponse(orjson.dumps(document), content_type=JSON, headers=FRESH)
