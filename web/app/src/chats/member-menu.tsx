/**
 * The menu of a member, with a question before what cannot be taken back.
 */
import type { Chat, Member } from "parlour-client";
import { useRef, useState } from "preact/hooks";
import { MenuItem } from "../conversation/message-menu.js";
import { useLocale } from "../context.js";
import { Confirm } from "../ui/dialog.js";
import { Popover } from "../ui/popover.js";
import { moveFocus } from "../ui/roving.js";
import type { MemberRights } from "./member-rights.js";

interface MemberMenuProps {
  chat: Chat;
  member: Member;
  name: string;
  rights: MemberRights;
  anchor: HTMLElement;
  change: (work: () => Promise<void>) => void;
  onClose: () => void;
}

export function MemberMenu({ chat, member, name, rights, anchor, change, onClose }: MemberMenuProps) {
  const { translate } = useLocale();
  const [asking, setAsking] = useState<"handOver" | "remove">();
  const menu = useRef<HTMLDivElement>(null);
  const { user } = member;
  const now = (work: () => Promise<void>) => () => {
    onClose();
    change(work);
  };
  if (asking === "handOver") {
    return <Confirm title={translate("details.handOverTitle", { name })} text={translate("details.handOverText", { name })}
      action={translate("details.handOver")} onClose={onClose} onConfirm={() => change(() => chat.setRole(user, "owner"))} />;
  }
  if (asking === "remove") {
    return <Confirm title={translate("details.removeTitle", { name })} text={translate("details.removeText", { name })}
      action={translate("details.removeMember")} onClose={onClose} onConfirm={() => change(() => chat.removeMember(user))} />;
  }
  return (
    <Popover anchor={anchor} label={translate("details.memberActions", { name })} role="menu" onClose={() => !asking && onClose()}>
      <div ref={menu} class="menu" role="none" onKeyDown={(event) => menu.current && moveFocus(event, menu.current, "[role=menuitem]")}>
        {rights.promote && <MenuItem icon="check" text={translate("details.promote")} onPick={now(() => chat.setRole(user, "admin"))} />}
        {rights.demote && <MenuItem icon="people" text={translate("details.demote")} onPick={now(() => chat.setRole(user, "member"))} />}
        {rights.handOver && <MenuItem icon="reply" text={translate("details.handOver")} onPick={() => setAsking("handOver")} />}
        {rights.remove && <MenuItem icon="trash" text={translate("details.removeMember")} onPick={() => setAsking("remove")} isDanger />}
      </div>
    </Popover>
  );
}
