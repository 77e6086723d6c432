"""The OpenAPI 3.1 document, made of the declared operations: U{https://spec.openapis.org/oas/v3.1.0}."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from comet import __version__
from comet.limits import Limits
from comet.protocols.api.bodies import JSON
from comet.protocols.api.parameters import TENANT, TENANT_HEADER, Parameter
from comet.protocols.api.routes import DOCUMENT, PATHS, PREFIX, Operation
from comet.protocols.api.rows import Schema, many_schema

_ERROR: Schema = {
    "type": "object",
    "properties": {
        "error": {
            "type": "object",
            "properties": {
                "code": {"type": "integer", "description": "the number in the text of errors in SQL"},
                "name": {"type": "string", "description": "the kind of error, for programs"},
                "number": {"type": "integer", "description": "the number of the error in MySQL"},
                "message": {"type": "string", "description": "what is wrong, for people"},
                "index": {"type": "integer", "description": "which of several messages, from 0 on"},
            },
            "required": ["code", "name", "number", "message"],
        }
    },
    "required": ["error"],
}

#: What each status of an error means.
STATUS_TEXTS = {
    400: "The address, or the body, cannot be read",
    401: "There is no key, or it opens nothing",
    403: "The caller may not do this",
    404: "There is no such path",
    405: "The method does not work here; Allow tells which do",
    409: "A limit on the whole of the server is reached",
    413: "The body, or what it holds, is too large",
    415: "The body is no application/json, or it is compressed",
    422: "The body is JSON, with values that are not taken",
    429: "Too many wrong keys of this address, or messages of this user; Retry-After tells when to go on",
    503: "The server, or its store, cannot do it now; nothing was done",
}


def statuses(operation: Operation) -> list[int]:
    """@return: the statuses of errors that an operation may answer with."""
    found = {400, 401, 403, 429, 503}
    if operation.form is not None:
        found |= {413, 415, 422}
    if operation.path == "/channels/{name}" and operation.form is not None:
        found.add(409)
    return sorted(found)


def _parameter(parameter: Parameter, where: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": parameter.name,
        "in": where,
        "description": parameter.doc,
        "required": parameter.required,
        "schema": parameter.schema,
    }
    if parameter.schema.get("type") == "array":
        found |= {"style": "form", "explode": False}
    return found


def _answer(description: str, schema: Schema) -> dict[str, Any]:
    return {"description": description, "content": {JSON: {"schema": schema}}}


def _operation(operation: Operation, limits: Limits) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "description": f"As `{operation.sql}` in SQL."
        + (" Users may do this with their token, as far as in a browser." if operation.users else ""),
        "parameters": [_parameter(each, "path") for each in operation.in_path]
        + [_parameter(each, "query") for each in operation.query]
        + [{"$ref": "#/components/parameters/dev_id"}, {"$ref": "#/components/parameters/tenant"}],
        "responses": {
            "200": _answer("It is done" if operation.writes else "What was asked for", operation.answer),
            **{str(status): {"$ref": f"#/components/responses/{status}"} for status in statuses(operation)},
        },
    }
    if operation.form is not None:
        schema = operation.form.schema
        if operation.many:
            schema = many_schema(schema, limits.transaction_statements)
        told["requestBody"] = {"required": True, "content": {JSON: {"schema": schema}}}
    return told


def document(limits: Limits, tenants: int) -> dict[str, Any]:
    """
    @param tenants: tenants have the numbers below this one.
    @return: the document of a server with these limits.
    """
    tenant = replace(TENANT, schema={**TENANT.schema, "maximum": tenants - 1})
    paths: dict[str, Any] = {
        "/" + "/".join(parts): {
            method.lower(): _operation(operation, limits) for method, operation in methods.items()
        }
        for parts, methods in PATHS.items()
    }
    paths[DOCUMENT] = {
        "get": {
            "operationId": "getDocument",
            "summary": "This document",
            "security": [],
            "responses": {"200": _answer("The document", {"type": "object"})},
        }
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "comet",
            "version": __version__,
            "summary": "Publishing, presence and history over HTTP: the tables of CometQL in JSON",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": PREFIX}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The main password, the own key of the tenant, or the JWT of a user",
                }
            },
            "parameters": {
                "dev_id": _parameter(tenant, "query"),
                "tenant": {
                    "name": TENANT_HEADER,
                    "in": "header",
                    "description": "the tenant; the parameter dev_id says the same",
                    "schema": tenant.schema,
                },
            },
            "schemas": {"Error": _ERROR},
            "responses": {
                str(status): _answer(text, {"$ref": "#/components/schemas/Error"})
                for status, text in STATUS_TEXTS.items()
            },
        },
    }
