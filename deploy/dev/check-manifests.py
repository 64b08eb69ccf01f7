#!/usr/bin/env python3
"""Holds what kustomize built, a file per overlay, against the schemas of Kubernetes: the oldest version that will do, and the newest.

Run by deploy/dev/check-deploy, which sees to the libraries. Every object is held against some schema: those that Kubernetes does not know
are named in OTHERS, and one that is not is a failure. Prints each fault on a line and fails if there is one.
"""

import json
import pathlib
import sys

import jsonschema
import kubernetes_validate
import yaml

# `preStop: sleep` is there from 1.29 on, and switched on from 1.30 on. docs/cluster.md and both overlays say so.
OLDEST = "1.30"
HERE = pathlib.Path(__file__).resolve().parent
OTHERS = {("monitoring.coreos.com/v1", "ServiceMonitor"): HERE / "servicemonitor.schema.json"}


def name_of(document):
    return f"{document['kind']} {document['metadata']['name']}"


def place(error):
    return ".".join(str(part) for part in error.absolute_path) or "the object"


def faults_of(document):
    schema = OTHERS.get((document["apiVersion"], document["kind"]))
    if schema:
        validator = jsonschema.Draft202012Validator(json.loads(schema.read_text(encoding="utf-8")))
        yield from (f"{place(error)}: {error.message}" for error in validator.iter_errors(document))
        return
    for version in (OLDEST, kubernetes_validate.latest_version()):
        try:
            kubernetes_validate.validate(document, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            yield f"with Kubernetes {version}: {place(error)}: {error.message}"
        except kubernetes_validate.SchemaNotFoundError:
            yield f"Kubernetes {version} does not know this kind, and there is no schema of it here"


def watches_nothing(monitor, documents):
    """A monitor whose labels or ports fit no service is valid and collects nothing."""
    wanted = monitor["spec"]["selector"]["matchLabels"].items()
    services = [d for d in documents if d["kind"] == "Service" and wanted <= d["metadata"].get("labels", {}).items()]
    if not services:
        yield "no service has these labels"
    for service in services:
        if monitor["spec"]["jobLabel"] not in service["metadata"]["labels"]:
            yield f"{name_of(service)} lacks the label of the job"
        ports = {port["name"] for port in service["spec"]["ports"]}
        for endpoint in monitor["spec"]["endpoints"]:
            if endpoint["port"] not in ports:
                yield f"{name_of(service)} has no port {endpoint['port']}"


def faults(documents):
    for document in documents:
        found = list(faults_of(document))
        if document["kind"] == "ServiceMonitor" and not found:
            found = watches_nothing(document, documents)
        yield from (f"{name_of(document)}: {fault}" for fault in found)


def main():
    all_faults = []
    for path in sys.argv[1:]:
        documents = [d for d in yaml.safe_load_all(pathlib.Path(path).read_text(encoding="utf-8")) if d]
        all_faults += [f"{pathlib.Path(path).stem}: {fault}" for fault in faults(documents)]
    print("\n".join(all_faults))
    sys.exit(1 if all_faults else 0)


main()
