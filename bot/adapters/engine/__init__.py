"""Durable execution: the only package that knows DBOS."""

from bot.adapters.engine.engine import Engine
from bot.adapters.engine.outcome import Json
from bot.adapters.engine.rows import Work, WorkState
from bot.adapters.engine.settings import EngineSettings, Queue, Retry

__all__ = ["Engine", "EngineSettings", "Json", "Queue", "Retry", "Work", "WorkState"]
