"""A function: moto's, with what moto leaves out, and with packages that are looked at when they are given."""

from __future__ import annotations

import hashlib
import io
import json
import re
import uuid
import zipfile
from typing import Any

from moto.awslambda.models import LambdaFunction

from rehearsal.cloud.functions.errors import LambdaError, invalid_parameter

RUNTIME = re.compile(r"python3\.\d{1,2}")
LARGEST_PACKAGE = 50 * 1024 * 1024
LARGEST_UNPACKED = 250 * 1024 * 1024
LARGEST_VARIABLES = 4096
KEPT = ("DeadLetterConfig", "LoggingConfig")


class Function(LambdaFunction):
    """One version of a function. Its processes are the runner's."""

    def __init__(self, account_id: str, spec: dict[str, Any], region: str) -> None:
        check_spec(spec)
        self.dead_letters: str = (spec.get("DeadLetterConfig") or {}).get("TargetArn", "")
        self.logging: dict[str, str] = dict(spec.get("LoggingConfig") or {})
        self.revision = str(uuid.uuid4())
        super().__init__(account_id=account_id, spec=spec, region=region, version="$LATEST")
        self._check_package()

    @property
    def log_group(self) -> str:
        """Where its output goes."""
        return self.logging.get("LogGroup") or str(self.logs_group_name)

    @property
    def identity(self) -> str:
        """The same as long as a process that has loaded the function can go on serving it."""
        parts = (self.function_arn, self.version, self.code_sha_256, self.revision)
        return hashlib.sha256(json.dumps([str(part) for part in parts]).encode()).hexdigest()

    def update_configuration(self, config_updates: dict[str, Any]) -> dict[str, Any]:
        """UpdateFunctionConfiguration. What is not given stays."""
        check_spec(config_updates)
        if "DeadLetterConfig" in config_updates:
            self.dead_letters = (config_updates["DeadLetterConfig"] or {}).get("TargetArn", "")
        if "LoggingConfig" in config_updates:
            self.logging = dict(config_updates["LoggingConfig"])
        moto = {key: value for key, value in config_updates.items() if key not in KEPT}
        if "Environment" in moto:
            moto["Environment"] = {"Variables": (moto["Environment"] or {}).get("Variables") or {}}
        super().update_configuration(moto)
        self.revision = str(uuid.uuid4())
        return self.get_configuration()

    def update_function_code(self, updated_spec: dict[str, Any]) -> dict[str, Any]:
        """UpdateFunctionCode. A package that cannot be used changes nothing."""
        former = (dict(self.code), self.code_bytes, self.code_size, self.code_sha_256)
        try:
            _found(self._set_function_code, updated_spec)
            self._check_package()
        except LambdaError:
            self.code, self.code_bytes, self.code_size, self.code_sha_256 = former
            raise
        self.architectures = updated_spec.get("Architectures") or self.architectures
        self.code_or_config_updated = True
        self.revision = str(uuid.uuid4())
        return self.get_configuration()

    def get_configuration(self, on_create: bool = False) -> dict[str, Any]:
        """The FunctionConfiguration shape."""
        shape: dict[str, Any] = super().get_configuration(on_create)
        shape["RevisionId"] = self.revision
        if self.dead_letters:
            shape["DeadLetterConfig"] = {"TargetArn": self.dead_letters}
        if self.logging:
            shape["LoggingConfig"] = {"LogFormat": "Text", **self.logging, "LogGroup": self.log_group}
        return {key: value for key, value in shape.items() if value is not None}

    def _check_package(self) -> None:
        if self.package_type != "Zip":
            raise invalid_parameter("Functions from container images are not part of this endpoint: give a zip.")
        if self.code_size > LARGEST_PACKAGE:
            raise LambdaError(
                "RequestEntityTooLargeException", f"The package has more than {LARGEST_PACKAGE} bytes.", 413
            )
        try:
            with zipfile.ZipFile(io.BytesIO(self.code_bytes)) as archive:
                unpacked = sum(entry.file_size for entry in archive.infolist())
        except zipfile.BadZipFile:
            raise invalid_parameter(
                "Could not unzip uploaded file. Please check your file, then try to upload again."
            ) from None
        if unpacked > LARGEST_UNPACKED:
            raise invalid_parameter(f"Unzipped size must be smaller than {LARGEST_UNPACKED} bytes")


def make_function(account_id: str, spec: dict[str, Any], region: str) -> Function:
    """Construct a function. Raises LambdaError where its package cannot be found or used."""
    made: Function = _found(Function, account_id, spec, region)
    return made


def check_spec(spec: dict[str, Any]) -> None:
    """Check what this endpoint can run. Raises LambdaError."""
    runtime = spec.get("Runtime")
    if runtime is not None and not RUNTIME.fullmatch(str(runtime)):
        raise invalid_parameter(f"Runtime {runtime} cannot be run by this endpoint: it runs python3.x.")
    if spec.get("Layers"):
        raise invalid_parameter("Layers are not part of this endpoint: put what the function needs into its package.")
    if "Code" in spec and spec.get("PackageType", "Zip") == "Zip" and not (runtime and spec.get("Handler")):
        raise invalid_parameter(
            "Runtime and Handler are mandatory parameters for functions created with deployment packages."
        )
    variables = (spec.get("Environment") or {}).get("Variables") or {}
    if len(json.dumps(variables)) > LARGEST_VARIABLES:
        raise invalid_parameter(
            "Lambda was unable to configure your environment variables because the environment variables you have "
            f"provided exceeded the {LARGEST_VARIABLES} byte limit."
        )


def _found(work: Any, *arguments: Any) -> Any:
    """Call what fetches a package; moto tells of a missing object by a bare ValueError."""
    try:
        return work(*arguments)
    except ValueError as error:
        raise invalid_parameter(str(error.args[-1])) from error
