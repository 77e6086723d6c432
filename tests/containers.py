"""The files for containers, as far as they can be read without what runs containers."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass, field

import yaml

from tests.building import ROOT

CONTAINERFILE = ROOT / "packaging" / "container" / "Containerfile"
COMPOSE = ROOT / "docs" / "examples" / "compose.yaml"


@dataclass
class Image:
    """
    What the last stage of a Containerfile describes, and the steps of all stages on the way there.

    @ivar steps: the instructions that do something, with what stands behind them.
    @ivar settings: what is said once: C{USER}, C{WORKDIR}, C{VOLUME}, C{STOPSIGNAL}.
    """

    steps: list[tuple[str, str]] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    command: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)
    ports: list[str] = field(default_factory=list)


def read_containerfile():
    """@return: the L{Image}; an instruction that is not known here is an error."""
    lines = [line for line in CONTAINERFILE.read_text("utf-8").splitlines() if not line.startswith("#")]
    image = Image()
    for line in re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines():
        word, _, rest = line.partition(" ")
        match word:
            case "":
                pass
            case "FROM":
                image = Image(steps=[*image.steps, (word, rest)])
            case "RUN" | "COPY" | "ARG":
                image.steps.append((word, rest))
            case "ENV":
                image.environment |= dict(pair.split("=", 1) for pair in shlex.split(rest))
            case "CMD":
                image.command = json.loads(rest)
            case "HEALTHCHECK":
                image.health = json.loads(rest.partition(" CMD ")[2])
            case "EXPOSE":
                image.ports = rest.split()
            case "USER" | "WORKDIR" | "VOLUME" | "STOPSIGNAL":
                image.settings[word] = rest
                image.steps.append((word, rest))
            case _:
                raise ValueError(f"unknown: {line}")
    return image


def read_compose():
    """@return: the example for Compose."""
    return yaml.safe_load(COMPOSE.read_text("utf-8"))
