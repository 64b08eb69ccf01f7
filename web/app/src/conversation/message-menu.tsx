/**
 * The menu of a message: quick reactions, reply, copy, edit, delete, who has read it, report.
 */
import type { Message } from "parlour-client";
import { useRef } from "preact/hooks";
import { useLocale } from "../context.js";
import { Icon, type IconName } from "../ui/icon.js";
import { Popover } from "../ui/popover.js";
import { moveFocus, moveFocusAlong } from "../ui/roving.js";
import type { MessageActions, Rights } from "./actions.js";

const quickReactions = ["👍", "❤️", "😂", "😮", "😢", "🙏"];

interface MessageMenuProps {
  message: Message;
  anchor: HTMLElement;
  rights: Rights;
  /** Whether it can be asked who has read it. */
  hasReceipts: boolean;
  actions: MessageActions;
  onOtherReaction: () => void;
  onReceipts: () => void;
  /** Absent for own messages. */
  onReport: (() => void) | undefined;
  onClose: () => void;
}

export function MessageMenu(props: MessageMenuProps) {
  const { message, rights, actions, onClose } = props;
  const { translate } = useLocale();
  const menu = useRef<HTMLDivElement>(null);
  const hasText = "body" in message.content && message.content.body.type === "text";
  const move = (event: KeyboardEvent) => {
    const list = menu.current;
    if (list) moveFocusAlong(event, list, "[role=menuitem]") || moveFocus(event, list, "[role=menuitem]");
  };
  // Closing first gives the focus back to the message, from where the action moves it on.
  const then = (act: () => void) => () => {
    onClose();
    act();
  };
  return (
    <Popover anchor={props.anchor} label={translate("message.actions")} role="menu" onClose={onClose}>
      <div ref={menu} class="menu" role="none" onKeyDown={move}>
        {rights.canReact && <QuickReactions {...props} then={then} />}
        <MenuItem icon="reply" text={translate("message.reply")} onPick={then(() => actions.reply(message))} />
        {hasText && <MenuItem icon="copy" text={translate("message.copy")} onPick={then(() => actions.copy(message))} />}
        {props.hasReceipts && <MenuItem icon="eye" text={translate("message.receipts")} onPick={then(props.onReceipts)} />}
        {rights.canEdit && <MenuItem icon="pencil" text={translate("message.edit")} onPick={then(() => actions.edit(message))} />}
        {rights.canDelete && <MenuItem icon="trash" text={translate("message.delete")} onPick={then(() => actions.askDelete(message))} isDanger />}
        {props.onReport && <MenuItem icon="flag" text={translate("message.report")} onPick={then(props.onReport)} isDanger />}
      </div>
    </Popover>
  );
}

function QuickReactions({ message, actions, onOtherReaction, then }: MessageMenuProps & { then: (act: () => void) => () => void }) {
  const { translate } = useLocale();
  return (
    <div class="quick-reactions" role="none">
      {quickReactions.map((emoji) => (
        <button key={emoji} type="button" role="menuitem" tabIndex={-1} class="icon-button" aria-label={translate("message.reactWith", { emoji })}
          onClick={then(() => actions.react(message, emoji))}>
          <span aria-hidden="true">{emoji}</span>
        </button>
      ))}
      <button type="button" role="menuitem" tabIndex={-1} class="icon-button" aria-label={translate("message.otherReaction")} onClick={then(onOtherReaction)}>
        <Icon name="smile" />
      </button>
    </div>
  );
}

interface MenuItemProps {
  icon: IconName;
  text: string;
  isDanger?: boolean;
  onPick: () => void;
}

export function MenuItem({ icon, text, isDanger = false, onPick }: MenuItemProps) {
  return (
    <button type="button" role="menuitem" tabIndex={-1} class={isDanger ? "menu-item danger-text" : "menu-item"} onClick={onPick}>
      <Icon name={icon} />
      {text}
    </button>
  );
}
