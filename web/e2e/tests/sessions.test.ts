/** Logging in and out, on several devices. */
import assert from "node:assert/strict";
import { fill } from "../src/filling.js";
import type { Person } from "../src/person.js";
import { Account } from "../src/rest.js";
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

/** Holds back all frames of a page, and the timers beside them, which stand in for frames where nobody sees the page. Gives what lets them go. */
async function holdFrames({ page }: Person): Promise<() => Promise<void>> {
  await page.evaluate(() => {
    const held: FrameRequestCallback[] = [];
    const setNow = window.setTimeout.bind(window);
    let isBeside = false;
    window.requestAnimationFrame = (run) => {
      isBeside = true;
      queueMicrotask(() => {
        isBeside = false;
      });
      return held.push(run);
    };
    window.setTimeout = ((run: () => void, ms?: number) => {
      const timer = isBeside ? held.push(run) : setNow(run, ms);
      isBeside = false;
      return timer;
    }) as typeof setTimeout;
    // Frames that are asked for by those come at once.
    Object.assign(window, {
      letFramesGo() {
        for (let run = held.shift(); run; run = held.shift()) run(performance.now());
        window.requestAnimationFrame = (run) => setNow(() => run(performance.now()));
        window.setTimeout = setNow as typeof setTimeout;
      },
    });
  });
  return () => page.evaluate(() => (window as unknown as { letFramesGo(): void }).letFramesGo());
}

/** Waits until nothing of whoever was signed in is in the browser's store any more; what comes after that in the page has seen it. */
function forgets({ page }: Person): Promise<void> {
  return page.evaluate(async () => {
    const done = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const store = await done(indexedDB.open("parlour"));
    while ((await done(store.transaction("users").objectStore("users").count())) > 0);
    store.close();
  });
}

scene("a page that one has logged out of is drawn without an error until its next frame, which shows the door", async (stage) => {
  const ann = await stage.person("Ann");
  const { page } = ann;
  await ann.goTo("#/settings");
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Log out" }).focus();
  const letFramesGo = await holdFrames(ann);
  await page.keyboard.press("Enter");
  await forgets(ann);
  // A letter in a field, and a key, which draws what has changed at once.
  await page.getByLabel("Display name").evaluate((field: HTMLInputElement) => {
    field.value = "Annette";
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.dispatchEvent(new KeyboardEvent("keydown", { key: "Shift", bubbles: true }));
  });
  assert.equal(await page.getByLabel("Display name").count(), 1, "the frame has not come yet");
  await letFramesGo();
  await ann.isOut();
});

scene("a link to an old message leads there when one has logged in", async (stage) => {
  const [ann, bob] = await Promise.all([stage.visitor("Ann"), stage.account("Bob")]);
  const account = await Account.register(stage.server.url, ann.identity);
  const chat = await bob.direct(account.id);
  await fill(bob, chat, Array.from({ length: 300 }, (_, index) => `line ${index}`));
  const old = (await account.history(chat))[40];
  assert(old?.body?.text);
  await ann.goTo(`#/chat/${chat}/message/${old.seq}`);
  await ann.page.reload();
  await ann.login();
  await ann.page.waitForFunction((seq) => document.activeElement?.getAttribute("data-seq") === seq, String(old.seq));
  const line = ann.message(old.body.text);
  assert(await line.evaluate((row) => {
    const [box, view] = [row.getBoundingClientRect(), row.closest(".history")?.getBoundingClientRect()];
    return view !== undefined && box.top >= view.top && box.bottom <= view.bottom;
  }), "the message is in view");
  assert.match(ann.page.url(), new RegExp(`#/chat/${chat}/message/${old.seq}$`));
});
