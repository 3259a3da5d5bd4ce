"""A host without a machine: it speaks the agent's message protocol and runs a command document's shell text here."""

from __future__ import annotations

import json
import subprocess
import threading
import uuid
from typing import Any

import httpx

_AGENT = {
    "AgentName": "amazon-ssm-agent",
    "AgentVersion": "3.3.3572.0",
    "AgentStatus": "Active",
    "PlatformType": "Linux",
    "PlatformName": "Debian GNU/Linux",
    "PlatformVersion": "12",
    "IPAddress": "10.0.1.10",
    "ComputerName": "simulated",
}


class SimulatedHost:
    """Answers commands from a thread until it is stopped."""

    def __init__(self, url: str, region: str, instance_id: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=60, verify=False)  # noqa: S501 - plain HTTP on loopback
        self._region = region
        self._id = instance_id
        self._ended = threading.Event()
        self._call("ssm", "UpdateInstanceInformation", InstanceId=instance_id, **_AGENT)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._thread.join(timeout=30)
        self._http.close()

    def _call(self, service: str, operation: str, **body: Any) -> dict[str, Any]:
        target = "AmazonSSM" if service == "ssm" else "EC2WindowsMessageDeliveryService"
        credential = f"Credential=AKIAHOST/20260101/{self._region}/{service}/aws4_request"
        headers = {
            "X-Amz-Target": f"{target}.{operation}",
            "Content-Type": "application/x-amz-json-1.1",
            "Authorization": f"AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=0",
        }
        answer = self._http.post("/", headers=headers, content=json.dumps(body))
        answer.raise_for_status()
        return dict(answer.json() if answer.content else {})

    def _serve(self) -> None:
        while not self._ended.is_set():
            request_id = str(uuid.uuid4())
            answer = self._call(
                "ec2messages",
                "GetMessages",
                Destination=self._id,
                MessagesRequestId=request_id,
                VisibilityTimeoutInSeconds=10,
            )
            for message in answer["Messages"]:
                self._call("ec2messages", "AcknowledgeMessage", MessageId=message["MessageId"])
                if ".sendCommand." in message["Topic"]:
                    self._run(message)
                self._call("ec2messages", "DeleteMessage", MessageId=message["MessageId"])

    def _run(self, message: dict[str, Any]) -> None:
        payload = json.loads(message["Payload"])
        text = "\n".join(payload["Parameters"].get("commands", []))
        ended = subprocess.run(["/bin/sh", "-c", text], capture_output=True, text=True, timeout=30, check=False)
        content = payload["DocumentContent"]
        steps = list(content.get("runtimeConfig") or [step["name"] for step in content["mainSteps"]])
        status = "Failed" if ended.returncode else "Success"
        stderr = f"\n----------ERROR-------\n{ended.stderr}failed to run commands: exit status {ended.returncode}"
        result = {
            "status": status,
            "code": ended.returncode,
            "name": "aws:runShellScript",
            "output": ended.stdout + (stderr if ended.returncode else ""),
            "startDateTime": "2026-11-23T06:00:00.000Z",
            "endDateTime": "2026-11-23T06:00:01.000Z",
            "standardOutput": ended.stdout,
            "standardError": ended.stderr,
        }
        reply = {
            "additionalInfo": {},
            "documentStatus": status,
            "documentTraceOutput": "",
            "runtimeStatus": dict.fromkeys(steps, result),
        }
        self._call(
            "ec2messages",
            "SendReply",
            MessageId=message["MessageId"],
            Payload=json.dumps(reply),
            ReplyId=str(uuid.uuid4()),
        )
