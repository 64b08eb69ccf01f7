/**
 * Makes the emoji picker work where the page's policy forbids inline styles.
 *
 * The picker fills a `<style>` element and `style` attributes; both do the same through the CSSOM, which the policy allows.
 * If a new version of the picker is written differently the build stops, so that nobody ships a picker without its looks.
 */
import type { Plugin } from "vite";

const replacements = [
  {
    from: /const style = document\.createElement\('style'\);\s*style\.textContent = ([^;]+);\s*this\.shadowRoot\.appendChild\(style\);/,
    to: "const sheet = new CSSStyleSheet(); sheet.replaceSync($1); this.shadowRoot.adoptedStyleSheets = [sheet];",
  },
  {
    from: /targetNode\.setAttribute\(attributeName, newValue\);/,
    to: "if (attributeName === 'style') { targetNode.style.cssText = newValue; } else { targetNode.setAttribute(attributeName, newValue); }",
  },
];

export function emojiPickerUnderStrictCsp(): Plugin {
  return {
    name: "emoji-picker-under-strict-csp",
    transform(code, id) {
      if (!/emoji-picker-element\/picker\.js/.test(id)) return null;
      return { code: replacements.reduce(replaceOnce, code), map: null };
    },
  };
}

function replaceOnce(code: string, { from, to }: { from: RegExp; to: string }): string {
  if (!from.test(code)) throw new Error(`emoji-picker-element has changed: ${from} is not in it any more`);
  return code.replace(from, to);
}
