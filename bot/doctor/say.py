"""Every sentence of `baro doctor`: what it found, and whose turn it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from runner.adapters.agents.diagnosis import Diagnosis
from runner.adapters.github.survey import HookFacts
from runner.domain.allowance import Allowance
from runner.domain.isolation import SandboxLevel
from runner.errors import BaroError
from runner.voice import isolation
from runner.voice.allowance import size

from .finding import Finding, State, failed, ok, skipped, warning

FIRST_THE_APP = "Not to be known before the line `app` is in order."
PERMISSIONS_PAGE = "On the App's settings page, under *Permissions & events*, "


def settings(problems: Sequence[str]) -> list[Finding]:
    if not problems:
        return [ok("settings", "All settings are in order.")]
    where = "In the environment, or in baro.env in the working directory; README.md has the table of all settings."
    *most, last = (problem if problem.endswith("?") else f"{problem}." for problem in problems)
    return [*(failed("settings", problem) for problem in most), failed("settings", last, where)]


def unexpected(name: str, error: BaroError) -> Finding:
    """A reason that is an error of ours is said in its own words."""
    sentence = f"{error} ({' '.join(error.evidence.split())[:300]})" if error.evidence else str(error)
    return failed(name, sentence, error.hint)


# --- this machine ------------------------------------------------------------------------------------------------


def home(path: Path, problem: str) -> Finding:
    if problem:
        hint = "Make the directory writable for the user baro runs as, or set BARO_HOME to another one."
        return failed("home", f"{path} cannot be written: {problem}.", hint)
    return ok("home", f"{path} is writable.")


def disk(path: Path, left: int, spare: int) -> Finding:
    said, hint = f"{size(left)} are free at {path}.", "Make room, or set BARO_HOME to a directory on another volume."
    if left < spare:
        return failed("disk", f"{said} Agents are stopped while it is less than {size(spare)}.", hint)
    return warning("disk", said, hint) if left < 5 * spare else ok("disk", said)


def git(version: str) -> Finding:
    return ok("git", f"{version} is new enough.")


def limits(allowance: Allowance) -> Finding:
    said = f"An agent may use {size(allowance.memory)} of memory and write {size(allowance.disk)} to disk."
    return ok("limits", said, "BARO_AGENT_MEMORY and BARO_AGENT_DISK change that.")


def sandbox(level: SandboxLevel) -> Finding:
    match level.level:
        case "full":
            return ok("sandbox", "Level full: every attempt to break out of it failed.")
        case "degraded":
            return warning("sandbox", f"Level degraded: {isolation.found(level.reasons)}.")
        case "none":
            hint = "Right only where the machine is isolation enough; otherwise remove BARO_SANDBOX."
            return warning("sandbox", "Level none: agents run as the user baro runs as (BARO_SANDBOX=none).", hint)


def network(level: SandboxLevel, mode: str) -> Finding:
    if level.level == "full":
        return ok("network", f"Agents reach what BARO_NETWORK={mode} allows, and nothing else.")
    hint = "Run runners where only GitHub, the model provider and package registries can be reached."
    return warning("network", "Agents reach whatever this machine can reach.", hint)


def dependencies(sharing: str) -> Finding:
    how = {
        "overlay": "shown to later stories without a copy (overlay)",
        "copies": "copied for later stories (the sandbox has no overlays here)",
        "portable": "copied for later stories as far as it names no path (there is no sandbox)",
    }
    return ok("dependencies", f"What a story installs is {how[sharing]}.")


# --- agents ------------------------------------------------------------------------------------------------------


def agent(found: Diagnosis, *, wanted: bool) -> Finding:
    name = f"agent.{found.name}"
    if found.problem:
        state: State = "failed" if wanted else "skipped"
        return Finding(name, state, found.problem, found.hint if wanted else f"Where it is wanted: {found.hint}")
    version = f" {found.version}" if found.version else ""
    access = {"key": ", with a key", "signed-in": ", signed in", "": ""}[found.access]
    return ok(name, f"{found.program}{version}{access}.")


def none_usable() -> Finding:
    return failed("agent", "No coding agent can be used on this machine.", "One of those below is enough.")


def chosen(title: str, setting: str) -> Finding:
    return ok("agent", f"`{title}` does the work (BARO_AGENT={setting}).")


# --- Redis -------------------------------------------------------------------------------------------------------


def redis(warnings: Sequence[str], version: str) -> Finding:
    if warnings:
        return warning("redis", f"Redis {version} takes writes, but: {' '.join(warnings)}")
    return ok("redis", f"Redis {version} takes writes, keeps them and forgets nothing.")


def redis_away(error: BaroError) -> Finding:
    hint = "Start it, or correct REDIS_URL; without REDIS_URL `baro up` brings a Redis of its own."
    return failed("redis", f"{error} {error.evidence}".strip(), hint)


def embedded(program: str) -> Finding:
    hint = "`baro web` and `baro runner` by themselves need REDIS_URL."
    return ok("redis", f"REDIS_URL is not set: `baro up` starts its own ({program}).", hint)


# --- GitHub ------------------------------------------------------------------------------------------------------


def github(url: str) -> Finding:
    return ok("github", f"{url} answers.")


def github_away(url: str, error: BaroError) -> Finding:
    hint = "Is this machine online, and GITHUB_API_URL right? https://www.githubstatus.com says how GitHub is."
    return failed("github", f"{url} does not answer: {' '.join(error.evidence.split())[:300]}.", hint)


def clock(ahead: float, state: State) -> Finding:
    if state == "ok":
        return ok("clock", "This machine's clock agrees with GitHub's.")
    way = "ahead of" if ahead > 0 else "behind"
    hint = "Set it by NTP (`timedatectl set-ntp true`): GitHub refuses the App's signature when it is too far off."
    return Finding("clock", state, f"This machine's clock is {abs(ahead):.0f} s {way} GitHub's.", hint)


def clock_unknown() -> Finding:
    return skipped("clock", "Not to be known before GitHub answers.")


def no_app() -> Finding:
    hint = "Register a GitHub App (README.md, *Install it*), then set GITHUB_APP_ID, GITHUB_PRIVATE_KEY_FILE and "
    return failed("app", "There is no App yet.", f"{hint}GITHUB_WEBHOOK_SECRET.")


def app(slug: str, owner: str) -> Finding:
    return ok("app", f"{slug} of {owner}.")


def app_unknown(error: BaroError) -> Finding:
    return failed("app", str(error), error.hint or "Check GITHUB_APP_ID and the private key.")


def permissions(missing: Sequence[str], extra: Sequence[str]) -> Finding:
    if missing:
        hint = f"{PERMISSIONS_PAGE}grant them; then every account that installed it accepts that."
        return failed("permissions", f"The App lacks {', '.join(missing)}.", hint)
    if extra:
        hint = f"{PERMISSIONS_PAGE}set them to *No access*."
        return warning("permissions", f"The App has more than baro needs: {', '.join(extra)}.", hint)
    return ok("permissions", "The App has what baro needs and no more.")


def events(missing: Sequence[str], extra: Sequence[str]) -> Finding:
    if missing:
        hint = f"{PERMISSIONS_PAGE}subscribe to them."
        return failed("events", f"GitHub does not tell baro of {', '.join(missing)}.", hint)
    if extra:
        hint = f"{PERMISSIONS_PAGE}they can be unticked."
        return ok("events", f"GitHub also sends {', '.join(extra)}, which baro passes over.", hint)
    return ok("events", "GitHub tells baro of all it listens to.")


def installations(
    served: Sequence[str], others: Sequence[str], lagging: Sequence[str], asleep: Sequence[str]
) -> Finding:
    if not served and not others:
        return warning("installations", "The App is installed nowhere.", "Install it where baro is to work.")
    parts, hints = [f"Served: {', '.join(served) or 'nobody'}."], []
    if others:
        parts.append(f"Not served: {', '.join(others)}.")
        hints.append("BARO_ALLOWED_ACCOUNTS says whom baro serves.")
    if lagging:
        parts.append(f"Permissions not accepted: {', '.join(lagging)}.")
        hints.append("An owner of each accepts them on the installation's page.")
    if asleep:
        parts.append(f"Suspended: {', '.join(asleep)}.")
        hints.append("An owner of each can resume it.")
    state: State = "warning" if lagging or asleep or not served else "ok"
    return Finding("installations", state, " ".join(parts), " ".join(hints))


def webhook(hook: HookFacts, expected: str) -> Finding:
    page = "On the App's settings page, under *Webhook*, "
    if not hook.url:
        return failed(
            "webhook", "The App has no webhook URL.", f"{page}enter {expected or 'https://…/webhooks/github'}."
        )
    if expected and hook.url != expected:
        said = f"GitHub delivers to {hook.url}, but baro listens at {expected}."
        return failed("webhook", said, f"{page}enter that address, or correct BARO_PUBLIC_URL.")
    if hook.content_type != "json":
        return failed("webhook", "GitHub does not deliver JSON.", f"{page}choose application/json.")
    if not hook.secret:
        return failed("webhook", "The webhook has no secret.", f"{page}enter what GITHUB_WEBHOOK_SECRET says.")
    return _delivered(hook)


def _delivered(hook: HookFacts) -> Finding:
    match hook.last_status:
        case None:
            return ok("webhook", f"GitHub delivers to {hook.url}; it has not had to yet.")
        case 401:
            hint = "GITHUB_WEBHOOK_SECRET and the secret on the App's settings page differ."
            return failed("webhook", f"{hook.url} answered the last delivery with 401.", hint)
        case status if 200 <= status < 300 and hook.verified:
            return ok("webhook", f"GitHub delivers to {hook.url}; the last delivery was answered with {status}.")
        case status if 200 <= status < 300:
            return warning(
                "webhook", f"GitHub does not check the certificate of {hook.url}.", "Enable SSL verification."
            )
        case 0:
            return failed(
                "webhook", f"GitHub could not reach {hook.url}.", "Is `baro web` running, and the proxy before it?"
            )
        case status:
            hint = "*Recent Deliveries*, on the App's settings page under *Advanced*, shows what it said."
            return warning("webhook", f"{hook.url} answered the last delivery with {status}.", hint)


def later(*names: str) -> list[Finding]:
    return [skipped(name, FIRST_THE_APP) for name in names]
