// Probot: an App that answers every new issue; it says when it listens and ends by a signal.
import { Probot, Server } from "probot";

const { url, id, pem, secret } = JSON.parse(process.env.STAGE);
const server = new Server({
  port: 0,
  host: "127.0.0.1",
  Probot: Probot.defaults({ appId: id, privateKey: pem, secret, baseUrl: url, logLevel: "error" }),
});
await server.load((app) => {
  app.on("issues.opened", async (context) => {
    await context.octokit.rest.issues.createComment(context.issue({ body: "Thank you!" }));
    await context.octokit.rest.issues.addLabels(context.issue({ labels: ["seen"] }));
  });
});
const listening = await server.start();
console.log(JSON.stringify({ port: listening.address().port }));
