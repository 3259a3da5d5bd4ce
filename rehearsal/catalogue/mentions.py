"""What leads to a document: alarms and schedules of the templates, and other documents."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rehearsal.catalogue.said import said
from rehearsal.catalogue.texts import escaped, one_line, template_text
from rehearsal.documents.model import DocumentKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.catalogue.sources import Sources
    from rehearsal.documents.model import Document

_ALARMS = ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
_SCHEDULE = "AWS::Scheduler::Schedule"


@dataclass(frozen=True, order=True)
class Named:
    """Something that names a document (for a code span), and what it says (Markdown)."""

    name: str
    text: str


def alarms(sources: Sources, document: str) -> list[Named]:
    """The alarms whose description sends people to this document."""
    found = []
    for properties in _of_type(sources, *_ALARMS):
        text = one_line(template_text(properties.get("AlarmDescription", "")))
        if names(text, document):
            found.append(Named(template_text(properties.get("AlarmName", "")), escaped(text)))
    return found


def schedules(sources: Sources, document: str) -> list[Named]:
    """The schedules that start this document by themselves."""
    found = []
    for properties in _of_type(sources, _SCHEDULE):
        if names(json.dumps(properties.get("Target", {})), document):
            when = _usual(sources, properties.get("ScheduleExpression", ""))
            found.append(Named(when, escaped(one_line(template_text(properties.get("Description", ""))))))
    return found


def _usual(sources: Sources, value: Any) -> str:
    """The value, or the default of the template's parameter that it refers to."""
    name = value.get("Ref") if isinstance(value, dict) else None
    for template in sources.templates:
        default = template.get("Parameters", {}).get(name, {}).get("Default")
        if default:
            return str(default)
    return template_text(value)


def senders(sources: Sources, document: str) -> list[str]:
    """The runbooks that can send people to this one, without calling it themselves."""
    return [
        other.name
        for other in sources.of_kind(DocumentKind.AUTOMATION)
        if other.name != document and document not in called(sources, other) and names(said(other), document)
    ]


def callers(sources: Sources, document: str) -> list[str]:
    """The runbooks that call this document in a step, or hand its name to a script of theirs."""
    return [other.name for other in sources.of_kind(DocumentKind.AUTOMATION) if document in called(sources, other)]


def called(sources: Sources, document: Document) -> list[str]:
    """The documents of the library that stand as a whole text in a step, in the order of the steps."""
    texts = _texts(document.content.get("mainSteps", []))
    return [text for text in dict.fromkeys(texts) if text in sources.by_name and text != document.name]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)


def names(text: str, document: str) -> bool:
    """Whether a text names a document, as a whole word: one document's name may begin another's."""
    return re.search(rf"(?<![\w-]){re.escape(document)}(?![\w-])", text) is not None


def _of_type(sources: Sources, *kinds: str) -> Iterator[dict[str, Any]]:
    for template in sources.templates:
        for resource in template["Resources"].values():
            if resource.get("Type") in kinds:
                yield resource.get("Properties", {})
