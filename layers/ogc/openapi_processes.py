"""Processes and jobs in the OpenAPI document."""

from typing import Any

from layers.ogc.job_list import CHOICES, IMPACT, STATUSES, TYPE
from layers.ogc.openapi_parts import EDIT_PROBLEMS, PAGE, PROBLEMS, Json, content, query, ref
from layers.ogc.processes import LISTED, MAX_LISTED, RESPONSES
from layers.rest.impact_inputs import INPUTS
from layers.text import text

JSON = "application/json"
DOCUMENT = ref("schemas", "document")


def process_paths() -> dict[str, Json]:
    """The paths of processes and jobs."""
    process_id = _place("processId", {"type": "string", "enum": [IMPACT]})
    job_id = _place("jobId", {"type": "string", "format": "uuid"})
    status = content(JSON, _status())
    listed = {"type": "integer", "minimum": 1, "maximum": MAX_LISTED, "default": LISTED}
    limit = query("limit", text("Paling banyak sekian.", "So many at most."), listed)
    others = ref("parameters", "others")
    dismissed = text("Pekerjaan dilupakan", "The job is forgotten")
    return {
        "/processes": {"get": _get("getProcesses", text("Proses", "Processes"), [limit, others])},
        "/processes/{processId}": {
            "get": _get("describeProcess", text("Uraian proses", "Description of a process"), [process_id, others])
        },
        "/processes/{processId}/execution": {"post": _execution(process_id)},
        "/jobs": {
            "get": _get("getJobs", text("Pekerjaan Anda", "Your jobs"), [limit, *_asked()], problems=("401", "429"))
        },
        "/jobs/{jobId}": {
            "get": _get("getJob", text("Keadaan pekerjaan", "Status of a job"), [job_id, others], status),
            "delete": {
                **_operation("dismissJob", dismissed, [job_id]),
                "responses": {"200": {"description": str(dismissed), "content": status}, **_problems()},
            },
        },
        "/jobs/{jobId}/results": {
            "get": {
                **_operation(
                    "getJobResults", text("Hasil pekerjaan", "Results of a job"), [job_id, ref("parameters", "f")]
                ),
                "responses": {"200": _result(), **_problems("413")},
            }
        },
    }


def _asked() -> list[Json]:
    """What the list of jobs can be asked for."""
    made = text("Dibuat pada saat atau rentang waktu ini.", "Made at this time, or within this interval.")
    seconds = {"type": "array", "items": {"type": "integer", "minimum": 0}, "maxItems": 1}  # a list, as 1.0 has it
    codes = {name: {"type": "string", "enum": list(known)} for name, known in CHOICES.items()}
    some = text("Satu atau beberapa dari ini.", "One or more of these.")
    return [
        *(query(name, some, {"type": "array", "items": code}) for name, code in codes.items()),
        query("datetime", made, {"type": "string"}),
        query("minDuration", text("Paling sedikit sekian detik.", "So many seconds at least."), seconds),
        query("maxDuration", text("Paling banyak sekian detik.", "So many seconds at most."), seconds),
    ]


def _execution(process_id: Json) -> Json:
    prefer = {
        "name": "Prefer",
        "in": "header",
        "description": str(text("respond-async untuk sebuah pekerjaan.", "respond-async for a job.")),
        "schema": {"type": "string"},
    }
    body = {
        "type": "object",
        "required": ["inputs"],
        "properties": {
            "inputs": {
                "type": "object",
                "properties": {name: {**schema, "description": str(title)} for name, (title, schema) in INPUTS.items()},
                "additionalProperties": False,
                "example": {"zone": 1},
            },
            "outputs": {"type": "object", "properties": {IMPACT: DOCUMENT}, "additionalProperties": False},
            "response": {"type": "string", "enum": list(RESPONSES), "default": "raw"},
        },
        "additionalProperties": False,
    }
    headers = {name: {"schema": {"type": "string"}} for name in ("Location", "Preference-Applied")}
    made = text("Pekerjaan dibuat", "A job was made")
    return {
        **_operation("executeProcess", text("Jalankan proses", "Execute a process"), [process_id, prefer]),
        "requestBody": {"required": True, "content": content(JSON, body)},
        "responses": {
            "200": _result(),
            "201": {"description": str(made), "headers": headers, "content": content(JSON, _status())},
            **_problems("401", "403", "413", "415", "429"),
        },
    }


def _get(
    name: str,
    summary: Any,
    parameters: list[Json] | None = None,
    answer: Json | None = None,
    problems: tuple[str, ...] = (),
) -> Json:
    answers = (answer or content(JSON, DOCUMENT)) | PAGE
    return {
        **_operation(name, summary, [ref("parameters", "f"), *(parameters or [])]),
        "responses": {"200": {"description": str(summary), "content": answers}, **_problems(*problems)},
    }


def _operation(name: str, summary: Any, parameters: list[Json]) -> Json:
    return {
        "operationId": name,
        "summary": str(summary),
        "tags": ["processes"],
        "parameters": [*parameters, ref("parameters", "lang")],
    }


def _problems(*also: str) -> dict[str, Json]:
    return {status: ref("responses", status) for status in (*PROBLEMS, *(one for one in EDIT_PROBLEMS if one in also))}


def _result() -> Json:
    described = text("Dampaknya, seperti POST hazards/impact", "The impact, as of POST hazards/impact")
    return {"description": str(described), "content": content(JSON, DOCUMENT)}


def _status() -> Json:
    """statusInfo."""
    moment = {"type": "string", "format": "date-time"}
    return {
        "type": "object",
        "required": ["jobID", "processID", "type", "status"],
        "properties": {
            "jobID": {"type": "string", "format": "uuid"},
            "processID": {"type": "string"},
            "type": {"type": "string", "enum": [TYPE]},
            "status": {"type": "string", "enum": list(STATUSES)},
            "message": {"type": "string"},
            **dict.fromkeys(("created", "started", "finished"), moment),
            "links": ref("schemas", "links"),
        },
    }


def _place(name: str, schema: Json) -> Json:
    return {"name": name, "in": "path", "required": True, "schema": schema}
