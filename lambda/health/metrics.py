"""The figures as one line of CloudWatch's embedded metric format, with one dimension set.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
import time
from typing import Any

from results import Result, Status, overall

NAMESPACE = "FlaskOps/Health"
# What customers see is kept by the second, so that alarms may look at half a minute: then a fault is told of a look and
# half a minute after it began at the latest, and not two minutes.
PROMPT = frozenset({"HttpsSeverity", "ReadinessSeverity", "CertificateSeverity"})
SEVERITY = {Status.OK: 0, Status.DEGRADED: 1, Status.DOWN: 2}


def emf_line(stack_name: str, results: list[Result]) -> str:
    """`<Check>Severity` is 0, 1 or 2 (ok, degraded, down), `ServiceDown` 0 or 1; some checks add figures of their own.

    Every metric costs something each month, so a check's latency and detail are in the line, for Logs Insights, alone.
    """
    worst = overall(results)
    values: dict[str, tuple[float, str]] = {"ServiceDown": (float(worst is Status.DOWN), "Count")}
    for result in results:
        status = result.finding.status
        values[f"{result.name}Severity"] = (float(SEVERITY[status]), "None")
        values.update({name: (value, unit) for name, value, unit in result.finding.metrics})
    metrics = [{"Name": name, "Unit": unit, **_resolution(name)} for name, (_, unit) in values.items()]
    line: dict[str, Any] = {
        "_aws": {
            "Timestamp": round(1000 * time.time()),
            "CloudWatchMetrics": [{"Namespace": NAMESPACE, "Dimensions": [["StackName"]], "Metrics": metrics}],
        },
        "StackName": stack_name,
        "Status": worst.value,
        "Details": {result.name: result.finding.detail for result in results},
        "LatencyMs": {result.name: result.latency_ms for result in results},
        **{name: value for name, (value, _) in values.items()},
    }
    return json.dumps(line, separators=(",", ":"))


def _resolution(name: str) -> dict[str, int]:
    return {"StorageResolution": 1} if name in PROMPT else {}
