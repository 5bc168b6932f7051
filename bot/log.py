"""Logs: one JSON line each on stderr, or pretty on a terminal; with the ids of their context and without secrets.

Bind ids with `structlog.contextvars.bound_contextvars(delivery=…, run=…, story=…)`; every line written inside has
them. What libraries log (uvicorn, arq) takes the same road.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterable
from typing import Any, Literal

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from runner.domain.policy import Gate

Secrets = Callable[[], Iterable[str]]
"""The exact values to hide, asked anew for every line: tokens come and go."""

_QUIET = ("httpx", "httpcore", "arq")
"""Libraries whose INFO lines repeat what ours say with more context."""


def configure(style: Literal["json", "pretty"] | None, secrets: Secrets = tuple, *, level: int = logging.INFO) -> None:
    """Once per process. `style` None: pretty if stderr is a terminal, otherwise JSON."""
    pretty = style == "pretty" or (style is None and sys.stderr.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                # Tracebacks become text before redaction: a renderer of its own could show locals.
                structlog.processors.format_exc_info,
                redactor(secrets),
                *_renderer(pretty),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))


def redactor(secrets: Secrets) -> Processor:
    """A processor that hides secrets in every string of an event, however deep."""

    def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        gate = Gate(secrets())
        return {key: _clean(value, gate) for key, value in event.items()}

    return redact


def _clean(value: Any, gate: Gate) -> Any:
    match value:
        case bool() | int() | float() | None:
            return value
        case dict():
            return {_clean(key, gate): _clean(item, gate) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_clean(item, gate) for item in value]
        case str():
            return gate.text(value)
        case _:  # what the renderer would turn into text later on, past the redaction
            return _clean(str(value) if isinstance(value, BaseException) else repr(value), gate)


def _renderer(pretty: bool) -> list[Processor]:
    if pretty:
        return [_tidy, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    return [_tidy, structlog.processors.JSONRenderer(ensure_ascii=False)]


def _tidy(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """When and what first; uvicorn's second, coloured copy of its message not at all."""
    event.pop("color_message", None)
    first = {key: event.pop(key) for key in ("timestamp", "level", "event") if key in event}
    return {**first, **event}
