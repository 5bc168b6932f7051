"""Who we are, as far as reading a payload needs it."""

from __future__ import annotations

from msgspec import Struct

from runner.domain.mode import Mode

from .payloads import Account, Via

LABEL = "baro"


class Us(Struct, frozen=True):
    """`app` is the App id or client id from the settings; `login` is `<slug>[bot]`, empty while it is unknown.

    The web process asks GitHub nothing, so it may not know the login; then only `performed_via_github_app` speaks at
    this door, and admission, which does know, turns away the rest.
    """

    app: str
    login: str = ""
    label: str = LABEL

    @property
    def mode_labels(self) -> dict[str, Mode]:
        """`baro:focused` and the like: the label, with a mode nobody else is to decide."""
        return {f"{self.label}:{mode}": mode for mode in Mode}

    def wrote(self, via: Via | None) -> bool:
        return via is not None and self.app in (str(via.id), via.client_id)

    def sent(self, sender: Account | None) -> bool:
        return sender is not None and bool(self.login) and sender.login == self.login
