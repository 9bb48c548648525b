"""Worlds: seeded universes for the twins, each with a product, its past, people and issues."""
