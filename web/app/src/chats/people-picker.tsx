/**
 * Finding people by name, for a new chat and for the members of a group.
 */
import type { User } from "parlour-client";
import { useRef, useState } from "preact/hooks";
import { useLocale, useMe } from "../context.js";
import { shownName } from "../names.js";
import { Avatar, PresenceDot } from "../ui/avatar.js";
import { Field } from "../ui/field.js";
import { moveFocus } from "../ui/roving.js";
import { useUserSearch } from "./use-user-search.js";

interface PeoplePickerProps {
  onPick: (user: User) => void;
  /** Whom not to offer, besides oneself. */
  without?: readonly string[];
  /** What pressing a name does, for who does not see the page around it. */
  action?: string;
  busy?: boolean;
}

export function PeoplePicker({ onPick, without = [], action, busy = false }: PeoplePickerProps) {
  const { translate } = useLocale();
  const me = useMe();
  const [query, setQuery] = useState("");
  const list = useRef<HTMLElement>(null);
  const found = useUserSearch(query)?.filter((user) => user.id !== me.id && !without.includes(user.id));
  return (
    <search ref={list} class="people-picker" onKeyDown={(event) => list.current && moveFocus(event, list.current, "input, button.person")}>
      <Field label={translate("new.findPeople")} value={query} onChange={setQuery} hint={translate("new.findHint")} autocomplete="off" />
      <p class="hint" role="status">{found?.length === 0 ? translate("new.noUser") : ""}</p>
      <ul class="plain-list">
        {found?.map((user) => <PersonButton key={user.id} user={user} disabled={busy} action={action} onPick={() => onPick(user)} />)}
      </ul>
    </search>
  );
}

interface PersonButtonProps {
  user: User;
  disabled: boolean;
  action: string | undefined;
  onPick: () => void;
}

function PersonButton({ user, disabled, action, onPick }: PersonButtonProps) {
  const name = shownName(user, useLocale());
  return (
    <li>
      <button type="button" class="person" disabled={disabled} onClick={onPick}>
        {action !== undefined && <span class="unseen">{action}</span>}
        <span class="avatar-place"><Avatar id={user.id} name={name} small /><PresenceDot user={user.id} /></span>
        <span class="grow" dir="auto">{name}</span>
        <span class="hint" dir="ltr">@{user.username}</span>
      </button>
    </li>
  );
}
