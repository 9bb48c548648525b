"""GraphQL over GitHub's published schema: the same nouns and the same rules as REST.

Where to look: `endpoint` the route, `engine` parsing, checks and errors, `sdl` the schema on disk,
`node` what a resolver receives; every other module is a table of fields. What changes something is
handed to the REST handler of the same name, so that permissions, refusals and events are one.

A field without a line in a table answers an error of type UNMODELLED, never a polite null.
"""
