/** What one span says: facts, events and attributes. */
import { Badge, Group, Paper, Table, Text, Title } from "@mantine/core";
import { duration } from "./model/format";
import { show, type Attribute, type Span } from "./model/otlp";

export function SpanDetails({ span, traceStart }: { readonly span: Span; readonly traceStart: number }) {
  return (
    <Paper component="section" withBorder p="sm" className="span-details" aria-label="Span">
      <Title order={3} size="h5" className="breakable">
        {span.name || "(no name)"}
      </Title>
      <Group gap="xs" my={4}>
        <Text size="sm">{span.service}</Text>
        {span.kind && <Badge variant="default">{span.kind}</Badge>}
        {span.error && <Badge color="red">error</Badge>}
      </Group>
      <Text size="sm" c="dimmed">
        {duration(span.duration)}, {duration(Math.max(0, span.start - traceStart))} after the start · span {span.id}
      </Text>
      {span.message && (
        <Text size="sm" c="red" mt={4} className="breakable">
          {span.message}
        </Text>
      )}
      {span.events.length > 0 && (
        <section>
          <Title order={4} size="h6" mt="sm">
            Events
          </Title>
          {span.events.map((event, index) => (
            <div key={index}>
              <Text size="sm" mt={4}>
                <strong>{event.name || "(no name)"}</strong> at {duration(Math.max(0, event.time - span.start))}
              </Text>
              <Attributes list={event.attributes} />
            </div>
          ))}
        </section>
      )}
      <Section title="Attributes" list={span.attributes} />
      <Section title="Process" list={span.resource} />
    </Paper>
  );
}

function Section({ title, list }: { readonly title: string; readonly list: readonly Attribute[] }) {
  if (list.length === 0) return null;
  return (
    <section>
      <Title order={4} size="h6" mt="sm">
        {title}
      </Title>
      <Attributes list={list} />
    </section>
  );
}

function Attributes({ list }: { readonly list: readonly Attribute[] }) {
  return (
    <Table fz="xs" verticalSpacing={3} layout="fixed">
      <Table.Tbody>
        {list.map(({ key, value }, index) => (
          <Table.Tr key={index}>
            <Table.Th w="40%" className="breakable" scope="row" fw={500}>
              {key}
            </Table.Th>
            <Table.Td className="value">{show(value)}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
