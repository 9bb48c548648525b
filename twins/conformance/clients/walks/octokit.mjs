// octokit: as an App, from a filed issue to a merged pull request, over REST and GraphQL.
import { App, Octokit } from "octokit";

const { url, prefix, id, pem, installation, owner, repo, token } = JSON.parse(process.env.STAGE);
const baseUrl = url + prefix;
const quick = { baseUrl, throttle: { enabled: false }, retry: { enabled: false } };

const person = new Octokit({ ...quick, auth: token });
const filed = await person.rest.issues.create({ owner, repo, title: "It breaks", body: "badly" });
const number = filed.data.number;

const app = new App({ appId: id, privateKey: pem, Octokit: Octokit.defaults(quick) });
const known = [];
for await (const { repository } of app.eachRepository.iterator({ installationId: installation })) {
  known.push(repository.full_name);
}
const bot = await app.getInstallationOctokit(installation);
await bot.rest.issues.addLabels({ owner, repo, issue_number: number, labels: ["night"] });
await bot.rest.issues.createComment({ owner, repo, issue_number: number, body: "on it" });

const tip = await bot.rest.git.getRef({ owner, repo, ref: "heads/main" });
const sha = tip.data.object.sha;
await bot.rest.git.createRef({ owner, repo, ref: "refs/heads/fix", sha });
const made = await bot.rest.repos.createOrUpdateFileContents({
  owner, repo, path: "fix.py", branch: "fix", message: "Fix it",
  content: Buffer.from("y = 2\n").toString("base64"),
});
const head_sha = made.data.commit.sha;
await bot.rest.checks.create({ owner, repo, name: "tests", head_sha, conclusion: "success" });
const pull = await bot.rest.pulls.create({
  owner, repo, base: "main", head: "fix", title: "Fix", body: `Closes #${number}`,
});

for (let n = 0; n < 35; n += 1) await person.rest.issues.create({ owner, repo, title: `n${n}` });
const all = await bot.paginate(bot.rest.issues.listForRepo, { owner, repo, state: "all" });
const paged = await bot.graphql.paginate(
  `query($owner: String!, $repo: String!, $cursor: String) {
    repository(owner: $owner, name: $repo) {
      issues(first: 10, after: $cursor) { nodes { number } pageInfo { hasNextPage endCursor } }
    }
  }`,
  { owner, repo },
);

const q = `repo:${owner}/${repo} is:issue`;
const search = bot.rest.search.issuesAndPullRequests;
const found = await bot.paginate(search, { q, per_page: 20 });
const seen = await bot.rest.issues.get({ owner, repo, issue_number: number });
const since = { "if-modified-since": seen.headers["last-modified"] };
const again = { owner, repo, issue_number: number, headers: since };
const unchanged = await bot.rest.issues.get(again).catch((e) => e.status);

let refused = "";
try {
  await bot.graphql("{ repository(owner: \"no\", name: \"body\") { id } }");
} catch (error) {
  refused = error.errors[0].type;
}
const missing = await bot.rest.issues.get({ owner, repo, issue_number: 999 }).catch((e) => e.status);

await bot.graphql(
  `mutation($id: ID!, $head: GitObjectID!) {
    mergePullRequest(input: { pullRequestId: $id, expectedHeadOid: $head, mergeMethod: SQUASH }) {
      pullRequest { merged }
    }
  }`,
  { id: pull.data.node_id, head: head_sha },
);
console.log(JSON.stringify({
  number, known, listed: all.length, paged: paged.repository.issues.nodes.length, refused, missing,
  found: found.length, unchanged,
}));
