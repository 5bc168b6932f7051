"""What the agents are told: Markdown files with strict placeholders, and one typed function for each.

The first line of a prompt says who is asked about what; the scripted backend and the logs read it. Text that people or
models wrote stands in fences that nothing inside them can close, and is called data where it stands.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from runner.domain.change import Survey
from runner.domain.mode import Intake, Mode
from runner.domain.plan import Story, Tier
from runner.domain.run import RunSpec
from runner.domain.text import fence, one_line
