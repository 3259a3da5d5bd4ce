"""rehearsal.toml: what is read, and what is refused with which words."""

from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal.settings import SettingsError, load_settings

ROOT = Path(__file__).resolve().parents[3]

WHOLE = """
name = "library"
[[stacks]]
name = "operations"
template = "build/operations.yaml"
[[stacks]]
name = "app"
template = "app.yaml"
capabilities = ["CAPABILITY_IAM"]
parameters = { Engine = "first", Size = "10" }
[image]
cache = ["nginx"]
requirements = ["requirements.txt"]
[options.database]
default = "first"
fallback = "second"
[options.database.first]
cache = ["first-server"]
suite = { name = "sid", prefer = ["first-*"] }
[options.database.second]
cache = ["second-server"]
parameters.app = { Engine = "second" }
[outside]
[[outside.names]]
name = "shop.example.test"
tag = "Role"
value = "web"
[[outside.repositories]]
name = "app.git"
source = "."
[[outside.repositories.branches]]
name = "broken"
overlay = "overlays/broken"
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "rehearsal.toml"
    path.write_text(text)
    return path


def refused(folder: Path, text: str) -> str:
    path = write(folder, text)
    with pytest.raises(SettingsError) as error:
        load_settings(path)
    assert str(error.value).startswith(str(path)), "the message begins with the file"
    return str(error.value)


def test_the_file_of_this_repository_is_read() -> None:
    settings = load_settings(ROOT / "rehearsal.toml")
    assert [stack.name for stack in settings.stacks] == ["flask-ops", "flask-app"]
    assert settings.state_folder == ROOT / "build" / "rehearsal"
    assert set(settings.options["database"].choices) == {"mysql", "mariadb"}


def test_everything_is_read_with_paths_relative_to_the_file(tmp_path: Path) -> None:
    settings = load_settings(write(tmp_path, WHOLE))
    assert settings.stacks[0].template == tmp_path / "build" / "operations.yaml"
    assert settings.image.requirements == (tmp_path / "requirements.txt",)
    assert settings.options["database"].choices["first"].suite is not None
    assert settings.outside.repositories[0].branches[0].overlay == tmp_path / "overlays" / "broken"
    assert settings.cloud.port == 4566


def test_a_choice_overrides_parameters_of_the_stacks_that_it_names(tmp_path: Path) -> None:
    settings = load_settings(write(tmp_path, WHOLE))
    operations, app = settings.stacks
    assert settings.parameters(app, settings.variant()) == {"Engine": "first", "Size": "10"}
    assert settings.parameters(app, settings.variant({"database": "second"})) == {"Engine": "second", "Size": "10"}
    assert settings.parameters(operations, settings.variant({"database": "second"})) == {}


@pytest.mark.parametrize(
    ("chosen", "says"),
    [
        ({"databse": "first"}, "no option 'databse'.*did you mean 'database'"),
        ({"database": "third"}, "no choice 'third'; it has first, second"),
    ],
)
def test_what_cannot_be_chosen_is_named(tmp_path: Path, chosen: dict[str, str], says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        load_settings(write(tmp_path, WHOLE)).variant(chosen)


def test_two_checkouts_are_two_projects(tmp_path: Path) -> None:
    projects = set()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        projects.add(load_settings(write(tmp_path / name, WHOLE)).project)
    assert len(projects) == 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "name is missing"),
        ('name = "Upper"', "name must be a string that matches"),
        ('name = "x"\nstack = []', "stack is not a known key; did you mean 'stacks'?"),
        ('name = "x"\n[image]\npakages = []', "image.pakages is not a known key; did you mean 'packages'?"),
        ('name = "x"\n[image]\npackages = "curl"', "image.packages must be a list of strings, not 'curl'"),
        ('name = "x"\n[cloud]\nport = 70000', "cloud.port must be a port from 1 to 65535, not 70000"),
        ('name = "x"\n[cloud]\nport = true', "cloud.port must be a port from 1 to 65535, not True"),
        ('name = "x"\n[cloud]\naccount_id = "12"', "cloud.account_id must be a string that matches"),
        ('name = "x"\nstacks = "app"', "stacks must be a list of tables ([[stacks]]), not 'app'"),
        ('name = "x"\n[[stacks]]\nname = "a"', "stacks[0].template is missing"),
        (
            'name = "x"\n[[stacks]]\nname = "a"\ntemplate = "t"\nparameters = { Size = 10 }',
            "stacks[0].parameters.Size must be a string (quote numbers and booleans), not 10",
        ),
        (WHOLE.replace('name = "operations"', 'name = "app"'), "stacks names a stack twice: app, app"),
        (WHOLE.replace('default = "first"', 'default = "frist"'), "options.database.default is 'frist'"),
        (
            WHOLE.replace("parameters.app =", "parameters.apps ="),
            "apps names no stack of this file; did you mean 'app'?",
        ),
        (WHOLE.replace('tag = "Role"', ""), "outside.names[0].tag is missing"),
        ("name = ", "is not valid TOML"),
        (f"name = {'[' * 10_000}", "is nested deeper than it can be read"),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, text: str, says: str) -> None:
    assert says in refused(tmp_path, text)


def test_a_missing_file_says_where_to_run(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"does not exist; run this in the root of a library"):
        load_settings(tmp_path / "rehearsal.toml")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rehearsal.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(path)
