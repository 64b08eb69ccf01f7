/**
 * Somebody at a browser: what one does with the page, in the words of the page, found as a screen reader would find it.
 */
import type { Locator, Page } from "playwright-core";
import type { Line } from "./line.js";
import { Account, type Identity } from "./rest.js";

export class Person {
  constructor(
    readonly page: Page,
    /** Where the page comes from. */
    private readonly home: string,
    readonly identity: Identity,
    /** What can be cut. */
    private readonly line?: Line,
  ) {}

  get name(): string {
    return this.identity.displayName;
  }

  /** Opens the page, at a place in it. */
  async goTo(hash = ""): Promise<void> {
    await this.page.goto(`${this.home}/${hash}`);
  }

  async register(): Promise<void> {
    const { page, identity } = this;
    await page.getByRole("button", { name: "New here? Create an account" }).click();
    await page.getByLabel("User name").fill(identity.username);
    await page.getByLabel("Display name").fill(identity.displayName);
    await page.getByLabel("Password").fill(identity.password);
    await page.getByRole("button", { name: "Create account", exact: true }).click();
    await this.isIn();
  }

  async login(): Promise<void> {
    const { page, identity } = this;
    await page.getByLabel("User name").fill(identity.username);
    await page.getByLabel("Password").fill(identity.password);
    await page.getByRole("button", { name: "Log in", exact: true }).click();
    await this.isIn();
  }

  async logout(): Promise<void> {
    await this.goTo("#/settings");
    await this.page.getByRole("button", { name: "Log out" }).click();
    await this.page.getByRole("dialog").getByRole("button", { name: "Log out" }).click();
    await this.isOut();
  }

  isIn(): Promise<void> {
    return this.page.getByRole("navigation", { name: "Chats" }).waitFor();
  }

  isOut(): Promise<void> {
    return this.page.getByRole("button", { name: "Log in", exact: true }).waitFor();
  }

  /** The same person, asking the server directly. */
  account(): Promise<Account> {
    return Account.login(this.home, this.identity);
  }

  /** Another page of the same browser. */
  async newTab(): Promise<Person> {
    const person = new Person(await this.page.context().newPage(), this.home, this.identity, this.line);
    await person.goTo();
    await person.isIn();
    return person;
  }

  /** Finds somebody by user name and opens the chat with them. */
  async talkTo(other: Person): Promise<void> {
    await this.page.getByRole("searchbox", { name: "Search chats and people" }).fill(other.identity.username);
    await this.chats().getByRole("button", { name: other.identity.username }).click();
    await this.composer().waitFor();
  }

  /** Opens a chat that is in the list. */
  async open(chatName: string): Promise<void> {
    await this.chats().getByRole("link", { name: chatName }).click();
    await this.composer().waitFor();
  }

  async openById(chat: string): Promise<void> {
    await this.goTo(`#/chat/${chat}`);
    await this.composer().waitFor();
  }

  /** The id of the open chat, from the address bar. */
  openChat(): string {
    const found = /#\/chat\/(\d+)/.exec(this.page.url());
    if (found?.[1] === undefined) throw new Error(`no chat is open at ${this.page.url()}`);
    return found[1];
  }

  chats(): Locator {
    return this.page.getByRole("navigation", { name: "Chats" });
  }

  composer(): Locator {
    return this.page.getByRole("textbox", { name: /^Message to / });
  }

  /** Writes a message and sends it, whatever the network is like. */
  async say(text: string): Promise<void> {
    await this.composer().fill(text);
    await this.composer().press("Enter");
    await this.message(text).waitFor();
  }

  /** The message with this text, not one that quotes it. */
  message(text: string): Locator {
    const whole = new RegExp(`^${text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`);
    return this.page.getByRole("article").filter({ has: this.page.locator(".text").filter({ hasText: whole }) });
  }

  /** The line of the conversation that says that something happened. */
  notice(text: string): Locator {
    return this.page.getByRole("log").getByText(text);
  }

  async sees(text: string): Promise<void> {
    await this.message(text).waitFor();
  }

  /** Waits until the own message has this mark. */
  async hasTicks(text: string, ticks: "Sent" | "Delivered" | "Read"): Promise<void> {
    await this.message(text).getByRole("img", { name: ticks, exact: true }).waitFor();
  }

  /** Opens the menu of a message and picks an item. */
  async pick(text: string, item: string): Promise<void> {
    await this.message(text).focus();
    await this.page.keyboard.press("Enter");
    await this.page.getByRole("menuitem", { name: item }).click();
  }

  /** Takes the network from this browser; it learns of it both ways, as it would. */
  async goOffline(): Promise<void> {
    await this.page.context().setOffline(true);
    await this.line?.cut();
    // Whatever the language.
    await this.page.locator(".banner.offline").waitFor();
  }

  async goOnline(): Promise<void> {
    await this.line?.mend();
    await this.page.context().setOffline(false);
  }
}
