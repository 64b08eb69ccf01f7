#!/usr/bin/env python3
"""Compares what deploy/, k8s/ and docker-compose.yml say with the code and with each other.

Run by deploy/dev/check-deploy, which sees to PyYAML. Prints each contradiction on a line and fails if there is one.
"""

import json
import pathlib
import re
import sys

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
METRIC = re.compile(r"\bparlour_[a-z0-9_]+")
SUFFIX = re.compile(r"_(bucket|sum|count)$")
GRACE_AFTER_DRAIN_SECONDS = 30


def text(path):
    return (ROOT / path).read_text(encoding="utf-8")


def documents(path):
    return [document for document in yaml.safe_load_all(text(path)) if document]


def metrics_of_the_code():
    """Every metric that a crate records: its name stands in the source as a literal of its own."""
    names = set()
    for source in ROOT.glob("crates/*/src/**/*.rs"):
        names.update(re.findall(r'"(parlour_[a-z0-9_]+)"', source.read_text(encoding="utf-8")))
    return names


def expressions():
    """Every PromQL expression of the rules and the dashboard, and where it stands."""
    for group in yaml.safe_load(text("deploy/prometheus/alerts.yml"))["groups"]:
        for rule in group["rules"]:
            yield f"alerts.yml: {rule['alert']}", rule["expr"]
    for panel in json.loads(text("deploy/grafana/parlour.json"))["panels"]:
        for target in panel.get("targets", []):
            yield f"parlour.json: {panel['title']}", target["expr"]
    for document in documents("k8s/base/horizontalpodautoscaler.yaml"):
        for metric in document["spec"]["metrics"]:
            yield "horizontalpodautoscaler.yaml", metric["pods"]["metric"]["name"]


def unknown_metrics():
    known = metrics_of_the_code()
    for place, expression in expressions():
        for name in METRIC.findall(expression):
            if name not in known and SUFFIX.sub("", name) not in known:
                yield f"{place} asks for {name}, which no crate records"


def untested_alerts():
    tests = text("deploy/prometheus/alerts_test.yml")
    for group in yaml.safe_load(text("deploy/prometheus/alerts.yml"))["groups"]:
        for rule in group["rules"]:
            if f'alertname="{rule["alert"]}"' not in tests:
                yield f"alerts.yml: no test in alerts_test.yml fires {rule['alert']}"


def dangling_in_compose():
    """The schema does not know whether what a service names exists."""
    compose = yaml.safe_load(text("docker-compose.yml"))
    for name, service in compose["services"].items():
        for kind in ("depends_on", "networks", "secrets"):
            known = compose["services" if kind == "depends_on" else kind]
            for wanted in service.get(kind, []):
                if wanted not in known:
                    yield f"docker-compose.yml: {name} names {wanted} in {kind}, which is not there"
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("."):
                if not (ROOT / source).exists():
                    yield f"docker-compose.yml: {name} mounts {source}, which is not there"
            elif source not in compose["volumes"]:
                yield f"docker-compose.yml: {name} mounts the volume {source}, which is not there"


def seconds(period):
    return int(re.fullmatch(r"(\d+)s", period)[1])


def short_graces():
    """A gateway that is killed while it drains cuts its clients off instead of sending them elsewhere."""
    compose = yaml.safe_load(text("docker-compose.yml"))
    for name, service in compose["services"].items():
        if not name.startswith("gateway-"):
            continue
        needed = int(service["environment"]["PARLOUR_DRAIN_SECONDS"]) + GRACE_AFTER_DRAIN_SECONDS
        if seconds(service["stop_grace_period"]) < needed:
            yield f"docker-compose.yml: stop_grace_period of {name} is below {needed}s, drain and {GRACE_AFTER_DRAIN_SECONDS}s"

    base = yaml.safe_load(text("k8s/base/kustomization.yaml"))
    literals = dict(item.split("=", 1) for item in base["configMapGenerator"][0]["literals"])
    pod = documents("k8s/base/deployment.yaml")[0]["spec"]["template"]["spec"]
    before = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    needed = before + int(literals["PARLOUR_DRAIN_SECONDS"]) + GRACE_AFTER_DRAIN_SECONDS
    if pod["terminationGracePeriodSeconds"] < needed:
        yield f"deployment.yaml: terminationGracePeriodSeconds is below {needed}, preStop, drain and {GRACE_AFTER_DRAIN_SECONDS}"


def missing_resources():
    for kustomization in ROOT.glob("k8s/**/kustomization.yaml"):
        content = yaml.safe_load(kustomization.read_text(encoding="utf-8"))
        for resource in content.get("resources", []):
            if not (kustomization.parent / resource).exists():
                yield f"{kustomization.relative_to(ROOT)} names {resource}, which is not there"


def outside_the_image():
    """Files that the compiler reads and that .dockerignore keeps from the image's build."""
    let_in = [line[1:] for line in text(".dockerignore").splitlines() if line.startswith("!")]
    for source in ROOT.glob("crates/*/src/**/*.rs"):
        code = source.read_text(encoding="utf-8").split("#[cfg(test)]\nmod tests {")[0]
        if source.name == "tests.rs" or "tests" in source.parts:
            continue
        for included in re.findall(r'include_(?:str|bytes)!\("([^"]+)"\)', code):
            file = (source.parent / included).resolve().relative_to(ROOT).as_posix()
            if not any(file == path or file.startswith(f"{path}/") for path in let_in):
                yield f".dockerignore keeps {file} from the image, and {source.relative_to(ROOT)} is compiled with it"


def main():
    checks = (unknown_metrics, untested_alerts, dangling_in_compose, short_graces, missing_resources, outside_the_image)
    contradictions = [found for check in checks for found in check()]
    for contradiction in contradictions:
        print(contradiction, file=sys.stderr)
    return 1 if contradictions else 0


if __name__ == "__main__":
    sys.exit(main())
