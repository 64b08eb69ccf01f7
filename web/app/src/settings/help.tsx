/**
 * What the keyboard can do.
 */
import { useLocale } from "../context.js";
import type { SentenceKey } from "../i18n/sentences.js";
import { Page } from "../ui/page.js";

type Plain = Extract<SentenceKey, `help.${string}`>;

/** Keys joined by “+” are pressed together; several entries are alternatives. */
const sections: readonly { title: Plain; shortcuts: readonly [keys: readonly string[], what: Plain][] }[] = [
  {
    title: "help.everywhere",
    shortcuts: [
      [["Ctrl+K"], "help.search"],
      [["Alt+N"], "help.newChat"],
      [["Alt+↓"], "help.nextChat"],
      [["Alt+↑"], "help.previousChat"],
      [["Alt+Shift+↓"], "help.nextUnread"],
      [["Alt+M"], "help.focusMessages"],
      [["Alt+C"], "help.focusComposer"],
      [["Alt+End"], "help.latest"],
      [["Alt+,"], "help.settings"],
      [["?"], "help.help"],
      [["Esc"], "help.escape"],
    ],
  },
  { title: "help.inList", shortcuts: [[["↑", "↓"], "help.move"], [["Home", "End"], "help.firstLast"]] },
  {
    title: "help.inMessages",
    shortcuts: [
      [["↑", "↓"], "help.move"],
      [["Home", "End"], "help.firstLast"],
      [["Enter"], "help.openMenu"],
      [["R"], "help.reply"],
      [["C"], "help.copy"],
      [["E"], "help.edit"],
      [["Delete"], "help.delete"],
    ],
  },
  {
    title: "help.inComposer",
    shortcuts: [
      [["Enter", "Ctrl+Enter"], "help.send"],
      [["Shift+Enter"], "help.newLine"],
      [["↑"], "help.editLast"],
      [["Alt+E"], "help.emoji"],
    ],
  },
];

export function Help() {
  const { translate } = useLocale();
  return (
    <Page title={translate("help.title")} back={{ page: "home" }} isText>
      {sections.map((section) => (
        <section key={section.title}>
          <h2>{translate(section.title)}</h2>
          <dl class="shortcuts">
            {section.shortcuts.map(([keys, what]) => (
              <div key={what}>
                <dt dir="ltr">{keys.map((key) => <Keys key={key} together={key} />)}</dt>
                <dd>{translate(what)}</dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
    </Page>
  );
}

function Keys({ together }: { together: string }) {
  return <span class="keys">{together.split("+").map((key) => <kbd key={key}>{key}</kbd>)}</span>;
}
