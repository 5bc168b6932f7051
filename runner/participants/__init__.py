"""The roster: every role that sits in a run, listed by hand. A new role is one file and one line here."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from runner.bus import Roster
from runner.ports import Agents, Checks, Clock, Comments, Pulls, RunInbox, Workspace

from .auditor import Auditor
from .cartographer import Cartographer
from .checkpointer import Checkpointer
from .clock import ClockHand
from .conductor import Conductor
from .critic import Critic
from .doorman import Doorman
from .intake import IntakeHand
from .librarian import Librarian
from .oneshot import OneShot
from .operator import Operator
from .planner import PlannerHand
from .publisher import Publisher
from .sentry import Sentry
from .story_agent import StoryAgent
from .story_factory import StoryFactory
from .surgeon import Surgeon
from .verifier import Verifier
from .view import View


@dataclass(frozen=True)
class World:
    """Everything the participants of any run need from outside. `comment_interval` in seconds."""

    clock: Clock
    inbox: RunInbox
    workspace: Workspace
    agents: Agents
    checks: Checks
    comments: Comments
    pulls: Pulls
    comment_interval: float = 3.0
    verifying: asyncio.Lock = field(default_factory=asyncio.Lock)
    """held by the one check that runs on this host"""


def seat(world: World) -> Roster:
    """The participants of one run, fresh, knowing nothing: the journal tells them."""
    view = View()
    oneshot = OneShot(view, world.workspace, world.agents)
    factory = StoryFactory(view, world.workspace, world.agents)
    return Roster(
        minds=[Conductor(), Librarian(), Sentry(), Auditor(), Cartographer()],
        hands=[
            Operator(view, world.workspace),
            Checkpointer(view, world.workspace, world.clock),
            IntakeHand(view, oneshot),
            PlannerHand(view, oneshot),
            factory,
            Critic(view, oneshot),
            Surgeon(view, oneshot),
            Verifier(view, world.workspace, world.checks, world.verifying),
            StoryAgent(factory, world.agents, world.clock),
            Publisher(view, world.comments, world.pulls, world.workspace, world.clock, interval=world.comment_interval),
            ClockHand(world.clock),
        ],
        listeners=[Doorman(view, world.inbox)],
        hearers=[view],
    )
