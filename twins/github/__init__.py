"""A behavioural clone of GitHub: state first, webhooks derived from what changes.

    python -m twins.github --port 0 --state DIR      one JSON line on stdout when ready

Served at `/` and at `/api/v3`; git at `/{owner}/{repo}[.git]`; pages for people at the html_urls.
Besides the routes of `twins.core` (`health reset clock faults journal`) there are, below `/_twin/`:

    POST seed           users, apps, repos, installations; answers ids, tokens and keys
    POST hook           {"app": slug, "url": ..., "secret": ...}: where an App's events go, pinged
    GET  deliveries     the whole log; ?settle=SECONDS waits until nothing is pending
    POST tokens/expire  age every installation token while the clock stays
    POST rate_limit     {"limit": n}: a fresh hour of n calls for everybody

Where to look: `state` the nouns, `*_changes` and `pushes` what can happen to them, `events` and
`webhooks` how that is told, `bodies` how it is shown, `access` and `auth` who may, `transport` what
surrounds every answer, `pages` and `manifests` what people click through; every other module is one
noun's table of routes.

Not modelled: forks, protection and rules, GraphQL, milestones, teams, projects, releases, Actions,
secondary rate limits (plan a fault instead), repository hooks.
"""
