"""The Messages API: one call, metered and bounded. The only importer of anthropic."""

from bot.adapters.model.client import Model, Reply, worst_case

__all__ = ["Model", "Reply", "worst_case"]
