"""Figures of a running process, in the text format that Prometheus reads.

https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from msgspec import Struct, field

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})


class Kind(StrEnum):
    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Sample(Struct, frozen=True):
    """One figure; `suffix` is what a histogram's has behind the metric's name."""

    value: float
    labels: dict[str, str] = field(default_factory=dict)
    suffix: str = ""


class Metric(Struct, frozen=True):
    """A name, what it means, and its figures. A counter's name ends in _total."""

    name: str
    kind: Kind
    help: str
    samples: tuple[Sample, ...]


def counter(name: str, help_: str, value: float) -> Metric:
    return Metric(name, Kind.COUNTER, help_, (Sample(value),))


def gauge(name: str, help_: str, value: float) -> Metric:
    return Metric(name, Kind.GAUGE, help_, (Sample(value),))


def by_label(name: str, kind: Kind, help_: str, label: str, values: Mapping[str, float]) -> Metric:
    """A figure for each value of one label."""
    samples = tuple(Sample(value, {label: each}) for each, value in values.items())
    return Metric(name, kind, help_, samples)


def histogram(
    name: str, help_: str, bounds: Iterable[float], counts: Iterable[int], total: float
) -> Metric:
    """`counts` holds one more than `bounds`: how many were at most each bound and above the one
    before, and how many above all. `total` is the sum of what was observed."""
    samples, seen = [], 0
    for bound, count in zip((*bounds, float("inf")), counts, strict=True):
        seen += count
        samples.append(Sample(seen, {"le": _number(bound)}, "_bucket"))
    samples += [Sample(total, {}, "_sum"), Sample(seen, {}, "_count")]
    return Metric(name, Kind.HISTOGRAM, help_, tuple(samples))


def labelled(metrics: Iterable[Metric], **labels: str) -> list[Metric]:
    """The same, every figure with these labels too."""
    return [
        Metric(
            each.name,
            each.kind,
            each.help,
            tuple(Sample(s.value, {**labels, **s.labels}, s.suffix) for s in each.samples),
        )
        for each in metrics
    ]


def rendered(metrics: Iterable[Metric]) -> str:
    """The text; metrics of one name become one group, as the format has it."""
    groups: dict[str, list[Metric]] = {}
    for each in metrics:
        groups.setdefault(each.name, []).append(each)
    lines = []
    for name, group in groups.items():
        help_ = group[0].help.replace("\\", r"\\").replace("\n", r"\n")
        lines += [f"# HELP {name} {help_}", f"# TYPE {name} {group[0].kind}"]
        lines += [_line(name, sample) for each in group for sample in each.samples]
    return "\n".join(lines) + "\n"


def _line(name: str, sample: Sample) -> str:
    pairs = ",".join(f'{key}="{value.translate(_ESCAPES)}"' for key, value in sample.labels.items())
    labels = f"{{{pairs}}}" if pairs else ""
    return f"{name}{sample.suffix}{labels} {_number(sample.value)}"


def _number(value: float) -> str:
    if value == float("inf"):
        return "+Inf"
    return str(int(value)) if value == int(value) else repr(float(value))
