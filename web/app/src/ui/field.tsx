/**
 * A labelled line of a form, and the line that says how its task went.
 */
import { useId } from "preact/hooks";
import { useLocale } from "../context.js";
import { problemText } from "../i18n/problems.js";
import type { Task } from "./use-task.js";

interface FieldProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  hint?: string | undefined;
  type?: "text" | "password";
  autocomplete?: string;
  required?: boolean;
  minLength?: number;
  maxLength?: number;
  /** For names that are always written from left to right. */
  latin?: boolean;
}

export function Field({ label, value, onChange, hint, type = "text", latin = false, ...more }: FieldProps) {
  const id = useId();
  // The types of JSX want one literal; which of the two makes no difference to the other attributes.
  const inputType = type as "text";
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id} type={inputType} value={value} dir={latin ? "ltr" : "auto"} aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        autocapitalize={latin ? "none" : undefined} spellcheck={!latin && type === "text"} {...more}
        onInput={(event) => onChange(event.currentTarget.value)}
      />
      {hint !== undefined && <p class="hint" id={`${id}-hint`}>{hint}</p>}
    </div>
  );
}

/** Says what went wrong or, if `doneText` is given, that it worked; a screen reader reads it out. */
export function TaskResult({ task, doneText }: { task: Task; doneText?: string }) {
  const { translate } = useLocale();
  const text = task.problem ? problemText(translate, task.problem) : task.done ? doneText : undefined;
  return <p class={task.problem ? "result problem" : "result"} role="status">{text}</p>;
}
