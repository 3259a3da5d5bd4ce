"""The git repositories of the outside: a folder as it is now, and branches that differ from it.

The snapshot is made with an index and an object store of its own, so the user's checkout, index and history stay as
they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.hosts.commands import CommandError, run
from rehearsal.hosts.errors import HostsError

if TYPE_CHECKING:
    from pathlib import Path

    from rehearsal.settings import Branch, Repository

_WITHIN = 120.0
_AUTHOR = {
    "GIT_AUTHOR_NAME": "rehearsal", "GIT_AUTHOR_EMAIL": "rehearsal@example.test",
    "GIT_COMMITTER_NAME": "rehearsal", "GIT_COMMITTER_EMAIL": "rehearsal@example.test",
}  # fmt: skip
# Blobs of any size go straight into a pack, hardly compressed: they are hundreds, and travel no further than here.
_SETTINGS = [
    option
    for setting in ("core.bare=false", "core.autocrlf=false", "core.bigFileThreshold=1", "core.compression=1")
    for option in ("-c", setting)
]


def publish(repository: Repository, folder: Path) -> Path:
    """Make or refresh a bare repository below `folder` from the source's files as they are, and return it.

    A branch gets a new commit only where its files have changed. Raises HostsError.
    """
    bare = folder / repository.name
    try:
        return _publish(repository, bare)
    except FileNotFoundError:
        raise HostsError("git is not installed on this machine; install it (`apt-get install git`)") from None
    except CommandError as error:
        raise HostsError(f"repository {repository.name} cannot be made of {repository.source}: {error}") from None


def _publish(repository: Repository, bare: Path) -> Path:
    if not repository.source.is_dir():
        raise HostsError(f"the source {repository.source} of repository {repository.name} is not a folder")
    if not (bare / "HEAD").exists():
        bare.mkdir(parents=True, exist_ok=True)
        run(["git", "init", "--quiet", "--bare", "--initial-branch=main", str(bare)], timeout_seconds=_WITHIN)
    _git(bare, "read-tree", "--empty")
    _git(bare, "add", "--all", ".", work_tree=repository.source)
    _commit(bare, "main", "The working tree as it was when the rehearsal began")
    for branch in repository.branches:
        _branch(bare, branch)
    _git(bare, "repack", "-a", "-d", "-q")  # one file on the way into the container, where there would be hundreds
    return bare


def _branch(bare: Path, branch: Branch) -> None:
    _git(bare, "read-tree", "refs/heads/main")
    if branch.overlay is not None:
        if not branch.overlay.is_dir():
            raise HostsError(f"the overlay {branch.overlay} of branch {branch.name} is not a folder")
        _git(bare, "add", "--force", "--ignore-removal", ".", work_tree=branch.overlay)
    if branch.remove:
        _git(bare, "rm", "--quiet", "--cached", "-r", "--", *branch.remove)
    _commit(bare, branch.name, f"What {branch.name} changes", parent="refs/heads/main")


def _commit(bare: Path, branch: str, message: str, parent: str | None = None) -> None:
    """Commit the index to a branch, on top of `parent` or of the branch itself, unless nothing changed."""
    tree = _git(bare, "write-tree").strip()
    tip = _resolve(bare, f"refs/heads/{branch}")
    base = _resolve(bare, parent) if parent else tip
    if tip and _resolve(bare, f"{tip}^{{tree}}") == tree and (parent is None or _resolve(bare, f"{tip}^") == base):
        return
    parents = ["-p", base] if base else []
    commit = _git(bare, "commit-tree", tree, *parents, "-m", message).strip()
    _git(bare, "update-ref", f"refs/heads/{branch}", commit)


def _resolve(bare: Path, name: str) -> str | None:
    try:
        return _git(bare, "rev-parse", "--quiet", "--verify", name).strip()
    except CommandError:
        return None


def _git(bare: Path, *arguments: str, work_tree: Path | None = None) -> str:
    place = ["--git-dir", str(bare), *(["--work-tree", str(work_tree)] if work_tree else [])]
    # The user's settings must not reach in: hooks, signing and line endings would change what is published.
    environment = {
        **_AUTHOR,
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_SYSTEM": "/dev/null",
        "GIT_INDEX_FILE": str(bare / "index"),
    }
    return run(
        ["git", *_SETTINGS, *place, *arguments],
        timeout_seconds=_WITHIN,
        environment=environment,
        folder=work_tree or bare,
    )
