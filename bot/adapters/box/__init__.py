"""The box: where every command of an agent and every byte of a product under test runs."""

from bot.adapters.box.box import Box, BoxProcess, BoxResult, Layer
from bot.adapters.box.client import LauncherConfig, LauncherHandle, spawn_launcher
from bot.adapters.box.limits import Limits
from bot.adapters.box.pool import BoxPool, BoxSettings

__all__ = [
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
