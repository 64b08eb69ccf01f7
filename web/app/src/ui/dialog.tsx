/**
 * Dialogs: the browser's own, which keep the focus inside, close with Escape and give the focus back.
 */
import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { useLocale } from "../context.js";

interface DialogProps {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
}

export function Dialog({ title, onClose, children }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useLayoutEffect(() => {
    const before = document.activeElement;
    element.current?.showModal();
    // Closing gives the focus back by itself, but being taken off the page does not.
    return () => before instanceof HTMLElement && before.isConnected && before.focus();
  }, []);
  return (
    <dialog ref={element} class="dialog" aria-labelledby={titleId} onClose={onClose} closedby="any">
      <div class="dialog-content">
        <h2 id={titleId}>{title}</h2>
        {children}
      </div>
    </dialog>
  );
}

interface ConfirmProps {
  title: string;
  text: string;
  action: string;
  onConfirm: () => void;
  onClose: () => void;
}

/** Asks before something that cannot be undone; what happens unless one says otherwise is nothing. */
export function Confirm({ title, text, action, onConfirm, onClose }: ConfirmProps) {
  const { translate } = useLocale();
  const confirm = () => {
    onClose();
    onConfirm();
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <p>{text}</p>
      <div class="buttons">
        <button type="button" class="quiet" onClick={onClose}>{translate("action.cancel")}</button>
        <button type="button" class="danger" onClick={confirm}>{action}</button>
      </div>
    </Dialog>
  );
}
