"""Holds every scenario file against schema.json, which editors use too."""

import json
import pathlib
import sys

from jsonschema import Draft202012Validator

folder = pathlib.Path(__file__).parent
schema = json.loads((folder / "schema.json").read_text())
Draft202012Validator.check_schema(schema)
wrong = [
    f"{path.relative_to(folder)}: {'/'.join(map(str, error.absolute_path))}: {error.message[:200]}"
    for path in sorted(folder.glob("*/*.json"))
    for error in Draft202012Validator(schema).iter_errors(json.loads(path.read_text()))
]
print("\n".join(wrong), end="\n" if wrong else "")
sys.exit(1 if wrong else 0)
