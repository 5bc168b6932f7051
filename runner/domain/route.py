"""Who does what: every role and every tier of stories has routes, `backend` or `backend:model`, the best one first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, get_args

from msgspec import Struct

from .text import clip, code, did_you_mean, one_line

Purpose = Literal["intake", "plan", "critic", "surgeon", "light", "standard", "heavy"]
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
"""the roles that ask one question, then the tiers of stories"""
Routing = dict[Purpose, tuple[str, ...]]

AUTO = "auto"
"""the route that means: whatever can be used"""
ALLOW = "allow"
"""in the operator's setting: what repositories may choose"""
MAX_ROUTES = 8

_ROUTE = re.compile(r"[a-z][a-z0-9_-]{0,31}(:[A-Za-z0-9][\w./:@+\[\]-]{0,99})?")
"""A model's name ends up on a command line, so it begins with a letter or a digit."""


class Choice(Struct, frozen=True):
    """The backends there are, and the routes a repository may name; None: any that is well-formed."""

    known: tuple[str, ...] | None = None
    allowed: tuple[str, ...] | None = None
    """`claude` allows every model of it, `claude:haiku` that one only"""

    def problems(self, route: object) -> Iterator[str]:
        """Why a route cannot be taken, as the rest of a sentence that begins with where it stands."""
        if not isinstance(route, str) or not _ROUTE.fullmatch(route):
            yield f"{_shown(route)} is not `backend` or `backend:model`"
            return
        backend, _, model = route.partition(":")
        names = (AUTO, *(self.known or ()))
        if self.known is not None and backend not in names:
            yield f"{code(backend)} is none of {', '.join(names)}{did_you_mean(backend, names)}"
        elif backend == AUTO and model:
            yield f"{code(route)} names a model of nobody's: write `backend:model`"
        elif self.allowed is not None and not {route, backend} & {AUTO, *self.allowed}:
            allowed = ", ".join(map(code, self.allowed))
            yield f"{code(route)} is not among what whoever runs this baro allows: {allowed}"


ANY = Choice()


class Wishes(Struct, frozen=True):
    """What the operator's setting says."""

    routing: Routing = {}
    allowed: tuple[str, ...] | None = None


def read_routing(wishes: Mapping[object, object], choice: Choice, problems: list[str], under: str = "") -> Routing:
    """A mapping of roles and tiers to a route or a list of them, as strict as it can be; problems are added."""
    routing: Routing = {}
    for name, wish in wishes.items():
        purpose = next((purpose for purpose in PURPOSES if purpose == name), None)
        if purpose is None:
            hint = did_you_mean(str(name), PURPOSES) or f" (there are {', '.join(PURPOSES)})"
            problems.append(f"{_shown(f'{under}{name}')} is no role or tier{hint}")
        else:
            routing[purpose] = read_routes(wish, code(under + purpose), choice, problems)
    return routing


def read_routes(wish: object, where: str, choice: Choice, problems: list[str]) -> tuple[str, ...]:
    routes = wish if isinstance(wish, list) else [wish]
    if not 1 <= len(routes) <= MAX_ROUTES:
        problems.append(f"{where} must name 1 to {MAX_ROUTES} routes, not {len(routes)}")
    problems += [f"{where}: {problem}" for route in routes for problem in choice.problems(route)]
    return tuple(dict.fromkeys(map(str, routes)))


def read_wishes(text: str, choice: Choice) -> tuple[Wishes, tuple[str, ...]]:
    """`light=claude:haiku; heavy=claude:opus|codex; allow=claude|codex`, with every problem there is."""
    problems: list[str] = []
    pairs: dict[object, object] = {}
    for part in filter(None, map(str.strip, text.split(";"))):
        name, equals, routes = part.partition("=")
        if not equals:
            problems.append(f"{_shown(part)} is not like light=claude:haiku")
        elif name.strip() in pairs:
            problems.append(f"{_shown(name)} is given twice")
        else:
            pairs[name.strip()] = [route.strip() for route in routes.split("|")]
    allow = pairs.pop(ALLOW, None)
    allowed = None if allow is None else read_routes(allow, code(ALLOW), choice, problems)
    return Wishes(read_routing(pairs, choice, problems), allowed), tuple(problems)


def settle(wished: Routing, agent: str, operators: Routing, auto: Iterable[str]) -> Routing:
    """The routes of every role and tier, from what has most authority on it: what the repository wishes for it, the one
    agent it wishes for everything, what the operator says about it; `auto` is what else the operator has."""
    own = () if agent == AUTO else (agent,)
    return {
        purpose: _spelt_out(wished.get(purpose) or own or operators.get(purpose) or (AUTO,), auto)
        for purpose in PURPOSES
    }


def _spelt_out(routes: Iterable[str], auto: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one for route in routes for one in (auto if route == AUTO else (route,))))


def _shown(value: object) -> str:
    return code(clip(one_line(str(value), 200), 40))
