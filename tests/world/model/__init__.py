"""A scripted model provider on loopback, which speaks what agents' command lines speak.

    async with Model() as model:
        model.on("parser", Tool("Write", {"file_path": "/workspace/a.py", "content": "x"}), Text("Done."))
        …  ANTHROPIC_BASE_URL=model.url  …  OPENAI_BASE_URL=model.openai  …

Replies name no API: the path that is asked decides on the format (one module each). Tools are those that the command
line offers, by its names.
"""

from .script import Disconnect, Error, Hang, Reply, Text, Tool
from .server import Model, Request

__all__ = ["Disconnect", "Error", "Hang", "Model", "Reply", "Request", "Text", "Tool"]
