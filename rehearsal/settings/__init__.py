"""What `rehearsal.toml` says: everything that is particular to the library being rehearsed.

`rehearsal.toml` in the root of this repository explains each key. Paths are relative to the folder of the file.
"""

from rehearsal.settings.errors import SettingsError
from rehearsal.settings.model import (
    Branch,
    Choice,
    CloudSection,
    ImageSection,
    Name,
    Option,
    OutsideSection,
    RenderSection,
    Repository,
    Settings,
    StackSection,
    Suite,
    Variant,
)
from rehearsal.settings.read import load_settings

__all__ = [
    "Branch",
    "Choice",
    "CloudSection",
    "ImageSection",
    "Name",
    "Option",
    "OutsideSection",
    "RenderSection",
    "Repository",
    "Settings",
    "SettingsError",
    "StackSection",
    "Suite",
    "Variant",
    "load_settings",
]
