/** Work that a page waits for, and what it shows meanwhile and after a failure. */
import { type ReactNode, useEffect, useState } from "react";
import { Alert, Button, Group, Loader, Text } from "@mantine/core";
import { ApiError, getJson } from "./model/api";

export type Loaded<T> =
  { readonly state: "loading" } | { readonly state: "failed"; readonly error: string } | { readonly state: "done"; readonly value: T };

/** Loads anew when `key` changes; an answer to an older key is dropped. */
export function useLoaded<T>(key: string, load: (get: ReturnType<typeof getJson>) => Promise<T>): [Loaded<T>, () => void] {
  const [attempt, setAttempt] = useState(0);
  const [result, setResult] = useState<{ readonly of: string; readonly loaded: Loaded<T> }>();
  const current = `${attempt} ${key}`;
  useEffect(() => {
    const abort = new AbortController();
    load(getJson(abort.signal)).then(
      (value) => setResult({ of: current, loaded: { state: "done", value } }),
      (error: unknown) => {
        if (abort.signal.aborted) return;
        const text = error instanceof ApiError ? error.message : `The page failed: ${String(error)}`;
        setResult({ of: current, loaded: { state: "failed", error: text } });
      },
    );
    return () => abort.abort();
    // `load` follows from `key`.
  }, [current]);
  return [result?.of === current ? result.loaded : { state: "loading" }, () => setAttempt(attempt + 1)];
}

/** The value once it is there. */
export function Waiting<T>(props: { readonly loaded: Loaded<T>; readonly again: () => void; readonly children: (value: T) => ReactNode }) {
  const { loaded, again, children } = props;
  if (loaded.state === "done") return children(loaded.value);
  if (loaded.state === "failed") return <Failure text={loaded.error} again={again} />;
  return (
    <Group role="status" p="md">
      <Loader size="sm" />
      <Text>Loading …</Text>
    </Group>
  );
}

export function Failure({ text, again }: { readonly text: string; readonly again: () => void }) {
  return (
    <Alert color="red" title="Traces could not be loaded" role="alert">
      <Text mb="sm">{text}</Text>
      <Button size="xs" variant="default" onClick={again}>
        Try again
      </Button>
    </Alert>
  );
}
