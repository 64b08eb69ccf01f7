/**
 * A page in the main part of the window: a header with the way back, and the content below it.
 */
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { useLocale } from "../context.js";
import { hashOf, type Route } from "../router.js";
import { Icon } from "./icon.js";

interface PageProps {
  title: string;
  /** Where the arrow leads. */
  back: Route;
  /** A page of nothing but text, which the keyboard has to be able to scroll. */
  isText?: boolean;
  children: ComponentChildren;
}

/** The title takes the focus, so that a screen reader says where one has come to. */
export function Page({ title, back, isText = false, children }: PageProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => {
    const wanted = document.activeElement?.closest("main");
    if (!wanted) heading.current?.focus();
  }, []);
  return (
    <div class="page">
      <header class="page-header">
        <BackLink to={back} />
        <h1 ref={heading} tabIndex={-1}>{title}</h1>
      </header>
      <div class="page-scroll" {...(isText ? { tabIndex: 0, role: "region", "aria-label": title } : {})}>
        <div class="page-content">{children}</div>
      </div>
    </div>
  );
}

export function BackLink({ to }: { to: Route }) {
  const { translate } = useLocale();
  return (
    <a class="icon-button back" href={hashOf(to)} aria-label={translate("action.back")}>
      <Icon name="back" />
    </a>
  );
}
