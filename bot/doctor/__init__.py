"""`nightshift doctor`: what is missing here and at GitHub, and the step that mends it."""

from bot.doctor.doctor import Scope, doctor
from bot.doctor.part import Health, Lack, Part

__all__ = ["Health", "Lack", "Part", "Scope", "doctor"]
