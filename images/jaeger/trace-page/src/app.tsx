import { type SyntheticEvent, useState } from "react";
import { AppShell, Button, Group, TextInput, Title, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { go, Link, useAddress } from "./address";
import { traceIdFrom } from "./model/query";
import { SearchPage } from "./search-page";
import { TracePage } from "./trace-page";

export function App() {
  const { path, search } = useAddress();
  const traceId = /^trace\/([^/]+)/.exec(path)?.[1];
  return (
    <AppShell header={{ height: 56 }} padding="md">
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Link to="search" underline="never" c="inherit">
            <Title order={1} size="h3">
              Traces
            </Title>
          </Link>
          <Group gap="sm" wrap="nowrap">
            <TraceIdField />
            <ColorSchemeButton />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Main>
        {traceId === undefined ? <SearchPage key={search} search={search} /> : <TracePage key={traceId} id={traceId} />}
      </AppShell.Main>
    </AppShell>
  );
}

/** Opens a trace by a pasted id. */
function TraceIdField() {
  const [text, setText] = useState("");
  const [wrong, setWrong] = useState(false);
  const open = (event: SyntheticEvent) => {
    event.preventDefault();
    const id = traceIdFrom(text);
    setWrong(id === undefined);
    if (id === undefined) return;
    setText("");
    go(`trace/${id}`);
  };
  return (
    <form onSubmit={open}>
      <Group gap="xs" wrap="nowrap">
        <TextInput
          aria-label="Trace id"
          placeholder={wrong ? "A trace id has up to 32 hexadecimal digits" : "Paste a trace id"}
          w={330}
          value={text}
          error={wrong}
          title={wrong ? "A trace id has up to 32 hexadecimal digits" : undefined}
          onChange={(event) => {
            setWrong(false);
            setText(event.currentTarget.value);
          }}
        />
        <Button type="submit" variant="default">
          Open
        </Button>
      </Group>
    </form>
  );
}

function ColorSchemeButton() {
  const { setColorScheme } = useMantineColorScheme();
  const other = useComputedColorScheme("light") === "light" ? "dark" : "light";
  return (
    <Button variant="subtle" onClick={() => setColorScheme(other)} aria-label={`Use ${other} colours`}>
      {other === "dark" ? "Dark" : "Light"}
    </Button>
  );
}
