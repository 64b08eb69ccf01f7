/** Links in texts: only web addresses, and never a character lost. */
import { describe, expect, test } from "vitest";
import { linkify } from "../src/conversation/linkify.js";

const links = (text: string) => linkify(text).flatMap((piece) => piece.href ?? []);

test.each([
  ["see https://example.org.", "https://example.org"],
  ["(https://example.org/a)", "https://example.org/a"],
  ["https://en.example.org/wiki/Chair_(furniture)", "https://en.example.org/wiki/Chair_(furniture)"],
  ["«https://example.org/a?b=1&c=2#d»", "https://example.org/a?b=1&c=2#d"],
  ["HTTP://EXAMPLE.ORG/X!", "HTTP://EXAMPLE.ORG/X"],
  ["انظر https://example.org/ar، شكرًا", "https://example.org/ar"],
])("%s", (text, link) => {
  expect(links(text)).toEqual([link]);
});

test.each(["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "www.example.org", "xhttps://", "https://", "https:// example.org", "ftp://example.org"])(
  "%s is no link",
  (text) => {
    expect(links(text)).toEqual([]);
  },
);

describe("whatever the text", () => {
  test.each(["", "a https://x.org/b c https://y.org, d", "<a href='https://x.org'>x</a>", "https://x.org\nhttps://y.org"])("%j stays whole", (text) => {
    expect(linkify(text).map((piece) => piece.text).join("")).toBe(text);
  });

  test("a link's address is the text that is seen", () => {
    for (const piece of linkify("https://x.org/%E2%80%AE and https://y.org/“q”")) {
      if (piece.href !== undefined) expect(piece.href).toBe(piece.text);
    }
  });
});
