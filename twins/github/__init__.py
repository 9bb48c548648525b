"""A behavioural clone of GitHub: state first, webhooks derived from what changes.

    python -m twins.github --port 0 --state DIR      one JSON line on stdout when ready

Served at `/` and at `/api/v3`; git at `/{owner}/{repo}[.git]`; pages for people at the html_urls;
GraphQL at `/graphql` and `/api/graphql`, where GitHub's schema has been fetched:
`python -m twins.contract.fetch @octokit/graphql-schema`. `--tls` opens a second port that speaks
HTTPS; the ready line names it and the file of the authority to trust: `"tls": {"url", "ca"}`.
gh comes in there (`GH_HOST=localhost:PORT GH_ENTERPRISE_TOKEN=... SSL_CERT_FILE=...`) or by the
plain port as its proxy (`HTTP_PROXY=http://127.0.0.1:PORT GH_HOST=github.localhost GH_TOKEN=...`).
Besides the routes of `twins.core` (`health reset clock faults journal`) there are, below `/_twin/`:

    POST seed           users, apps, repos, installations; answers ids, tokens and keys
    POST hook           {"app": slug, "url": ..., "secret": ...}: where an App's events go, pinged
    GET  deliveries     the whole log (?brief=1: a count); ?settle=SECONDS waits for the last
    POST tokens/expire  age every installation token while the clock stays
    POST app            {"app", "permissions", "events"}: what an App wants from now on
    POST accept         {"installation": id}: its account agrees to that
    POST requested_action  {"check_run": id, "identifier", "login"}: a button is pressed
    POST rate_limit     {"limit": n}: a fresh hour of n calls for everybody; with
                        {"content_per_minute": n, "status": 403 or 429} the secondary limit too

Where to look: `state` the nouns, `*_changes` and `pushes` what can happen to them, `events` and
`webhooks` how that is told, `bodies` how it is shown, `access` and `auth` who may, `transport` what
surrounds every answer, `pages` and `manifests` what people click through; every other module is one
noun's table of routes.

What it promises is in `scope.yaml`; `nightshift twin verify github` measures how it keeps that.
Not modelled: teams, projects, releases, Actions, notifications, merge queues, repository hooks.
"""
