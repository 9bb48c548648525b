"""The box: where every command of an agent and every byte of a product under test runs."""

from bot.adapters.box.box import Box, Layer
from bot.adapters.box.client import LauncherConfig, LauncherHandle, spawn_launcher
from bot.adapters.box.limits import Limits
from bot.adapters.box.parts import PARTS
from bot.adapters.box.pool import BoxPool, BoxSettings
from bot.adapters.box.process import BoxProcess, BoxResult

__all__ = [
    "PARTS",
    "Box",
    "BoxPool",
    "BoxProcess",
    "BoxResult",
    "BoxSettings",
    "LauncherConfig",
    "LauncherHandle",
    "Layer",
    "Limits",
    "spawn_launcher",
]
