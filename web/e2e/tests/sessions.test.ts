/** Logging in and out, on several devices. */
import assert from "node:assert/strict";
import { scene } from "../src/stage.js";

scene("a wrong password is told, the right one lets in, and logging out leaves nothing behind", async (stage) => {
  const [ann, bob] = await Promise.all([stage.person("Ann"), stage.person("Bob")]);
  await ann.talkTo(bob);
  await ann.say("a secret");
  await ann.logout();
  await ann.page.getByLabel("User name").fill(ann.identity.username);
  await ann.page.getByLabel("Password").fill("wrong password");
  await ann.page.getByRole("button", { name: "Log in", exact: true }).click();
  await ann.page.getByText("Wrong user name or password.").waitFor();
  assert.equal(await ann.page.getByText("a secret").count(), 0);
  await ann.login();
  await ann.chats().getByRole("link", { name: "Bob" }).getByText("You: a secret").waitFor();
}, { refusals: true });

scene("a device that is signed out elsewhere shows the door at once", async (stage) => {
  const ann = await stage.person("Ann");
  const other = await stage.device(ann.identity);
  await other.login();
  await ann.goTo("#/settings/devices");
  await ann.page.getByText("This device").waitFor();
  await ann.page.getByRole("button", { name: "Sign out all others" }).click();
  await other.isOut();
  await other.page.getByText("This device was signed out.").waitFor();
  await ann.page.getByText("No other device is signed in.").waitFor();
  await ann.chats().waitFor();
}, { refusals: true });
