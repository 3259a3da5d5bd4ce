"""Where ``{{ssm:…}}`` may stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.documents.references import references_in
from rehearsal.documents.rule import AUTOMATION, Level, Problem, Rule, Subject
from rehearsal.documents.runbook import mapping

if TYPE_CHECKING:
    from collections.abc import Iterator


def check(subject: Subject) -> Iterator[Problem]:
    """Only in the default of a String or StringList parameter."""
    content = subject.document.content
    for part in ("mainSteps", "assumeRole"):
        for reference in references_in(content.get(part), (part,)):
            if reference.name.startswith(("ssm:", "ssm-secure:")):
                text = f"Parameter Store references are not supported here: {{{{{reference.name}}}}}"
                message = "Parameter Store is read in the defaults of parameters only: give a parameter this default"
                yield Problem(reference.path, message, at=reference.line_and_column, service=text)
    for name, definition in subject.runbook.parameters.items():
        yield from _default(name, mapping(definition))


def _default(name: str, definition: object) -> Iterator[Problem]:
    fields = mapping(definition)
    path = ("parameters", name, "default")
    for reference in references_in(fields.get("default"), path):
        if reference.name.startswith("ssm-secure:"):
            yield Problem(path, "a SecureString cannot be read into a parameter: fetch the secret where it is used")
        elif reference.name.startswith(("global:", "automation:")):
            continue
        elif not reference.name.startswith("ssm:"):
            message = f"a default cannot refer to {{{{ {reference.name} }}}}: only {{{{ ssm:… }}}} is resolved here"
            yield Problem(path, message, Level.WARNING)
        elif fields.get("type") not in ("String", "StringList"):
            yield Problem(path, f'only a String or StringList can come from Parameter Store, and "{name}" is neither')


RULE = Rule(
    id="A015",
    level=Level.ERROR,
    summary="{{ ssm:… }} stands only in the default of a String or StringList parameter.",
    why="Anywhere else the service refuses it or takes it as plain text.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-variables.html",
    check=check,
    kinds=AUTOMATION,
    enforced=True,
)
