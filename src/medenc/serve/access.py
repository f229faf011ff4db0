"""Access: which role a path needs, decided before anything of the request but its headers is read."""

from __future__ import annotations

from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from medenc.serve.errors import problem
from medenc.serve.keys import Keys, Role, may
from medenc.serve.service import Service

OPEN = ("/", "/livez", "/readyz")  # the page itself holds no data: its script asks for a key
OPEN_FOLDER = "/static/"
NEEDS: dict[str, Role] = {"/metrics": "admin", "/v1/reload": "write"}


def needed(path: str) -> Role | None:
    """The least role that may use a path; None is everybody. What nobody thought of needs a key, too."""
    if path in OPEN or path.startswith(OPEN_FOLDER):
        return None
    return NEEDS.get(path, "read")


class Access:
    """Middleware: without the right key nothing goes further than here."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self.app, self.service = app, service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        keys = self.service.generation.served.keys
        if scope["type"] != "http" or keys is None or (refused := _refused(scope, keys)) is None:
            await self.app(scope, receive, send)
        else:
            status, code, message = refused
            # The body was not read, so the connection cannot be used again.
            headers = {"www-authenticate": "Bearer", "connection": "close"}
            await problem(status, code, message, "authorization", headers)(scope, receive, send)


def _refused(scope: Scope, keys: Keys) -> tuple[HTTPStatus, str, str] | None:
    role = needed(scope["path"])
    if role is None:
        return None
    kind, _, token = Headers(scope=scope).get("authorization", "").partition(" ")
    held = keys.role_of(token.strip()) if kind.lower() == "bearer" else None
    if held is None:
        return HTTPStatus.UNAUTHORIZED, "no_key", "send a key that this server knows: Authorization: Bearer KEY"
    if not may(held, role):
        return HTTPStatus.FORBIDDEN, "wrong_role", f"a key of the role {role} is needed"
    return None
