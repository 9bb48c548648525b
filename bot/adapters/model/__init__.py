"""The Messages API: one call, metered and bounded. The only importer of anthropic."""

from bot.adapters.model.client import Model, Models, Reply, worst_case

__all__ = ["Model", "Models", "Reply", "worst_case"]
