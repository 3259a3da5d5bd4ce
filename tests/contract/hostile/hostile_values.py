"""Values that a parameter must not take, or may take as data alone. CANARY stands for a file that nothing may make."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

CANARY = "CANARY"
LONGEST = 512
"""The longest value that StartAutomationExecution takes (botocore, AutomationParameterValue)."""

# On their own: whatever the parameter is for, none of them is a value of it.
ALONE: Mapping[str, str] = {
    "command substitution": "$(touch CANARY)",
    "backticks": "`touch CANARY`",
    "separator": "; touch CANARY;",
    "pipe": "| touch CANARY",
    "and": "&& touch CANARY",
    "background": "& touch CANARY",
    "end of a single-quoted string": "'; touch CANARY; '",
    "end of a double-quoted string": '"; touch CANARY; "',
    "arithmetic": "SECONDS[$(touch CANARY)]",
    "process substitution": "<(touch CANARY)",
    "redirection": "> CANARY",
    "indirection": "${IFS@P}",
    "glob": "*",
    "home": "~root",
    "lone quote": "'",
    "lone double quote": '"',
    "backslash": "\\",
    "line": "x\ntouch CANARY\n",
    "carriage return": "x\rtouch CANARY",
    "tab": "x\ttouch CANARY",
    "null": "x\0touch CANARY",
    "escape sequence": "\x1b]0;touch CANARY\x07",
    "reference to a parameter": "{{ StackName }}",
    "reference to a global": "{{ automation:EXECUTION_ID }}",
    "reference in a reference": "{{ {{ StackName }} }}",
    "reference to the Parameter Store": "{{ssm:hostile}}",
    "reference to the Parameter Store, with more": "{{ssm:hostile}}$(touch CANARY)",
    "Jinja": "{{ cycler.__init__.__globals__.os.system('touch CANARY') }}",
    "short option": "-x",
    "long option": "--help",
    "option with a command": "-oProxyCommand=touch CANARY",
    "option of git": "--upload-pack=touch CANARY",
    "option of tar": "--checkpoint-action=exec=touch CANARY",
    "SQL": "x'; DROP DATABASE appdb; -- ",
    "SQL, backtick": "x`; DROP DATABASE appdb; -- ",
    "path": "/etc/passwd",
    "path upwards": "../../../../etc/passwd",
    "percent": "%s%n",
    "letter outside ASCII": "caf\u00e9",
    "digits outside ASCII": "\u0661\u0662",
    "full width": "\uff45\uff43\uff48\uff4f",
    "direction of writing": "\u202etxt.exe",
    "zero width": "a\u200bb",
    "emoji": "\U0001f4a5",
    "line separator": "x\u2028touch CANARY",
    "longest": "x" * LONGEST,
}
# Behind a value that is fine, where an unanchored pattern would not look.
BEHIND: Mapping[str, str] = {
    "then a line break": "\n",
    "then a line": "\ntouch CANARY",
    "then a substitution": "$(touch CANARY)",
    "then a separator": ";touch CANARY",
    "then an option": " --help",
    "then a reference": "{{ StackName }}",
    "then upwards": "/../../../../etc/passwd",
    "then outside ASCII": "\u00e9",
}


def hostile_values(good: str, canary: str = CANARY) -> dict[str, str]:
    """Every hostile value by its name, for a parameter with a good value."""
    first = good.splitlines()[0] if good else ""
    values = {**ALONE, **{name: first + text for name, text in BEHIND.items()}}
    # As long as the service takes, and as like a good value as can be.
    values["longest, from a good value"] = (first + first[-1:] * LONGEST)[:LONGEST] or "1" * LONGEST
    values["line before"] = f"touch CANARY\n{first}"
    return {name: text.replace(CANARY, canary) for name, text in values.items()}


def good_value(definition: Mapping[str, Any], registry: Mapping[str, Any]) -> str:
    """A value that the parameter takes: of its choices, or of its pattern's examples in ssm_documents/patterns.yaml."""
    if "allowedValues" in definition:
        return str(definition["allowedValues"][0])
    if "allowedPattern" in definition:
        examples: list[str] = registry[definition["allowedPattern"]]["good"]
        return next(text for text in reversed(examples) if text) if any(examples) else ""
    return "true" if definition["type"] == "Boolean" else ""
