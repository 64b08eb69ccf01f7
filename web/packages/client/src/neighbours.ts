/** What this tab tells the others, what it makes of their news, and how it inherits what they leave behind. */

import type { Core } from "./core.js";
import type { Batch, Outgoing } from "./store.js";
import type { TabNews, Tabs } from "./tabs.js";

/** The other tabs, as one client sees them. */
export class Neighbours {
  /** The tabs whose sends this one takes over when they close. */
  private readonly inheriting = new Set<string>();

  /** `reload`: another tab has signed in or out. */
  constructor(private readonly core: Core, private readonly tabs: Tabs, private readonly reload: () => void) {
    tabs.listen((news) => this.take(news));
  }

  /** Takes note of what the others have in the store. Resolves once everything of tabs that are gone is this tab's own. */
  async restore(outbox: Outgoing[]): Promise<void> {
    const foreign = outbox.filter(({ owner }) => owner !== this.tabs.instance);
    for (const outgoing of foreign) this.core.sends.learn(outgoing.name, outgoing);
    await Promise.all(foreign.map(({ owner }) => this.inherit(owner)));
  }

  /** Tells what became of this tab's sends. */
  tell({ outbox }: Batch): void {
    for (const [name, outgoing] of outbox) this.tabs.tell({ type: "outbox", name, ...(outgoing && { outgoing }) });
  }

  private take(news: TabNews): void {
    switch (news.type) {
      case "signed_in":
      case "signed_out":
        return this.reload();
      case "draft":
        return this.core.chats.setDraft(news.chat, news.text);
      case "outbox":
        return news.outgoing ? this.learn(news.outgoing) : this.core.sends.learn(news.name, undefined);
      case "wanted":
        // What cannot be done any more has been done: the other tab sees it by the news of it.
        if (news.owner === this.tabs.instance) this.core.settle(news.what, news.name).catch(() => {});
    }
  }

  private learn(outgoing: Outgoing): void {
    this.core.sends.learn(outgoing.name, outgoing);
    void this.inherit(outgoing.owner);
  }

  /** Takes over the sends of another tab: at once if it is gone, else when it goes. Resolves when nothing can be taken over now. */
  private async inherit(owner: string): Promise<void> {
    if (owner === this.tabs.instance || this.inheriting.has(owner)) return;
    this.inheriting.add(owner);
    if (await this.tabs.isGone(owner).catch(() => false)) return this.takeOver(owner);
    this.tabs.whenGone(owner, () => void this.takeOver(owner));
  }

  /** What cannot be taken over now stays in the store, for whichever tab opens it next. */
  private takeOver(owner: string): Promise<void> {
    return this.tabs.exclusively("adopt", () => this.adopt(owner)).catch(() => {});
  }

  /** Takes over the sends of a tab that is gone. The driver is another one as soon as somebody else has signed in. */
  private async adopt(owner: string): Promise<void> {
    this.inheriting.delete(owner);
    const { driver, sends, store } = this.core;
    const { epoch, outbox } = await store.load();
    const left = outbox.filter((outgoing) => outgoing.owner === owner);
    sends.keepOf(owner, new Set(left.map(({ name }) => name)));
    if (left.length > 0) await driver.feed({ type: "adopted", epoch, outbox: left });
    if (driver === this.core.driver) sends.adopted(left);
  }
}
