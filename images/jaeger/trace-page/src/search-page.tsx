/** The search form and its result. What is searched for stands in the address. */
import { type SyntheticEvent, useState } from "react";
import { Autocomplete, Badge, Button, Grid, Group, Paper, Select, Table, Text, TextInput } from "@mantine/core";
import { go, Link } from "./address";
import { useLoaded, Waiting } from "./loading";
import { operations, search as searchTraces, services } from "./model/api";
import { clock, duration } from "./model/format";
import { customRange, emptyQuery, limits, lookbacks, problemsOf, queryFrom, searchOf, type Query } from "./model/query";
import type { Trace } from "./model/trace";

const ranges = [
  ...Object.keys(lookbacks).map((name) => ({ value: name, label: `Last ${name}` })),
  { value: customRange, label: "From … to …" },
];

export function SearchPage({ search }: { readonly search: string }) {
  const query = queryFrom(search);
  return (
    <>
      <Form start={query} />
      {Object.keys(problemsOf(query)).length === 0 && <Results query={query} />}
    </>
  );
}

function Form({ start }: { readonly start: Query }) {
  const [query, setQuery] = useState(start);
  const [serviceList] = useLoaded("services", services);
  const [operationList] = useLoaded(`operations ${query.service}`, async (get) =>
    query.service === "" ? [] : operations(get, query.service),
  );
  const problems = problemsOf(query);
  const names = serviceList.state === "done" ? serviceList.value : [];
  const field = (name: keyof Query) => ({
    value: query[name],
    error: problems[name],
    onChange: (event: { currentTarget: { value: string } }) => setQuery({ ...query, [name]: event.currentTarget.value }),
  });
  const set = (name: keyof Query) => (value: string | null) => setQuery({ ...query, [name]: value ?? emptyQuery[name] });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (Object.keys(problems).length > 0) return;
    go(`search?${searchOf({ ...query, correlationId: query.correlationId.trim() })}`);
  };
  return (
    <Paper component="form" withBorder p="md" mb="md" onSubmit={submit} aria-label="Search">
      <Grid gap="sm" align="flex-start">
        <Grid.Col span={{ base: 12, md: 6 }}>
          <TextInput label="Correlation id" placeholder="The X-Correlation-ID of a response" {...field("correlationId")} />
        </Grid.Col>
        <Grid.Col span={{ base: 6, md: 3 }}>
          <Select
            label="Service"
            placeholder="Any service"
            searchable
            clearable
            data={query.service === "" || names.includes(query.service) ? names : [query.service, ...names]}
            value={query.service === "" ? null : query.service}
            onChange={(service) => setQuery({ ...query, service: service ?? "", operation: "" })}
          />
        </Grid.Col>
        <Grid.Col span={{ base: 6, md: 3 }}>
          <Autocomplete
            label="Operation"
            placeholder={query.service === "" ? "Choose a service first" : "Any operation"}
            disabled={query.service === ""}
            data={operationList.state === "done" ? operationList.value : []}
            value={query.operation}
            onChange={set("operation")}
          />
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 6 }}>
          <TextInput label="Tags" placeholder="http.route=/orders error=true" {...field("tags")} />
        </Grid.Col>
        <Grid.Col span={{ base: 4, md: 2 }}>
          <Select
            label="Time range"
            data={ranges}
            allowDeselect={false}
            value={query.lookback}
            error={problems.lookback}
            onChange={set("lookback")}
          />
        </Grid.Col>
        <Grid.Col span={{ base: 4, md: 2 }}>
          <TextInput label="Minimum duration" placeholder="100ms" {...field("minDuration")} />
        </Grid.Col>
        <Grid.Col span={{ base: 4, md: 2 }}>
          <Select
            label="Traces at most"
            data={limits}
            allowDeselect={false}
            value={query.limit}
            error={problems.limit}
            onChange={set("limit")}
          />
        </Grid.Col>
        {query.lookback === customRange && (
          <>
            <Grid.Col span={{ base: 6, md: 3 }}>
              <TextInput type="datetime-local" label="From" {...field("from")} />
            </Grid.Col>
            <Grid.Col span={{ base: 6, md: 3 }}>
              <TextInput type="datetime-local" label="To" {...field("to")} />
            </Grid.Col>
          </>
        )}
      </Grid>
      <Group mt="md">
        <Button type="submit">Search</Button>
        <Button variant="subtle" onClick={() => go("search")}>
          Reset
        </Button>
      </Group>
    </Paper>
  );
}

function Results({ query }: { readonly query: Query }) {
  const [loaded, again] = useLoaded(searchOf(query), (get) => searchTraces(get, query, Date.now()));
  return (
    <Waiting loaded={loaded} again={again}>
      {(traces) => (traces.length === 0 ? <Nothing /> : <TraceTable traces={traces} limit={Number(query.limit)} />)}
    </Waiting>
  );
}

function Nothing() {
  return (
    <Paper withBorder p="xl" role="status">
      <Text fw={600}>No traces found</Text>
      <Text c="dimmed">
        Try a longer time range or fewer conditions. New traces appear some seconds after their last span; traces that sampling did not keep
        do not appear at all.
      </Text>
    </Paper>
  );
}

function TraceTable({ traces, limit }: { readonly traces: readonly Trace[]; readonly limit: number }) {
  return (
    <>
      <Text c="dimmed" size="sm" mb="xs" role="status">
        {traces.length === 1 ? "1 trace" : `${traces.length} traces`}
        {traces.length >= limit && ", as many as were asked for: there may be more"}
      </Text>
      <Table highlightOnHover layout="fixed" aria-label="Traces">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Trace</Table.Th>
            <Table.Th w="26%">Services (spans)</Table.Th>
            <Table.Th w={190}>Started</Table.Th>
            <Table.Th w={100} ta="right">
              Duration
            </Table.Th>
            <Table.Th w={70} ta="right">
              Spans
            </Table.Th>
            <Table.Th w={90} ta="right">
              Errors
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {traces.map((trace) => (
            <TraceRow key={trace.id} trace={trace} />
          ))}
        </Table.Tbody>
      </Table>
    </>
  );
}

function TraceRow({ trace }: { readonly trace: Trace }) {
  return (
    <Table.Tr>
      <Table.Td>
        <Link to={`trace/${trace.id}`} fw={500} className="breakable">
          {trace.root.name || "(no name)"}
        </Link>
        {!trace.complete && <Text size="xs">root span not stored</Text>}
        <Text size="xs" c="dimmed" ff="monospace" truncate>
          {trace.id}
        </Text>
      </Table.Td>
      <Table.Td className="breakable">{trace.services.map(([name, spans]) => `${name} (${spans})`).join(", ")}</Table.Td>
      <Table.Td>{clock(trace.start)}</Table.Td>
      <Table.Td ta="right">{duration(trace.duration)}</Table.Td>
      <Table.Td ta="right">{trace.spans.length}</Table.Td>
      <Table.Td ta="right">{trace.errors > 0 ? <Badge color="red">{trace.errors}</Badge> : "0"}</Table.Td>
    </Table.Tr>
  );
}
