/**
 * What a message says in one piece of text: for previews, quotes, labels, announcements and notices.
 */
import type { Body, Id, Message, Notice, Ticks } from "parlour-client";
import type { Locale } from "../i18n/locale.js";

/** Gives a user's name as it is to be shown now. */
export type NameOf = (user: Id) => string;

export function messageText(message: Message, locale: Locale, nameOf: NameOf): string {
  const { content } = message;
  if ("deleted" in content) return locale.translate("message.deleted");
  if ("notice" in content) return noticeText(content.notice, message.author, locale, nameOf);
  return bodyText(content.body, locale);
}

export function bodyText(body: Body, { translate }: Locale): string {
  switch (body.type) {
    case "text": return body.text;
    case "custom": return translate("message.custom", { name: body.name });
    case "system": return translate("notice.system", { code: body.code });
    case "opaque": return translate("message.unsupported");
  }
}

export function noticeText(notice: Notice, by: Id, locale: Locale, nameOf: NameOf): string {
  const { translate } = locale;
  const author = nameOf(by);
  switch (notice.kind) {
    case "chat_created": return translate("notice.chatCreated", { author });
    case "members_added": return translate("notice.membersAdded", { author, names: locale.list(notice.users.map(nameOf)) });
    case "member_removed":
      return notice.user === by
        ? translate("notice.memberLeft", { author })
        : translate("notice.memberRemoved", { author, name: nameOf(notice.user) });
    case "role_changed": return translate(roleSentence[notice.role], { author, name: nameOf(notice.user) });
    case "chat_changed":
      return notice.title === undefined
        ? translate("notice.changed", { author })
        : translate("notice.renamed", { author, title: notice.title });
    default:
      // A server that is newer than this page has more kinds.
      return translate("message.unsupported");
  }
}

const roleSentence = { owner: "notice.roleOwner", admin: "notice.roleAdmin", member: "notice.roleMember" } as const;

/** Whether a message is one of the lines in the middle, which nobody wrote. */
export function isNoticeMessage({ content }: Message): boolean {
  return "notice" in content || ("body" in content && content.body.type === "system");
}

/** “Delivered”, as a label of the ticks. */
export function ticksText(state: Ticks["state"], { translate }: Locale): string {
  return translate(`message.${state}`);
}

/** A text cut for a quote or a preview, on one line. */
export function excerpt(text: string, charactersMax = 140): string {
  const line = text.replace(/\s+/g, " ").trim();
  const characters = [...line.slice(0, (charactersMax + 1) * 2)];
  return characters.length > charactersMax ? `${characters.slice(0, charactersMax - 1).join("")}…` : line;
}
