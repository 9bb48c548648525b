"""The verbs: short async stories that join policy to adapters."""
