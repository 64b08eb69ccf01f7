/**
 * What the text in the field is going to be: a message, an answer, or a change; shown above the field.
 */
import type { Message } from "parlour-client";
import { useLocale } from "../context.js";
import { useName } from "../names.js";
import { Icon } from "../ui/icon.js";
import { QuoteText } from "./message-parts.js";

export type Intent = { kind: "write" } | { kind: "reply"; message: Message } | { kind: "edit"; message: Message };

export function ComposerContext({ intent, onStop }: { intent: Intent; onStop: () => void }) {
  if (intent.kind === "write") return null;
  return <IntentLine intent={intent} onStop={onStop} />;
}

function IntentLine({ intent, onStop }: { intent: Exclude<Intent, { kind: "write" }>; onStop: () => void }) {
  const { translate } = useLocale();
  const name = useName(intent.message.author);
  const isReply = intent.kind === "reply";
  return (
    <div class="composer-context">
      <Icon name={isReply ? "reply" : "pencil"} />
      <div class="grow">
        <p class="composer-context-title">{isReply ? translate("composer.replying", { name }) : translate("composer.editing")}</p>
        <p class="composer-context-text"><QuoteText original={intent.message} /></p>
      </div>
      <button type="button" class="icon-button tiny" aria-label={translate(isReply ? "composer.cancelReply" : "composer.cancelEdit")} onClick={onStop}>
        <Icon name="close" />
      </button>
    </div>
  );
}
