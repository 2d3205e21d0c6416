/** The page's address as its state: Jaeger answers every path below its base with the page. */
import { type ComponentProps, type MouseEvent, useSyncExternalStore } from "react";
import { Anchor } from "@mantine/core";

const moved = "tracing:moved";

/** Goes to an address relative to the base, such as `trace/4bf9…`. */
export function go(to: string): void {
  history.pushState(null, "", new URL(to, document.baseURI));
  dispatchEvent(new Event(moved));
}

/** The current path below the base, and the search part; the component renders anew when they change. */
export function useAddress(): { readonly path: string; readonly search: string } {
  const href = useSyncExternalStore(subscribe, () => location.href);
  const url = new URL(href);
  return { path: url.pathname.slice(new URL(document.baseURI).pathname.length), search: url.search };
}

function subscribe(changed: () => void): () => void {
  addEventListener("popstate", changed);
  addEventListener(moved, changed);
  return () => {
    removeEventListener("popstate", changed);
    removeEventListener(moved, changed);
  };
}

/** A link within the page. */
export function Link({ to, ...rest }: { readonly to: string } & ComponentProps<typeof Anchor<"a">>) {
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    go(to);
  };
  return <Anchor href={to} onClick={follow} {...rest} />;
}
