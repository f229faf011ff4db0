"""Keys: who may ask. A file holds names, roles and digests of keys, never a key.

A key is 256 random bits, so one round of SHA-256 is enough: there is nothing to guess from a digest. A role may do what
the roles before it may do.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import StringConstraints

from medenc.core.errors import MedencError
from medenc.core.files import read_json, write_json
from medenc.core.options import Options

Role = Literal["read", "write", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)

PREFIX = "medenc-"
SECRET_BYTES = 32


class Key(Options):
    """One line of the file."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
    role: Role
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Keys(Options):
    """All keys that a server knows."""

    keys: tuple[Key, ...]

    def role_of(self, token: str) -> Role | None:
        """The role of whoever sends `token`; every key is compared, each in constant time."""
        sent = _digest(token)
        found = [key.role for key in self.keys if hmac.compare_digest(sent, key.sha256)]
        return found[0] if found else None


def may(role: Role, needed: Role) -> bool:
    """Whether a role includes another one."""
    return ROLES.index(role) >= ROLES.index(needed)


def read_keys(path: Path) -> Keys:
    """The keys of a file. Raises: MedencError when there are none, or when others than its owner may read it."""
    keys = Keys.parse(read_json(path), str(path))
    if not keys.keys:
        raise MedencError("there is no key in it", where=path, hint=f"medenc key {path} --name NAME --role read")
    if path.stat().st_mode & 0o077:
        raise MedencError("others on this machine may read or change it", where=path, hint=f"chmod 600 {path}")
    return keys


def add_key(path: Path, name: str, role: Role) -> str:
    """Make a key, add its digest to the file (a new one if there is none) and return the key, which is kept nowhere."""
    known = read_keys(path).keys if path.exists() else ()
    if any(key.name == name for key in known):
        raise MedencError(
            f"there is a key of the name {name}", where=path, hint="remove it first, or take another name"
        )
    token = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    made = Key.parse({"name": name, "role": role, "sha256": _digest(token)}, "--name")
    _write(path, (*known, made))
    return token


def remove_key(path: Path, name: str) -> None:
    """Take a key out of the file. Raises: MedencError when it is not there."""
    known = read_keys(path).keys
    rest = tuple(key for key in known if key.name != name)
    if len(rest) == len(known):
        raise MedencError(f"there is no key of the name {name}", where=path)
    _write(path, rest)


def _write(path: Path, keys: tuple[Key, ...]) -> None:
    write_json(path, Keys(keys=keys).model_dump(mode="json"))
    path.chmod(0o600)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
