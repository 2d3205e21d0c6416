/** What one span says: facts, events and attributes. */
import { Anchor, Badge, Group, Paper, Table, Text, Title } from "@mantine/core";
import { duration } from "./model/format";
import { attributeLinks, linkPatterns, type Link, type LinkPattern } from "./model/links";
import { show, type Attribute, type Span } from "./model/otlp";
import type { Trace } from "./model/trace";

/** The links of an attribute in a list. */
type Links = (list: readonly Attribute[], type: LinkPattern["type"]) => (key: string) => readonly Link[];

export function SpanDetails({ span, trace }: { readonly span: Span; readonly trace: Trace }) {
  const links: Links = (list, type) => (key) => attributeLinks(linkPatterns(), { type, list, span, trace }, key);
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
        {duration(span.duration)}, {duration(Math.max(0, span.start - trace.start))} after the start · span {span.id}
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
              <Attributes list={event.attributes} links={links(event.attributes, "logs")} />
            </div>
          ))}
        </section>
      )}
      <Section title="Attributes" list={span.attributes} links={links(span.attributes, "tags")} />
      <Section title="Process" list={span.resource} links={links(span.resource, "process")} />
    </Paper>
  );
}

interface ListProps {
  readonly list: readonly Attribute[];
  readonly links: (key: string) => readonly Link[];
}

function Section({ title, list, links }: { readonly title: string } & ListProps) {
  if (list.length === 0) return null;
  return (
    <section>
      <Title order={4} size="h6" mt="sm">
        {title}
      </Title>
      <Attributes list={list} links={links} />
    </section>
  );
}

function Attributes({ list, links }: ListProps) {
  return (
    <Table fz="xs" verticalSpacing={3} layout="fixed">
      <Table.Tbody>
        {list.map(({ key, value }, index) => (
          <Table.Tr key={index}>
            <Table.Th w="40%" className="breakable" scope="row" fw={500}>
              {key}
            </Table.Th>
            <Table.Td className="value">
              {show(value)} <Outside links={links(key)} />
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

/** Links that leave the page. */
export function Outside({ links }: { readonly links: readonly Link[] }) {
  return links.map(({ url, text }) => (
    <Anchor key={url} href={url} target="_blank" rel="noopener noreferrer" fz="inherit" mr="xs">
      {text}
    </Anchor>
  ));
}
